"""A backup is made while Panelist runs, and is put back without losing who said no since."""

from __future__ import annotations

import contextlib
import resource
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from app.db import schema
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.errors import DatabaseProblem
from app.db.new_file import new_file, only_writer
from app.db.schema.creation import TABLES
from app.db.store import Row, Store
from app.invites import erasure, opt_outs
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.invites.restore_guard import RestoreGuard
from app.problems import Problem
from app.recovery.backup import back_up
from app.recovery.restore import restore
from app.recovery.salvage import rescue
from app.settings import Settings
from tests.helpers.study_world import BY, queued, send, sender, study
from tests.recovery.conftest import fill

GUARDED = ("ledger_head", "machine")  # where it was last sent from, which a restore changes


def content(store: Store, without: frozenset[str] = frozenset({"syncer"})) -> dict[str, list[Row]]:
    """Every row by table, in the order of the schema's columns, with truth values as numbers."""
    found = {}
    for model in TABLES:
        table = model._meta.table_name
        if table not in without:
            names = [field.column_name for field in model._meta.sorted_fields]
            columns = ", ".join(f'"{one}"' for one in names if (table, one) != GUARDED)
            rows = store.rows(f'SELECT {columns} FROM "{table}"')
            found[table] = sorted(
                (tuple(int(one) if isinstance(one, bool) else one for one in row) for row in rows),
                key=repr,
            )
    return found


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_backup_has_every_row_while_the_database_is_in_use(
    store: Store, filled: int, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    with store.transaction():  # another thread or process writes
        store.execute("UPDATE message SET text = text")
    back_up(store, file)
    copy = open_sqlite(file)
    assert content(copy) == content(store)
    assert prove(copy, filled).holds
    copy.close()
    assert mode(file) == 0o600


def test_a_backup_never_overwrites_a_file(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("mine")
    with pytest.raises(DatabaseProblem, match="already exists"):
        back_up(store, file)
    assert file.read_text() == "mine"


def test_a_failed_backup_leaves_nothing(
    store: Store, filled: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backup.db.part").write_text("of a killed process")
    monkeypatch.chdir(tmp_path)
    back_up(store, Path("backup.db"))
    assert [one.name for one in tmp_path.glob("backup.db*")] == ["backup.db"]


def test_opt_outs_and_erasures_since_the_backup_are_carried_over(
    store: Store, settings: Settings, filled: int, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    back_up(store, file)
    late = hasher(store).stored("cus_00001@example.com")
    opt_outs.record(store, filled, [late], "opted_out", BY)
    erasure.request(store, filled, "cus_00002", BY)
    store.execute("UPDATE erasure SET due_at = 0 WHERE stripe_id = 'cus_00002'")
    erasure.perform(store, settings.folders)
    store.close()

    done = restore(settings, file, replacing=True)

    assert (done.carried.opt_outs, done.carried.erasures) == (2, 1)
    store = open_store(settings)
    assert store.rows("SELECT 1 FROM opt_out WHERE mailbox = ?", (late,))
    assert store.rows("SELECT email, name FROM participant WHERE stripe_id = 'cus_00002'") == [
        (None, None)
    ]
    assert done.kept is not None
    assert done.kept.exists()
    assert mode(done.kept) == 0o600
    store.close()


def test_whoever_was_invited_since_the_backup_makes_the_guard_ask(
    store: Store, settings: Settings, filled: int, tmp_path: Path
) -> None:
    RestoreGuard(store, filled, settings.folders).note()
    file = tmp_path / "backup.db"
    back_up(store, file)
    queued(store, study(store, filled, "Again", cool_down_days=None), "eml")
    send(sender(store, filled, settings.home))
    RestoreGuard(store, filled, settings.folders).note()
    store.close()

    done = restore(settings, file, replacing=True)

    assert "is a copy from" in done.questions[0]


def test_a_database_in_use_is_replaced_only_on_request(
    store: Store, settings: Settings, filled: int, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    back_up(store, file)
    before = content(store)
    store.close()
    with pytest.raises(Problem, match="Use --replace"):
        restore(settings, file, replacing=False)
    store = open_store(settings)
    assert content(store) == before
    store.close()


def test_a_backup_is_put_into_an_empty_home(
    store: Store, settings: Settings, filled: int, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    back_up(store, file)
    before = content(store)
    elsewhere = Settings(home=tmp_path / "other")
    done = restore(elsewhere, file, replacing=False)
    assert done.kept is None
    restored = open_store(elsewhere)
    assert content(restored) == before
    restored.close()
    assert mode(elsewhere.home / "panelist.db") == 0o600


def test_what_another_panelist_uses_is_not_replaced(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    store = open_store(sqlite_settings)
    file = tmp_path / "backup.db"
    back_up(store, file)
    with pytest.raises(DatabaseProblem, match="Another Panelist uses"):
        restore(sqlite_settings, file, replacing=True)
    store.close()


@pytest.mark.parametrize("made", ["text", "other", "damaged"])
def test_only_a_whole_database_is_put_back(
    sqlite_settings: Settings, tmp_path: Path, made: str
) -> None:
    file = tmp_path / "given.db"
    if made == "text":
        file.write_text("not a database at all" * 900)
    elif made == "other":
        other = sqlite3.connect(file)
        other.execute("CREATE TABLE mine (a)")
        other.close()
    else:
        store = open_store(sqlite_settings)
        back_up(store, file)
        store.close()
        whole = file.read_bytes()
        file.write_bytes(whole[:40_000] + bytes(40_000) + whole[80_000:])
    before = file.read_bytes()
    with pytest.raises(Problem) as caught:
        restore(sqlite_settings, file, replacing=True)
    assert str(caught.value).endswith(".")
    assert "damaged" in str(caught.value) or "not a Panelist database" in str(caught.value)
    assert file.read_bytes() == before
    assert not list(sqlite_settings.home.glob("*.restored*"))


def test_a_file_that_is_restored_stays_as_it_is_with_its_log(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    store = open_store(sqlite_settings)
    fill(store, sqlite_settings.home)
    store.execute("UPDATE study SET title = 'In the log'")
    file, folder = tmp_path / "taken" / "copy.db", sqlite_settings.home
    file.parent.mkdir()
    for suffix in ("", "-wal"):  # as people copy a database that is in use
        (file.parent / f"copy.db{suffix}").write_bytes(
            (folder / f"panelist.db{suffix}").read_bytes()
        )
    store.close()
    before = {one.name: one.read_bytes() for one in file.parent.iterdir()}
    restore(sqlite_settings, file, replacing=True)
    after = {one.name: one.read_bytes() for one in file.parent.iterdir()}
    assert {**after, **before} == after
    store = open_store(sqlite_settings)
    assert store.rows("SELECT title FROM study") == [("In the log",)]
    store.close()


def test_an_update_of_a_backup_leaves_no_second_copy_of_it(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    """The backup itself stays, and an erasure would not reach the other one."""
    open_store(sqlite_settings).close()
    file = tmp_path / "newer.db"
    shutil.copy(sqlite_settings.home / "panelist.db", file)
    for version in (schema.VERSION + 1, 3):
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
            database.execute("UPDATE schema_version SET version = ?", (version,))
        with pytest.raises(DatabaseProblem) as caught:
            restore(sqlite_settings, file, replacing=True)
        assert str(file) in str(caught.value)
        assert "restored" not in str(caught.value)
    assert not list(sqlite_settings.home.glob("*.restored*"))


def test_a_full_disk_is_that_of_the_new_file(sqlite_settings: Settings, tmp_path: Path) -> None:
    """Neither is the database blamed, nor is anything left."""
    store = open_store(sqlite_settings)
    fill(store, sqlite_settings.home)
    before, new = resource.getrlimit(resource.RLIMIT_FSIZE), tmp_path / "new.db"
    for make in (
        lambda: back_up(store, new),
        lambda: rescue(sqlite_settings.home / "panelist.db", new),
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        try:
            with pytest.raises(DatabaseProblem, match=r"new\.db could not be written"):
                make()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert not list(tmp_path.glob("new.db*"))
    store.close()


def test_one_process_at_a_time_writes_a_file(sqlite_settings: Settings, tmp_path: Path) -> None:
    """Two would give an incomplete file its name."""
    store, file = open_store(sqlite_settings), tmp_path / "new.db"
    with new_file(file), pytest.raises(DatabaseProblem, match="Another Panelist is writing"):
        back_up(store, file)
    assert [one.name for one in tmp_path.glob("new.db*")] == ["new.db"]
    backup = tmp_path / "backup.db"
    back_up(store, backup)
    store.close()
    staged = sqlite_settings.home / "panelist.db.restored"
    with only_writer(staged), pytest.raises(DatabaseProblem, match="Another Panelist is writing"):
        restore(sqlite_settings, backup, replacing=True)
    restore(sqlite_settings, backup, replacing=True)
    assert not list(sqlite_settings.home.glob("*.restored*"))
