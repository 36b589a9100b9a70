"""An account removed the app: what ends, and what is only asked about."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.credentials.errors import CredentialProblem
from app.credentials.factory import open_credentials
from app.credentials.store import Credentials
from app.db import event_hints
from app.db.store import Store
from app.panel.overview import ConnectionView, overview
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.service import SyncService
from app.sync.stripe.access import secret_name
from tests.helpers import approved_home
from tests.helpers.webhook_client import ACCOUNT, Serving, account, event, serving

GONE = "account.application.deauthorized"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=2, seed=77) as running:
        yield running


@pytest.fixture(params=["app", "connect"])
def here(
    request: pytest.FixtureRequest, store: Store, settings: Settings, sandbox: Sandbox
) -> SyncService:
    """A home that knows an app, by each way of OAuth."""
    base = approved_home.known(sandbox, settings.home, request.param)
    return approved_home.service(store, replace(base, database_url=settings.database_url))


@contextmanager
def server_of(here: SyncService) -> Iterator[Serving]:
    with serving(here.store, here.settings, service=here) as running:
        yield running


def removal(connection: ConnectionView, application: str, **more: Any) -> bytes:
    fields = {"account": connection.account, "created": int(time.time()) + 1, **more}
    whole = {name: value for name, value in fields.items() if value is not None}
    return event(GONE, application, **whole)


def test_it_ends_the_connection(here: SyncService, sandbox: Sandbox) -> None:
    connection = approved_home.connect(here)
    assert approved_home.kept(here.settings, connection.account)
    with server_of(here) as running:
        body = removal(connection, sandbox.world.client_id)
        assert running.send(body).text == "Stored.\n"
        ended = approved_home.view(here.store, connection.id)
        assert (ended.status, ended.disconnect_reason) == ("disconnected", "by Stripe")
        assert approved_home.kept(here.settings, connection.account) is None
        (message,) = overview(here.store).messages
        assert "Disconnected. Access was revoked in Stripe." in message.text
        again = running.send(body)
        assert (again.status_code, again.text) == (200, "Ignored.\n")
        assert len(overview(here.store).messages) == 1
        assert running.hints == []
    assert here.resume() is None


def test_one_that_comes_late_ends_nothing(here: SyncService, sandbox: Sandbox) -> None:
    """Stripe goes on trying for days, and someone has connected again in between."""
    connection = approved_home.connect(here)
    with server_of(here) as running:
        body = removal(connection, sandbox.world.client_id, created=int(time.time()) - 5_000)
        assert running.send(body).text == "Ignored.\n"
        assert running.hints == []
    assert approved_home.view(here.store).status == "pending"
    assert approved_home.kept(here.settings, connection.account)


def test_another_app_ends_nothing_but_stripe_is_asked(here: SyncService) -> None:
    connection = approved_home.connect(here)
    with server_of(here) as running:
        assert running.send(removal(connection, "ca_AnotherAppOfTheSame")).text == "Stored.\n"
    assert approved_home.view(here.store).status == "pending"
    assert approved_home.kept(here.settings, connection.account)
    assert event_hints.waiting(here.store, connection.id) == [event_hints.ASK]


def test_an_app_by_another_name_is_ours(here: SyncService) -> None:
    connection = approved_home.connect(here)
    with server_of(here) as running:
        running.send(removal(connection, "com.example.panelist"))
    assert approved_home.view(here.store).status == "disconnected"


@pytest.mark.parametrize(
    "more", [{"account": "acct_1Another"}, {"account": None}, {"livemode": True}], ids=repr
)
def test_of_somebody_else_it_has_no_effect(
    here: SyncService, sandbox: Sandbox, more: dict[str, Any]
) -> None:
    connection = approved_home.connect(here)
    with server_of(here) as running:
        body = removal(connection, sandbox.world.client_id, **more)
        assert running.send(body).text == "Ignored.\n"
    assert approved_home.view(here.store).status == "pending"
    assert approved_home.kept(here.settings, connection.account)


def test_access_of_an_app_that_is_no_longer_known_is_deleted_too(here: SyncService) -> None:
    connection = approved_home.connect(here)
    forgotten = replace(here.settings, stripe_client_id=None, stripe_client_secret=None)
    with server_of(approved_home.service(here.store, forgotten)) as running:
        assert running.send(removal(connection, "ca_whichever")).text == "Stored.\n"
    assert approved_home.view(here.store).status == "disconnected"
    assert approved_home.kept(here.settings, connection.account) is None


def test_access_that_cannot_be_deleted_is_said(here: SyncService, sandbox: Sandbox) -> None:
    connection = approved_home.connect(here)
    fresh = approved_home.service(here.store, here.settings)
    approved_home.block(here.settings)
    with server_of(fresh) as running:
        body = removal(connection, sandbox.world.client_id)
        assert running.send(body).text == "Stored.\n"
    approved_home.unblock(here.settings)
    assert approved_home.view(here.store).status == "disconnected"
    (message,) = overview(here.store).messages
    assert "could not be deleted" in message.text


def test_a_key_belongs_to_no_app(store: Store, settings: Settings) -> None:
    """Some app was removed: Stripe is asked whether the key still works, and it stays."""
    settings = replace(settings, token_store="plain")
    connection = approved_home.view(store, account(store))
    credentials: Credentials = open_credentials(settings)
    credentials.ensure()
    credentials.put(secret_name(ACCOUNT, False), {"key": "rk_test_abcdefgh12345"})
    with serving(store, settings) as running:
        assert running.send(removal(connection, "ca_whichever")).text == "Stored.\n"
    assert approved_home.view(store).status == "pending"
    assert approved_home.kept(settings, ACCOUNT)
    assert event_hints.waiting(store, connection.id) == [event_hints.ASK]


def test_a_keyring_that_hangs_does_not_stop_events(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe is told to come again; events are kept in between."""
    connection = approved_home.view(store, account(store))
    with store.transaction():
        store.execute("UPDATE connection SET method = 'oauth'")

    answers = threading.Event()

    def hang(*_: object) -> None:
        answers.wait(50)
        raise CredentialProblem("unanswered", "The keyring does not answer.")

    monkeypatch.setattr(Credentials, "get", hang)
    with serving(store, settings, answer_seconds=0.5) as running:
        assert running.send(removal(connection, "ca_whichever")).status_code == 503
        assert running.send(event()).text == "Stored.\n"
        answers.set()
        approved_home.until(lambda: approved_home.view(store).status == "disconnected")
