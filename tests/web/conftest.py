"""A server on both databases, or a process, with one account connected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.settings import Settings
from tests.helpers.command import Home
from tests.helpers.webhook_client import OTHER, SECRET, Serving, account, serving


@pytest.fixture
def connection(store: Store) -> int:
    """The account that is connected, in test mode."""
    return account(store)


@pytest.fixture
def running(store: Store, settings: Settings, connection: int) -> Iterator[Serving]:
    """A server that knows two secrets."""
    with serving(store, settings, SECRET, OTHER) as here:
        yield here


@pytest.fixture(scope="module")
def _one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    store = open_store(settings)
    account(store)
    with serving(store, settings) as here:
        yield here
    store.close()


@pytest.fixture
def on_sqlite(_one_server: Serving) -> Serving:
    """A server for what is no matter of the database, without hints; one account is connected."""
    with _one_server.store.transaction():
        _one_server.store.execute("DELETE FROM hint")
    return _one_server


@pytest.fixture
def opened(sqlite_settings: Settings) -> Iterator[Store]:
    """A store with one account connected, for a server with limits of its own."""
    store = open_store(sqlite_settings)
    account(store)
    yield store
    store.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """One account is connected; nothing can reach Stripe."""
    folder = tmp_path / "home"
    store = open_store(Settings(home=folder))
    account(store)
    store.close()
    environ = {"PANELIST_WEBHOOK_SECRET": SECRET, "PANELIST_TOKEN_STORE": "plain"}
    return Home(folder, environ)
