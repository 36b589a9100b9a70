"""A database moves from SQLite to PostgreSQL and back, and nothing of it changes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.db.table_copy import is_unused
from app.invites import opt_outs
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.invites.restore_guard import RestoreGuard
from app.invites.sending.route_locks import RouteLocks
from app.problems import Problem
from app.recovery import house_move
from app.settings import Settings
from tests.helpers import empty_database
from tests.helpers.study_world import BY, queued, send, sender, study
from tests.recovery.conftest import fill
from tests.recovery.test_backup import content


def sqlite(settings: Settings) -> Store:
    return open_store(Settings(home=settings.home))


def test_everything_moves_there_and_back(both: Settings) -> None:
    source = sqlite(both)
    before = content(source)
    source.close()

    moved = house_move.to_postgres(both)

    assert moved.kept is not None
    assert not (both.home / "panelist.db").exists()
    there = open_store(both)
    assert content(there) == before
    (account,) = there.row("SELECT id FROM connection")
    assert prove(there, account).holds
    RestoreGuard(there, account, both.folders).check()
    there.close()

    house_move.to_sqlite(both)

    back = sqlite(both)
    assert content(back) == before
    assert prove(back, account).holds
    back.close()


def test_new_rows_get_new_ids_on_the_other_side(both: Settings) -> None:
    house_move.to_postgres(both)
    there = open_store(both)
    (account,) = there.row("SELECT id FROM connection")
    queued(there, study(there, account, "Second", cool_down_days=None), "eml")
    send(sender(there, account, both.home))
    assert prove(there, account).holds
    assert there.row("SELECT count(*) FROM study") == (2,)
    there.close()


def test_a_postgresql_in_use_is_not_overwritten(both: Settings) -> None:
    house_move.to_postgres(both)
    empty_database.put(both.home)
    store = sqlite(both)
    fill(store, both.home)
    store.close()
    there = open_store(both)
    before = content(there)
    with pytest.raises(Problem, match="already in use"):
        house_move.to_postgres(both)
    assert content(there) == before
    there.close()
    with pytest.raises(DatabaseProblem, match="already exists"):
        house_move.to_sqlite(both)
    store = sqlite(both)
    assert store.row("SELECT count(*) FROM study") == (1,)
    store.close()


def test_an_interrupted_move_leaves_both_as_they_were(both: Settings) -> None:
    source = sqlite(both)
    before = content(source)
    source.close()

    def stop(table: str, number: int) -> None:
        if table == "invite":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house_move.to_postgres(both, stop)
    source, there = sqlite(both), open_store(both)
    assert content(source) == before
    assert not there.rows("SELECT 1 FROM connection")
    there.close()
    source.close()
    house_move.to_postgres(both)


def opt_out(store: Store, address: str) -> None:
    boxes = [hasher(store).stored(address)]
    opt_outs.record(store, 1, boxes, "opted_out", BY)


def test_a_postgresql_that_was_moved_takes_no_change(both: Settings) -> None:
    """Not from who was connected before, who waits while it is moved, or who comes later."""
    house_move.to_postgres(both)
    early, waiting = open_store(both), threading.Event()
    refused: list[str] = []

    def write() -> None:
        waiting.set()
        try:
            opt_out(early, "late@example.com")
        except DatabaseProblem as problem:
            refused.append(str(problem))

    writer = threading.Thread(target=write)

    def while_it_moves(table: str, number: int) -> None:
        if not waiting.is_set():
            writer.start()
            waiting.wait()

    house_move.to_sqlite(both, while_it_moves)
    writer.join()
    assert "was moved to SQLite on the computer" in refused[0]
    assert "Unset PANELIST_DATABASE_URL" in refused[0]
    late = open_store(both)  # reading goes on
    with pytest.raises(DatabaseProblem, match="was moved to SQLite"):
        opt_out(late, "later@example.com")
    late.close()
    early.close()
    with pytest.raises(DatabaseProblem, match="was moved to SQLite"):
        house_move.to_sqlite(both)

    store = sqlite(both)
    opt_out(store, "there@example.com")
    before = content(store)
    store.close()
    house_move.to_postgres(both)  # into the same database again
    there = open_store(both)
    assert content(there) == before
    opt_out(there, "late@example.com")
    there.close()


def test_a_sqlite_database_in_use_is_not_moved(both: Settings) -> None:
    store = sqlite(both)
    with pytest.raises(DatabaseProblem, match="Another Panelist uses"):
        house_move.to_postgres(both)
    there = open_store(both)
    assert not there.rows("SELECT 1 FROM connection")
    there.close()
    store.close()


def test_who_opens_sqlite_while_it_is_moved_waits_for_the_end(both: Settings) -> None:
    """And finds no database, as nothing may be written to the old one."""
    found: list[bool] = []

    def read() -> None:
        store = sqlite(both)
        found.append(is_unused(store))
        store.close()

    reader = threading.Thread(target=read)

    def while_it_moves(table: str, number: int) -> None:
        if not reader.ident:
            reader.start()

    house_move.to_postgres(both, while_it_moves)
    reader.join()
    assert found == [True]


def test_postgresql_is_not_moved_while_it_sends(both: Settings) -> None:
    house_move.to_postgres(both)
    there = open_store(both)
    locks = RouteLocks(there)
    assert locks.take("smtp.example.com")
    with pytest.raises(Problem, match="sends invites from"):
        house_move.to_sqlite(both)
    locks.free()
    opt_out(there, "late@example.com")  # it is as it was
    there.close()


@pytest.mark.parametrize("further", ["neither", "sqlite", "postgresql"])
def test_a_second_move_ends_what_the_first_began(
    both: Settings, monkeypatch: pytest.MonkeyPatch, further: str
) -> None:
    """The last step of the first was missing, and then one of the two was used."""

    def killed(*_: object) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(house_move, "set_aside", killed)
        with pytest.raises(KeyboardInterrupt):
            house_move.to_postgres(both)
    if further != "neither":
        used = sqlite(both) if further == "sqlite" else open_store(both)
        opt_out(used, "since@example.com")
        used.close()
    moved = house_move.to_postgres(both)
    assert moved.kept is not None
    assert not (both.home / "panelist.db").exists()
    there = open_store(both)
    since = hasher(there).stored("since@example.com")
    known = there.rows("SELECT 1 FROM opt_out WHERE mailbox = ?", (since,))
    assert bool(known) == (further != "neither")
    RestoreGuard(there, 1, both.folders).check()
    there.close()
