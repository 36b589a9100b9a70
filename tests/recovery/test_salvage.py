"""Whatever is damaged of a SQLite file, each row on an intact page is saved, and no command says
what is wrong. ``PANELIST_DEEP=10 pytest -m deep`` tries ten times as many."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import cli, paths
from app.db.engines import preparation
from app.db.engines.store_factory import open_sqlite
from app.db.errors import DatabaseProblem
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.problems import Problem
from app.recovery.salvage import UNCOUNTED, rescue
from tests.helpers import empty_database
from tests.helpers.damage import KINDS, Row, Rows, Truth, damage
from tests.helpers.depth import examples
from tests.recovery.conftest import PEOPLE, fill

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


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    home = tmp_path_factory.mktemp("truth")
    empty_database.put(home)
    file = paths.database(home)
    store = open_sqlite(file)
    fill(store, home)
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    found = Truth(file)
    assert found.intact(found.content) == found.rows_of(file)
    return found


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
    people = {dict(row)["rowid"] for row in got["participant"]}
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
            assert "fault in itself" not in errors, (number, kind, command, errors)
            assert "Traceback" not in errors
            if code and not out:
                assert "damaged" in errors, (number, kind, command, errors)
                assert "panelist salvage" in errors or "sync --full" in errors
            elif code == 0 and command[0] == "segments":
                told = {one["key"]: one["count"] for one in json.loads(out)}
                assert told.items() <= counts.items(), (number, kind)


def broken(truth: Truth, tmp_path: Path, tables: set[str]) -> Path:
    """The file without the pages of these tables and indexes."""
    content = bytearray(truth.content)
    for root in (tree.root for tree in truth.trees if tree.name in tables):
        content[(root - 1) * truth.size : root * truth.size] = bytes(truth.size)
    file = tmp_path / "broken.db"
    file.write_bytes(content)
    return file


def test_opt_outs_come_from_the_second_copy_or_the_ledger(truth: Truth, tmp_path: Path) -> None:
    before = {dict(row)["mailbox"] for row in truth.intact(truth.content)["opt_out"]}
    for number, lost in enumerate(({"opt_out"}, {"opt_out", "opt_out_copy"})):
        into = tmp_path / f"{number}.db"
        rescue(broken(truth, tmp_path, lost), into)
        after = truth.rows_of(into)["opt_out"]
        assert {dict(row)["mailbox"] for row in after} == before


def test_the_key_of_mailboxes_is_saved_from_either_copy(truth: Truth, tmp_path: Path) -> None:
    for number, lost in enumerate(("mailbox_key", "mailbox_key_copy")):
        into = tmp_path / f"{number}.db"
        report = rescue(broken(truth, tmp_path, {lost}), into)
        assert not report.key_lost
        assert truth.rows_of(into)["mailbox_key"] == truth.intact(truth.content)["mailbox_key"]
    both = broken(truth, tmp_path, {"mailbox_key", "mailbox_key_copy"})
    assert rescue(both, tmp_path / "without.db").key_lost
    without = open_sqlite(tmp_path / "without.db")
    with pytest.raises(DatabaseProblem, match="key that recognises"):  # rather than a new key
        hasher(without)
    without.close()


def test_a_lost_invite_keeps_its_mailbox_from_a_second_email(truth: Truth, tmp_path: Path) -> None:
    lost = {tree.name for tree in truth.trees if tree.table == "invite"}
    before = {dict(row)["mailbox"] for row in truth.intact(truth.content)["invite"]}
    into = tmp_path / "new.db"
    file, size = broken(truth, tmp_path, set()), truth.size
    content = bytearray(file.read_bytes())
    for page in truth.pages_of(lost):
        content[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(content)
    report = rescue(file, into)
    after = truth.rows_of(into)["invite"]
    assert {dict(row)["mailbox"] for row in after} == before
    assert report.tables["invite"].completed == len(before)
    assert report.tables["invite"].saved == 0


def test_a_lost_page_of_participants_leaves_their_ids(truth: Truth, tmp_path: Path) -> None:
    """Sync fetches them again, and studies refer to them as before."""
    file, size = broken(truth, tmp_path, set()), truth.size
    content = bytearray(file.read_bytes())
    for page in truth.pages_of({"participant"}):
        content[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(content)
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
        assert "fault in itself" not in errors
    code, out, errors = said("restore", str(salvaged), "--replace")
    assert (code, errors) == (0, "")
    assert f"If {salvaged} was not salvaged from it" in out
    with contextlib.closing(open_sqlite(file)) as restored:
        assert restored.row("SELECT count(*) FROM participant") == (PEOPLE + 1,)
