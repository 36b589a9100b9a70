"""Another key of the connected account takes the old one's place, and nothing else changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.db.store import Store
from app.panel.participants import participants
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.auth.key_check import KeyProblem
from app.sync.engine import Engine
from app.sync.service import SyncService
from tests.helpers.approved_home import connect as approve
from tests.helpers.approved_home import kept, known, service, view

OLD = "rk_test_51TheOldKeyThatIsReplaced"
PEOPLE = 3


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(customers=PEOPLE, seed=67) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """A sandbox that accepts the old key too."""
    running.options.keys = frozenset({OLD})
    return running


@pytest.fixture
def here(store: Store, settings: Settings, sandbox: Sandbox) -> SyncService:
    """Connected by the old key, which is stored."""
    made = service(store, replace(settings, stripe_api_base=sandbox.url, token_store="plain"))
    made.connect(made.by_key(OLD, keep=True))
    return made


def key_of(here: SyncService) -> object:
    return (kept(here.settings, view(here.store).account) or {}).get("key")


def run(here: SyncService, engine: Engine | None = None) -> None:
    if engine is None:
        found = here.resume()
        assert found
        engine = Engine(here.store, here.settings, found[1], found[0])
    asyncio.run(engine.run(once=True))


def test_the_new_key_is_stored_and_everything_stays(here: SyncService, sandbox: Sandbox) -> None:
    run(here)
    before = view(here.store)
    new = sandbox.world.restricted_key
    assert here.connect(here.replace_key(f" {new}\n")) == before.id
    assert key_of(here) == new
    assert view(here.store) == before
    assert len([*participants(here.store, before.id)]) == PEOPLE


def test_a_running_sync_goes_on_with_the_new_key(here: SyncService, sandbox: Sandbox) -> None:
    """It has the old one in memory when that is deleted at Stripe."""
    found = here.resume()
    assert found
    engine = Engine(here.store, here.settings, found[1], found[0])
    run(here, engine)
    here.connect(here.replace_key(sandbox.world.restricted_key))
    sandbox.options.keys = frozenset()
    run(here, engine)
    assert view(here.store).status == "complete"
    assert key_of(here) == sandbox.world.restricted_key


def test_a_key_of_another_account_changes_nothing(here: SyncService) -> None:
    with Sandbox(customers=1, seed=68) as other:
        there = SyncService(
            here.store, replace(here.settings, stripe_api_base=other.url), here.credentials
        )
        with pytest.raises(KeyProblem, match="Another account is connected"):
            there.replace_key(other.world.restricted_key)
        assert kept(here.settings, other.world.account_id) is None
    assert key_of(here) == OLD
    run(here)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("rk_test_51NoKeyThatStripeKnows", "Stripe"),
        ("rk_live_51TheOldKeyThatIsReplaced", "other mode"),
        ("", "No key was given"),
    ],
)
def test_a_key_that_does_not_work_replaces_nothing(here: SyncService, key: str, words: str) -> None:
    with pytest.raises(KeyProblem, match=words):
        here.replace_key(key)
    assert key_of(here) == OLD
    assert view(here.store).status == "pending"


def test_nothing_is_replaced_where_nothing_is_connected(
    here: SyncService, sandbox: Sandbox
) -> None:
    here.disconnect(view(here.store))
    with pytest.raises(KeyProblem, match="No account is connected"):
        here.replace_key(sandbox.world.restricted_key)
    assert key_of(here) is None


def test_approved_access_is_not_replaced_by_a_key(
    store: Store, settings: Settings, sandbox: Sandbox
) -> None:
    """A sync that runs has tokens, which it could no longer renew."""
    here = service(store, known(sandbox, settings.home))
    account = approve(here).account
    before = kept(here.settings, account)
    with pytest.raises(KeyProblem, match="by OAuth"):
        here.replace_key(sandbox.world.restricted_key)
    assert kept(here.settings, account) == before
