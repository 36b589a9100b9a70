"""Whatever is damaged of a SQLite file, each row on an intact page is saved, and no command says
what is wrong. ``PANELIST_DEEP=10 pytest -m deep`` tries ten times as many."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import cli, paths
from app.db.engines import preparation
from app.db.engines.store_factory import open_sqlite
from app.db.errors import DatabaseProblem
from app.db.salvage.page_file import PageFile
from app.db.store import Store
from app.invites.ledger import SEAL
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.panel.person import person
from app.problems import Problem
from app.recovery.salvage import UNCOUNTED, rescue
from tests.helpers.damage import KINDS, Row, Rows, Truth, damage
from tests.helpers.depth import examples
from tests.helpers.earlier_versions import back_to_8, back_to_13
from tests.recovery.conftest import PEOPLE

COMMANDS = (
    ("status", "--json"),
    ("segments", "--json"),
    ("participants", "--json"),
    ("participants", "--filter", "metadata.tier:gold"),
    ("verify",),
    ("invites", "--json"),
    ("studies", "--json"),
    ("ledger", "--json"),
)
CHANGED = {  # so that the next sync lists everything again
    "connection": {"settled", "status", "request_seq", "generation", "subscriptions_known"},
    "segment": {"count", "with_email"},
}


def said(*command: str) -> tuple[int, str, str]:
    """(exit code, output, errors) of a command, in this process."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = cli.run(command)
    return code, out.getvalue(), errors.getvalue()


def unchanged(table: str, rows: set[Row]) -> set[Row]:
    changed = CHANGED.get(table, set())
    return {frozenset((name, value) for name, value in row if name not in changed) for row in rows}


def missing(wanted: Rows, got: Rows) -> Rows:
    """The rows that should have been saved and were not. A membership goes with its segment or
    participant, as the rules bring it back."""
    found = {
        table: unchanged(table, rows) - unchanged(table, got[table])
        for table, rows in wanted.items()
        if table not in UNCOUNTED | {"schema_version"}
    }
    people = {
        dict(row)["rowid"]
        for row in got["participant"]
        if not str(dict(row)["stripe_id"]).startswith("lost_")
    }
    segments = {dict(row)["rowid"] for row in wanted["segment"]}
    found["member"] = {
        row
        for row in found["member"]
        if dict(row)["participant_id"] in people and dict(row)["segment_id"] in segments
    }
    bought = {dict(row)["rowid"] for row in got["subscription"]}
    found["subscription_item"] = {
        row for row in found["subscription_item"] if dict(row)["subscription_id"] in bought
    }
    return {table: rows for table, rows in found.items() if rows}


def damages(number: int) -> Iterator[tuple[str, random.Random]]:
    for seed in range(number):
        yield KINDS[seed % len(KINDS)], random.Random(seed)


@pytest.mark.deep
def test_each_row_on_an_intact_page_is_saved(truth: Truth, tmp_path: Path) -> None:
    for number, (kind, chance) in enumerate(damages(examples(20))):
        found = damage(truth.content, kind, chance)
        file, into = tmp_path / f"{number}.db", tmp_path / f"{number}.salvaged"
        file.write_bytes(found)
        wanted = truth.intact(found)
        if not any(wanted.values()):
            with contextlib.suppress(Problem):  # as nothing may be left
                rescue(file, into)
            continue
        report = rescue(file, into)
        assert file.read_bytes() == found
        got = truth.rows_of(into)
        assert not missing(wanted, got), (number, kind)
        for table, one in report.tables.items():
            assert one.saved + one.completed == len(got[table]), (number, kind, table)
            assert one.saved >= len(got[table] & wanted[table]), (number, kind, table)
        store = open_sqlite(into)
        assert not store.rows("PRAGMA foreign_key_check"), (number, kind)
        for (account,) in store.rows("SELECT id FROM connection"):
            with pytest.raises(DatabaseProblem) if report.key_lost else contextlib.nullcontext():
                prove(store, account)
        for segment, count in store.rows("SELECT id, count FROM segment"):
            there = store.row("SELECT count(*) FROM member WHERE segment_id = ?", (segment,))
            assert there == (count,)
        store.close()


@pytest.mark.deep
@pytest.mark.parametrize("size", ["small", "large"])  # a large file is not checked at the start
def test_no_command_tells_a_wrong_count_or_a_fault_of_its_own(
    truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    if size == "large":
        monkeypatch.setattr(preparation, "LOOKED_THROUGH", 0)
    counts = {
        dict(row)["key"]: dict(row)["count"] for row in truth.intact(truth.content)["segment"]
    }
    for number, (kind, chance) in enumerate(damages(examples(20))):
        home = paths.make_private(tmp_path / str(number))
        monkeypatch.setenv("PANELIST_HOME", str(home))
        paths.database(home).write_bytes(damage(truth.content, kind, chance))
        paths.database(home).chmod(0o600)
        for command in COMMANDS:
            code, out, errors = said(*command)
            assert "Panelist crashed" not in errors, (number, kind, command, errors)
            assert "Traceback" not in errors
            if code and not out:
                assert "damaged" in errors, (number, kind, command, errors)
                assert "panelist salvage" in errors or "sync --full" in errors
            elif code == 0 and command[0] == "segments":
                told = {one["key"]: one["count"] for one in json.loads(out)}
                assert told.items() <= counts.items(), (number, kind)


def test_the_key_of_mailboxes_is_saved_from_either_copy(truth: Truth, tmp_path: Path) -> None:
    for number, lost in enumerate(("mailbox_key", "mailbox_key_copy")):
        into = tmp_path / f"{number}.db"
        file = tmp_path / f"{number}.broken"
        file.write_bytes(truth.without({lost}))
        report = rescue(file, into)
        assert not report.key_lost
        assert truth.rows_of(into)["mailbox_key"] == truth.intact(truth.content)["mailbox_key"]
    both = tmp_path / "both.broken"
    both.write_bytes(truth.without({"mailbox_key", "mailbox_key_copy"}))
    assert rescue(both, tmp_path / "without.db").key_lost
    without = open_sqlite(tmp_path / "without.db")
    with pytest.raises(DatabaseProblem, match="key that recognises"):  # rather than a new key
        hasher(without)
    without.close()


def test_a_lost_page_of_participants_leaves_their_ids(truth: Truth, tmp_path: Path) -> None:
    """Sync fetches them again, and studies refer to them as before."""
    file = tmp_path / "broken.db"
    file.write_bytes(truth.without({"participant"}))
    into = tmp_path / "new.db"
    report = rescue(file, into)
    ids = {
        (dict(row)["rowid"], dict(row)["stripe_id"])
        for row in truth.intact(truth.content)["participant"]
    }
    assert {
        (dict(row)["rowid"], dict(row)["stripe_id"]) for row in truth.rows_of(into)["participant"]
    } == ids
    assert report.tables["participant"].unreadable == PEOPLE + 1


def test_a_lost_participant_is_not_known_and_not_deleted(
    truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their row and their entries in the indexes are lost, and only their invites are left."""
    home = paths.make_private(tmp_path / "home")
    monkeypatch.setenv("PANELIST_HOME", str(home))
    file = tmp_path / "broken.db"
    file.write_bytes(truth.without(truth.of_table("participant")))
    rescue(file, paths.database(home))
    store = open_sqlite(paths.database(home))
    (lost,) = store.row("SELECT count(DISTINCT participant_id) FROM invite")
    people = [key for (key,) in store.rows("SELECT id FROM participant")]
    shown = person(store, people[0])
    assert shown is not None
    assert shown.status == "not known"
    store.close()
    code, out, _ = said("status", "--json")
    assert code == 0
    told = json.loads(out)["participants"]
    assert told == {"total": 0, "with_email": 0, "deleted": 0, "lost": lost}
    _, out, _ = said("status")
    assert f"\n{lost} participants are not known: only references to them were recovered" in out
    assert said("participants", "--jsonl", "--deleted") == (0, "", "")  # they are no one's


@pytest.mark.parametrize("back", [back_to_13, back_to_8])
def test_a_database_of_an_earlier_version_is_salvaged(
    truth: Truth, tmp_path: Path, back: Callable[[Store], None]
) -> None:
    """As an old backup is, which then is brought up to date."""
    file, into = tmp_path / "old.db", tmp_path / "new.db"
    file.write_bytes(truth.content)
    file.chmod(0o600)
    store = open_sqlite(file)
    back(store)
    store.close()
    report = rescue(file, into)
    assert (report.lost_pages, report.key_lost, report.mismatched) == (0, False, 0)
    for table in ("participant", "invite", "opt_out", "study"):
        assert len(truth.rows_of(into)[table]) == len(truth.intact(truth.content)[table])
    seals = [row for row in truth.rows_of(into)["ledger"] if dict(row)["what"] == SEAL]
    others = [row for row in truth.rows_of(into)["ledger"] if dict(row)["what"] != SEAL]
    assert len(others) == len(
        [row for row in truth.intact(truth.content)["ledger"] if dict(row)["what"] != SEAL]
    )
    assert seals, "what an earlier version stored is sealed when it is updated"
    assert [one.name for one in tmp_path.glob("new.db*")] == ["new.db"]


@pytest.mark.parametrize("size", [1024, 4096, 16384])
@pytest.mark.parametrize("header", ["whole", "lost"])
def test_the_size_of_pages_is_found(tmp_path: Path, size: int, header: str) -> None:
    """Also in a large file, whose first pages are not all alike."""
    file = tmp_path / "large.db"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(f"PRAGMA page_size = {size}")
        database.execute("CREATE TABLE one (a, b)")
        database.execute("BEGIN")
        some = [(number, "x" * (number * 37 % (2 * size))) for number in range(1_600)]
        database.executemany("INSERT INTO one VALUES (?, ?)", some)
        database.execute("COMMIT")
        database.execute("CREATE INDEX of_a ON one (a)")
    if header == "lost":
        content = file.read_bytes()
        file.write_bytes(bytes(100) + content[100:])
    with contextlib.closing(PageFile(file)) as pages:
        assert pages.size == size


def test_committed_changes_in_the_log_are_saved(truth: Truth, tmp_path: Path) -> None:
    file = tmp_path / "logged.db"
    file.write_bytes(truth.content)
    file.chmod(0o600)
    store = open_sqlite(file)
    store.execute("UPDATE study SET title = 'In the log'")
    log = file.with_name("logged.db-wal")
    copy = tmp_path / "killed.db"
    copy.write_bytes(bytes(100) + file.read_bytes()[100:])  # its header is lost as well
    copy.with_name("killed.db-wal").write_bytes(log.read_bytes())
    store.close()
    rescue(copy, tmp_path / "new.db")
    saved = open_sqlite(tmp_path / "new.db")
    assert saved.rows("SELECT title FROM study") == [("In the log",)]
    saved.close()


def test_a_damaged_text_is_shown_and_ends_nothing(
    truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = paths.make_private(tmp_path / "home")
    monkeypatch.setenv("PANELIST_HOME", str(home))
    file = paths.database(home)
    file.write_bytes(truth.content)
    file.chmod(0o600)
    with contextlib.closing(sqlite3.connect(file)) as damaged:
        damaged.execute("UPDATE participant SET name = CAST(x'41ff42' AS TEXT) WHERE id = 3")
        damaged.execute("UPDATE participant SET metadata = '{\"a' WHERE id = 4")
        damaged.commit()
    code, out, errors = said("participants", "--jsonl")
    told = [json.loads(line) for line in out.splitlines()]
    assert (code, errors) == (0, "")
    assert len(told) == PEOPLE + 1
    assert "A\ufffdB" in [one["name"] for one in told]
    assert {"unreadable": "run panelist sync --full to fetch it again"} in [
        one["metadata"] for one in told
    ]
    code, _, errors = said("participants", "--filter", "metadata.tier:gold")
    assert code == 1
    assert "panelist sync --full" in errors


def test_a_schema_of_damaged_bytes_is_replaced(
    truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's driver cannot even decode what SQLite says about it."""
    home = paths.make_private(tmp_path / "home")
    monkeypatch.setenv("PANELIST_HOME", str(home))
    file, salvaged = paths.database(home), tmp_path / "salvaged.db"
    file.write_bytes(truth.content.replace(b"CREATE TABLE ", b"CR\xffATE TABLE "))
    file.chmod(0o600)
    with contextlib.closing(sqlite3.connect(file)) as damaged, pytest.raises(UnicodeDecodeError):
        damaged.execute("SELECT 1 FROM sqlite_schema")
    for command in (["status"], ["backup"], ["salvage", "--to", str(salvaged)]):
        code, _, errors = said(*command)
        assert "Panelist crashed" not in errors
    code, out, errors = said("restore", str(salvaged), "--replace")
    assert (code, errors) == (0, "")
    assert f"If {salvaged} was not salvaged from it" in out
    with contextlib.closing(open_sqlite(file)) as restored:
        assert restored.row("SELECT count(*) FROM participant") == (PEOPLE + 1,)


def test_the_ledger_completes_an_opt_out_of_which_an_index_knows_the_mailbox(
    truth: Truth, tmp_path: Path
) -> None:
    file, into = tmp_path / "there.db", tmp_path / "saved.db"
    file.write_bytes(truth.content)
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        before = database.execute("SELECT * FROM opt_out ORDER BY mailbox, kind").fetchall()
        database.execute("UPDATE opt_out SET at = 0, \"by\" = 'panelist salvage', reason = NULL")
    rescue(file, into)
    store = open_sqlite(into)
    after = store.rows("SELECT * FROM opt_out ORDER BY mailbox, kind")
    assert [row[3:] for row in after] == [row[3:] for row in before]
    for (account,) in store.rows("SELECT id FROM connection"):
        assert prove(store, account).holds
    store.close()
