"""A small panel with a study that was sent, opt-outs and an erasure: what must not get lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import paths
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.rows import Fetched
from app.db.store import Store
from app.invites import erasure, opt_outs
from app.invites.mail.addresses import hasher
from app.invites.restore_guard import RestoreGuard
from app.panel.segments import custom
from app.settings import RequestRate, Settings
from tests.conftest import drop_database, new_database
from tests.helpers import empty_database, rows
from tests.helpers.damage import Truth
from tests.helpers.study_world import BY, queued, send, sender, study

PEOPLE = 120


def fill(store: Store, folder: Path) -> int:
    """Fill an empty database, and return the account."""
    here = rows.connection(store)
    people = [
        rows.person(f"cus_{one:05}", name=f"Pérson {one}", metadata='{"tier":"gold"}')
        for one in range(PEOPLE)
    ]
    long = rows.person("cus_long", name="x" * 9_000)  # on overflow pages
    bought = [rows.subscribed(f"sub_{one}", f"cus_{one:05}") for one in range(0, PEOPLE, 2)]
    items = [rows.item(f"sub_{one}", "prod_a") for one in range(0, PEOPLE, 2)]
    products = [rows.product("prod_a")]
    answer = Fetched(
        1, products=products, participants=[*people, long], subscriptions=bought, items=items
    )
    rows.send(store, here, answer)
    rows.make_segments(store, here)
    custom.make(store, here, "Gold", 'metadata["tier"]:"gold"')
    store.execute("UPDATE connection SET status = 'complete' WHERE id = ?", (here,))
    queued(store, study(store, here), "eml")
    send(sender(store, here, folder))
    said_no = [hasher(store).stored(f"cus_{one:05}@example.com") for one in range(0, PEOPLE, 9)]
    opt_outs.record(store, here, said_no, "opted_out", BY, "asked")
    erasure.request(store, here, "cus_00005", BY)
    return here


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> int:
    """The account of a filled database, on each kind."""
    return fill(store, tmp_path)


@pytest.fixture(scope="session")
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
