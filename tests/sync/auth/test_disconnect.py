"""Leaving an account: what is deleted, what is said at Stripe, what stays."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.credentials.factory import open_credentials
from app.credentials.store import Credentials
from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.panel.participants import participants
from app.sandbox.server.faults import Faults
from app.sandbox.server.server import Sandbox
from app.sync.auth.disconnect import Disconnection, disconnect
from app.sync.service import SyncService
from app.sync.stripe.access import kept_access, secret_name
from tests.helpers.approved_home import TOKEN, connect, kept, known, once_asked, service, view
from tests.helpers.keyring_backends import Breakable
from tests.helpers.keyring_backends import path as backends
from tests.sync.test_revoked_access import PEOPLE, sync

UNINSTALL = "POST /v1/apps/installs/{id}/uninstall"
DEAUTHORIZE = "POST /oauth/deauthorize"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=PEOPLE, seed=68) as running:
        yield running


@pytest.fixture
def store(sandbox: Sandbox, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(known(sandbox, tmp_path / "home"))
    yield opened
    opened.close()


def home(store: Store) -> Path:
    return Path(store.where).parent


def leave(here: SyncService) -> Disconnection:
    return disconnect(here.store, here.settings, here.credentials, view(here.store))


def ended(store: Store) -> None:
    """It is over, and everything fetched is there."""
    connection = view(store)
    assert (connection.status, connection.disconnect_reason) == ("disconnected", "by you")
    assert connection.disconnected_at
    assert len([*participants(store, connection.id)]) == PEOPLE


@pytest.mark.parametrize(("flavour", "asked"), [("app", UNINSTALL), ("connect", DEAUTHORIZE)])
def test_what_oauth_gave_is_deleted_and_taken_back(
    store: Store, sandbox: Sandbox, flavour: str, asked: str
) -> None:
    here = service(store, known(sandbox, home(store), flavour))
    account = connect(here).account
    sync(here)
    left = leave(here)
    assert left.whole
    assert [sentence.partition(".")[0] for sentence in left.said] == [
        "Disconnected",
        "The stored credentials were deleted",
        "Stripe revoked the access",
    ]
    assert sandbox.requests[asked] == 1
    assert sandbox.world.oauth.installed() is None
    assert kept(here.settings, account) is None
    assert here.resume() is None
    ended(store)


def test_a_key_is_deleted_here_and_stays_valid_at_stripe(store: Store, sandbox: Sandbox) -> None:
    here = service(store, known(sandbox, home(store)))
    here.connect(here.by_key(sandbox.world.restricted_key, keep=True))
    sync(here)
    sandbox.requests.clear()
    left = leave(here)
    assert left.whole
    assert "Delete it in Stripe" in left.said[-1]
    assert not sandbox.requests
    assert kept(here.settings, view(store).account) is None
    ended(store)


def test_a_key_that_was_never_kept(store: Store, sandbox: Sandbox) -> None:
    here = service(store, known(sandbox, home(store), token_store=None))
    here.connect(here.by_key(sandbox.world.restricted_key, keep=False))
    left = leave(here)
    assert left.whole
    assert not [sentence for sentence in left.said if "deleted" in sentence]


FAULTS: dict[str, Callable[[Sandbox], object]] = {
    "out of order": lambda sandbox: setattr(
        sandbox.options, "faults", Faults(error_500=1, only="/")
    ),
    "a page": lambda sandbox: setattr(sandbox.options, "faults", Faults(html=1, only="/")),
    "cut": lambda sandbox: setattr(sandbox.options, "faults", Faults(reset=1, only="/")),
    "not there": lambda sandbox: sandbox.stop(),
}


@pytest.mark.parametrize("spoil", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("flavour", ["app", "connect"])
def test_stripe_cannot_be_told_and_everything_else_is_done(
    store: Store, sandbox: Sandbox, flavour: str, spoil: Callable[[Sandbox], object]
) -> None:
    here = service(store, known(sandbox, home(store), flavour))
    account = connect(here).account
    sync(here)
    spoil(sandbox)
    left = leave(here)
    assert not left.whole
    assert "Panelist could not revoke the access in Stripe" in left.said[-1]
    assert "remove Panelist yourself" in left.said[-1]
    assert kept(here.settings, account) is None
    ended(store)


def test_what_failed_is_done_when_it_is_said_again(store: Store, sandbox: Sandbox) -> None:
    here = service(store, known(sandbox, home(store)))
    connect(here)
    sandbox.options.faults.error_500 = 1.0
    leave(here)
    at = view(store).disconnected_at
    sandbox.options.faults.error_500 = 0.0
    assert leave(here).said[-1] == "Stripe revoked the access."
    assert sandbox.world.oauth.installed() is None
    assert view(store).disconnected_at == at


def test_after_the_app_was_forgotten_stripe_cannot_be_told(store: Store, sandbox: Sandbox) -> None:
    here = service(store, known(sandbox, home(store)))
    connect(here)
    there = service(store, replace(here.settings, stripe_client_secret=None))
    left = leave(there)
    assert "no longer set up here" in left.said[-1]
    assert kept(here.settings, view(store).account) is None


def test_removed_at_stripe_before(store: Store, sandbox: Sandbox) -> None:
    here = service(store, known(sandbox, home(store)))
    connect(here)
    sandbox.world.oauth.remove_all()
    left = leave(here)
    assert left.whole
    assert "did not revoke the access" in left.said[-1]


def test_a_keyring_that_fails_keeps_nobody_connected(
    store: Store, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe is told all the same, so what is left in the keyring opens nothing."""
    settings = known(sandbox, home(store), token_store=None)

    def opened() -> Credentials:
        return Credentials(settings.home, backends=backends(Breakable), limit=2.0)

    account = connect(service(store, settings, opened())).account
    sync(service(store, settings, opened()))
    monkeypatch.setattr(Breakable, "locked", True)
    left = leave(service(store, settings, opened()))
    assert not left.whole
    assert "could not be deleted: The keyring is locked" in left.said[1]
    assert left.said[-1] == "Stripe revoked the access."
    ended(store)
    monkeypatch.setattr(Breakable, "locked", False)
    leave(service(store, settings, opened()))
    assert opened().get(secret_name(account, False)) is None


def test_a_passphrase_that_is_not_known(store: Store, sandbox: Sandbox) -> None:
    settings = known(sandbox, home(store), token_store="passphrase", passphrase="horse battery")
    connect(service(store, settings))
    sync(service(store, settings))
    left = leave(service(store, replace(settings, passphrase=None)))
    assert not left.whole
    assert "could not be deleted: The credentials need a passphrase" in left.said[1]
    ended(store)


def test_access_that_another_panelist_is_just_renewing_is_gone_for_good(
    store: Store, sandbox: Sandbox
) -> None:
    """It holds the only valid pair, in its hand, and would put it back after the deletion."""
    here = service(store, known(sandbox, home(store)))
    name = secret_name(connect(here).account, False)
    held = here.credentials.get(name)
    assert held
    here.credentials.put(name, held | {"expires_at": time.time()})
    sandbox.options.token_delay = 0.5
    asked = once_asked(sandbox, "/v1/oauth/token", lambda: None)
    renewing = threading.Thread(target=sync_elsewhere, args=(here,), daemon=True)
    renewing.start()
    assert asked.wait(20)
    left = leave(here)
    assert "The stored credentials were deleted." in left.said
    renewing.join(20)
    assert sandbox.requests[TOKEN] == 2
    assert kept(here.settings, view(store).account) is None


def sync_elsewhere(here: SyncService) -> None:
    """As another process would renew."""
    credentials = open_credentials(here.settings)
    access = kept_access(credentials, here.oauth_app, view(here.store).account, False)
    assert access
    asyncio.run(access.renew(access.headers))
