"""Access that Stripe ended: each sign of it, and what is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.panel.overview import overview
from app.panel.participants import participants
from app.sandbox.server.server import Sandbox
from app.sync.engine import Engine
from app.sync.service import SyncService
from app.sync.stripe.access import secret_name
from app.sync.stripe.client import StripeProblem
from tests.helpers.approved_home import (
    TOKEN,
    block,
    connect,
    kept,
    known,
    once_asked,
    service,
    view,
)
from tests.helpers.sandbox_client import Clock

PEOPLE = 7


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(customers=PEOPLE, seed=65, clock=clock) as running:
        yield running


@pytest.fixture
def store(sandbox: Sandbox, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(known(sandbox, tmp_path / "home"))
    yield opened
    opened.close()


def sync(here: SyncService) -> None:
    found = here.resume()
    assert found
    connection, access = found
    engine = Engine(here.store, here.settings, access, connection)
    asyncio.run(engine.run(once=True))


def by_the_dashboard(sandbox: Sandbox, _: Clock) -> None:
    """401 platform_api_key_expired, and 400 invalid_grant for the renewal."""
    assert sandbox.world.oauth.remove_all() == 1


def by_every_key(sandbox: Sandbox, _: Clock) -> None:
    """401 platform_api_key_expired also for the renewed one; 403 account_invalid with Connect."""
    sandbox.options.revoked = True


def unused_for_a_year(_: Sandbox, clock: Clock) -> None:
    """401 api_key_expired, and 400 invalid_grant for the renewal."""
    clock.now += 366 * 86_400


SIGNS = [
    ("app", by_the_dashboard),
    ("app", by_every_key),
    ("app", unused_for_a_year),
    ("connect", by_the_dashboard),
    ("connect", by_every_key),
]


@pytest.mark.parametrize(("flavour", "end"), SIGNS)
def test_each_sign(
    store: Store,
    sandbox: Sandbox,
    clock: Clock,
    flavour: str,
    end: Callable[[Sandbox, Clock], None],
) -> None:
    here = service(store, known(sandbox, Path(store.where).parent, flavour))
    connection = connect(here)
    sync(here)
    end(sandbox, clock)
    with pytest.raises(StripeProblem):
        sync(here)
    ended = view(store)
    assert (ended.status, ended.disconnect_reason) == ("disconnected", "by Stripe")
    assert kept(here.settings, ended.account) is None
    assert len([*participants(store, connection.id)]) == PEOPLE
    (message,) = [one for one in overview(store).messages if one.level == "error"]
    assert "Disconnected. Access was revoked in Stripe" in message.text
    assert "Connect again to continue" in message.text
    assert here.resume() is None
    sandbox.options.revoked = False
    again = connect(here)
    assert (again.id, again.status) == (connection.id, "pending")
    sync(here)
    assert view(store).status == "complete"
    assert not [one for one in overview(store).messages if one.level == "error"]


def test_access_that_ends_while_it_is_renewed_early(store: Store, sandbox: Sandbox) -> None:
    """Seen at the token endpoint before any request."""
    here = service(store, known(sandbox, Path(store.where).parent))
    name = secret_name(connect(here).account, False)
    held = here.credentials.get(name)
    assert held
    here.credentials.put(name, held | {"expires_at": time.time() + 5})
    sandbox.world.oauth.remove_all()
    sandbox.requests.clear()
    with pytest.raises(StripeProblem):
        sync(here)
    assert dict(sandbox.requests) == {TOKEN: 1}
    assert view(store).disconnect_reason == "by Stripe"


@pytest.mark.parametrize("fault", ["302", "400", "500", "html"])
def test_a_token_endpoint_out_of_order_disconnects_nobody(
    store: Store, sandbox: Sandbox, clock: Clock, fault: str
) -> None:
    here = service(store, known(sandbox, Path(store.where).parent))
    account = connect(here).account
    held = kept(here.settings, account)
    clock.now += 3_601
    sandbox.options.token_fault = fault
    with pytest.raises(StripeProblem):
        sync(here)
    assert view(store).status != "disconnected"
    assert kept(here.settings, account) == held
    sandbox.options.token_fault = ""
    sync(here)
    assert view(store).status == "complete"


def test_a_revoked_account_whose_access_cannot_be_deleted_says_so(
    store: Store, sandbox: Sandbox
) -> None:
    here = service(store, known(sandbox, Path(store.where).parent))
    connect(here)
    found = here.resume()
    assert found
    sandbox.world.oauth.remove_all()
    once_asked(sandbox, "/v1/oauth/token", lambda: block(here.settings))
    with pytest.raises(StripeProblem):
        asyncio.run(Engine(store, here.settings, found[1], found[0]).run(once=True))
    assert view(store).disconnect_reason == "by Stripe"
    (message,) = [one for one in overview(store).messages if one.level == "error"]
    assert "could not be deleted" in message.text


def test_a_kept_key_that_was_rolled(store: Store, sandbox: Sandbox) -> None:
    here = service(store, known(sandbox, Path(store.where).parent))
    account = here.connect(here.by_key(sandbox.world.restricted_key, keep=True))
    assert kept(here.settings, view(store).account)
    sandbox.options.expired = True
    with pytest.raises(StripeProblem):
        sync(here)
    assert view(store, account).disconnect_reason == "expired"
    assert kept(here.settings, view(store).account) is None
