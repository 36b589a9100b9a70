"""A database moves from SQLite to PostgreSQL and back, and nothing of it changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.ledger_proof import prove
from app.invites.restore_guard import RestoreGuard
from app.problems import Problem
from app.recovery import house_move
from app.settings import RequestRate, Settings
from tests.conftest import drop_database, new_database
from tests.helpers import empty_database
from tests.helpers.study_world import queued, send, sender, study
from tests.recovery.conftest import fill
from tests.recovery.test_backup import content


@pytest.fixture
def both(postgres: str, prepared: str, tmp_path: Path) -> Iterator[Settings]:
    """A filled SQLite database, and the address of an unused PostgreSQL."""
    home, url = tmp_path / "home", new_database(postgres, prepared)
    empty_database.put(home)
    store = open_store(Settings(home=home))
    RestoreGuard(store, fill(store, home), Settings(home=home).folders).note()
    store.close()
    yield Settings(home=home, database_url=url, rate=RequestRate(None, None))
    drop_database(postgres, url)


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
