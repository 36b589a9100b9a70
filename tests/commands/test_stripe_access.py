"""A process that runs on begins before the network does."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from app.commands.shared import stripe_access
from app.commands.shared.stripe_access import reached_access
from app.credentials.factory import open_credentials
from app.db.engines import store_factory
from app.db.engines.store_factory import open_sqlite, open_store_patiently
from app.db.errors import DatabaseProblem
from app.sandbox.server.server import Sandbox
from app.sandbox.world.world import World
from app.settings import Settings
from app.sync.auth.key_check import KeyProblem
from app.sync.service import SyncService
from app.sync.stripe import client
from tests.helpers import empty_database
from tests.helpers.standard_error import Heard


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ATTEMPTS", 1)
    monkeypatch.setattr(stripe_access, "RETRY", 0.01)
    monkeypatch.setattr(store_factory, "AGAIN", 0.01)


def test_a_key_is_tried_until_stripe_can_be_reached(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(monkeypatch)
    empty_database.put(sqlite_settings.home)
    world = World(seed=1, customers=3)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        settings = replace(
            sqlite_settings,
            stripe_key=world.restricted_key,
            stripe_api_base=f"http://127.0.0.1:{port}",
        )
        store = open_sqlite(settings.home / "panelist.db")
        service = SyncService(store, settings, open_credentials(settings))
        found: list[tuple[int, object]] = []
        waiting = threading.Thread(target=lambda: found.append(reached_access(service)))
        waiting.start()
        heard.wait_for("cannot be reached")
    with Sandbox(world, port=port):
        waiting.join()
    assert found[0][0] == 1
    assert heard.text.count("cannot be reached") == 1
    store.close()


def test_a_key_that_stripe_refuses_is_not_tried_again(sqlite_settings: Settings) -> None:
    with Sandbox(World(seed=1, customers=3)) as sandbox:
        settings = replace(
            sqlite_settings, stripe_key="rk_test_" + "x" * 30, stripe_api_base=sandbox.url
        )
        store = open_sqlite(settings.home / "panelist.db")
        with pytest.raises(KeyProblem, match="does not know this key"):
            reached_access(SyncService(store, settings, open_credentials(settings)))
        store.close()


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_database_is_tried_until_it_answers(settings: Settings, tmp_path: Path) -> None:
    assert settings.database_url
    address, _, folder = settings.database_url.partition("?host=")
    late = tmp_path / "late"
    told: list[str] = []

    def begin(text: str) -> None:
        told.append(text)
        late.symlink_to(folder)

    late_settings = replace(settings, database_url=f"{address}?host={late}")
    open_store_patiently(late_settings, begin).close()
    assert len(told) == 1
    assert "does not respond correctly" in told[0]


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_database_that_is_not_there_is_not_waited_for(settings: Settings) -> None:
    assert settings.database_url
    nowhere = settings.database_url.replace("/panelist_", "/nowhere_")
    with pytest.raises(DatabaseProblem, match="does not exist"):
        open_store_patiently(replace(settings, database_url=nowhere), pytest.fail)
