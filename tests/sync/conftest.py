"""What tests of the sync begin with: a copy of an account to spoil."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.sandbox.server.server import Sandbox
from app.settings import RequestRate, Settings
from tests.conftest import new_database
from tests.helpers.sync_run import sync
from tests.helpers.verify_run import Spoiled, dump, plant

CUSTOMERS = 130  # two pages, with one of 13 items, a price made inline, and hostile people


@pytest.fixture(scope="module")
def account() -> Iterator[Sandbox]:
    with Sandbox(customers=CUSTOMERS, seed=41) as running:
        for status, items in (("active", 13), ("trialing", 2), ("canceled", 1)):
            customer = running.world.create_customer(name="Planted", email="p@example.com")
            running.world.create_subscription(customer, status=status, items=items)
        running.world.delete_customer(running.world.create_customer(name="Gone"))
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def copied(
    request: pytest.FixtureRequest, account: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Settings]]:
    """A database that is equal; each test puts right what it spoils."""
    url = None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        url = new_database(server, request.getfixturevalue("prepared"))
    home: Path = tmp_path_factory.mktemp("verify")
    settings = Settings(home=home, database_url=url, rate=RequestRate(None, None))
    store = open_store(settings)
    sync(store, settings, account)
    # Deleted before the first copy, so that no page names it: a tombstone by an event.
    account.world.delete_customer(account.world.create_customer(name="Gone later"))
    sync(store, settings, account)
    yield store, settings
    store.close()


@pytest.fixture
def spoiled(copied: tuple[Store, Settings], account: Sandbox) -> Iterator[Spoiled]:
    spoiled = Spoiled(*copied, account)
    before = dump(spoiled.store)
    yield spoiled
    for sql, parameters in reversed(spoiled.undo):
        plant(spoiled.store, sql, *parameters)
    assert dump(spoiled.store) == before
