"""What changed later arrives, at a bounded number of requests, however late it is told."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from math import ceil
from typing import Any

import pytest

from app.db import connections
from app.db.store import Store
from app.panel.overview import overview
from app.sandbox.server.server import Sandbox
from app.sandbox.server.state import SandboxOptions
from app.sandbox.world.changes import random_change
from app.sandbox.world.world import World
from app.settings import Settings
from app.sync import events
from app.sync.auth.connect import known_connection
from app.sync.auth.key_check import access_by_key
from app.sync.stripe.client import StripeProblem
from tests.helpers.sync_run import following, sync, until
from tests.helpers.truth import assert_equal

DAY = 86_400


class Clock:
    """Stripe's clock, which a test moves."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def asked(sandbox: Sandbox, work: Callable[[], object]) -> Counter[str]:
    """What Stripe was asked for in between, by endpoint."""
    before = Counter(sandbox.requests)
    work()
    return Counter(sandbox.requests) - before


def settled(store: Store, settings: Settings, sandbox: Sandbox) -> int:
    """A panel that is complete; its connection."""
    sync(store, settings, sandbox)
    connection = overview(store).connection
    assert connection
    return connection.id


def wait_for_look(sandbox: Sandbox, number: int) -> None:
    before = sandbox.requests["GET /v1/events"]
    until(lambda: sandbox.requests["GET /v1/events"] >= before + number)


def customers(world: World, count: int) -> list[str]:
    rng = random.Random(3)
    return rng.sample([one["id"] for one in world.customers()], count)


def change_customers(world: World, changed: int) -> None:
    for number, key in enumerate(customers(world, changed)):
        world.update_customer(key, name=f"Changed {number}", email=f"c{number}@example.com")


def delete_customers(world: World, changed: int) -> None:
    for key in customers(world, changed):
        world.delete_customer(key)


def change_subscriptions(world: World, changed: int) -> None:
    living = (one for one in world.subscriptions() if one["status"] in ("active", "past_due"))
    for one in list(islice(living, changed)):
        world.update_subscription(one["id"], status="paused")


BURSTS = {
    "customers": change_customers,
    "deleted": delete_customers,
    "subscriptions": change_subscriptions,
}


@pytest.mark.parametrize("changed", [3, 60, 300])
@pytest.mark.parametrize("kind", BURSTS)
def test_a_burst_takes_few_requests(
    store: Store, settings: Settings, kind: str, changed: int
) -> None:
    """Of 600 customers: at most min(N, M/100) + events/100 + 10."""
    with Sandbox(customers=600, seed=21) as sandbox:
        connection = settled(store, settings, sandbox)
        before = len(sandbox.world.events_table)
        BURSTS[kind](sandbox.world, changed)
        told = len(sandbox.world.events_table) - before
        requests = asked(sandbox, lambda: sync(store, settings, sandbox, recognise=True))
        nested = requests.pop("GET /v1/subscription_items", 0)
        assert sum(requests.values()) <= min(changed, 6) + ceil(told / 100) + 10
        assert nested <= changed
        assert_equal(sandbox.world, store, connection)


def test_what_the_list_does_not_show_is_fetched(store: Store, settings: Settings) -> None:
    """Customers that are deleted while they are listed for the change before."""
    with Sandbox(customers=600, seed=22) as sandbox:
        connection = settled(store, settings, sandbox)
        changed = customers(sandbox.world, 250)
        for key in changed:
            sandbox.world.update_customer(key, name="Changed")

        def delete(path: str, query: dict[str, Any]) -> None:
            if path == "/v1/customers" and changed:
                sandbox.world.delete_customer(changed.pop())

        sandbox.on_request = delete
        sync(store, settings, sandbox)
        sandbox.on_request = None
        sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, connection)


def test_a_cursor_that_is_gone_in_a_burst(store: Store, settings: Settings) -> None:
    """The object a page would go on from is deleted right before."""
    with Sandbox(customers=600, seed=23) as sandbox:
        connection = settled(store, settings, sandbox)
        change_customers(sandbox.world, 400)
        gone: list[str] = []

        def delete(path: str, query: dict[str, Any]) -> None:
            cursor = str(query.get("starting_after", [""]))
            key = cursor.strip("[']")
            if path == "/v1/customers" and key and len(gone) < 3:
                gone.append(sandbox.world.delete_customer(key))

        sandbox.on_request = delete
        sync(store, settings, sandbox)
        sandbox.on_request = None
        assert gone
        sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, connection)


def test_a_known_key_takes_one_request_to_recognise(store: Store, settings: Settings) -> None:
    with Sandbox(customers=5, seed=24) as sandbox:
        here = replace(settings, stripe_api_base=sandbox.url)
        offer = access_by_key(sandbox.world.restricted_key)
        assert known_connection(here, store, offer) is None
        connection = settled(store, settings, sandbox)
        requests = asked(sandbox, lambda: known_connection(here, store, offer))
        assert requests == {"GET /v1/account": 1}
        assert known_connection(here, store, offer) == connection
        sandbox.options.forbid = frozenset({"prices"})
        sync(store, settings, sandbox, full=True)
        assert (
            known_connection(here, store, offer) is None
        )  # whatever is missing may be granted now


@pytest.mark.parametrize("ahead", [0.0, 400 * DAY, -400 * DAY])
def test_away_for_longer_than_events_are_kept(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    """31 days by Stripe's clock, whatever this computer's clock says."""
    clock = Clock()
    with Sandbox(World(customers=300, seed=25, clock=clock)) as sandbox:
        connection = settled(store, settings, sandbox)
        gone = customers(sandbox.world, 20)
        for key in gone:
            sandbox.world.delete_customer(key)
        sandbox.world.update_customer(customers(sandbox.world, 1)[0], name="Changed")
        clock.ahead += 31 * DAY
        with monkeypatch.context() as patch:
            real = time.time
            patch.setattr(time, "time", lambda: real() + ahead)
            sandbox.world.clock = lambda: real() + clock.ahead
            sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, connection)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        assert view.deleted == 20


@pytest.mark.parametrize("ahead", [400 * DAY, -400 * DAY])
def test_a_wrong_clock_here_lists_nothing_again(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    clock = Clock()
    with Sandbox(World(customers=300, seed=26, clock=clock)) as sandbox:
        connection = settled(store, settings, sandbox)
        sandbox.world.delete_customer(customers(sandbox.world, 1)[0])
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + ahead)
        sandbox.world.clock = real
        requests = asked(sandbox, lambda: sync(store, settings, sandbox, recognise=True))
        assert requests["GET /v1/customers"] == 0
        assert_equal(sandbox.world, store, connection)


def test_too_many_events_are_not_read(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is listed instead, and what was deleted is found."""
    monkeypatch.setattr(events, "MOST_PAGES", 3)
    with Sandbox(customers=300, seed=27) as sandbox:
        connection = settled(store, settings, sandbox)
        rng = random.Random(1)
        for _ in range(700):
            random_change(sandbox.world, rng)
        requests = asked(sandbox, lambda: sync(store, settings, sandbox))
        assert requests["GET /v1/events"] < 20
        assert_equal(sandbox.world, store, connection)


def test_late_and_doubled_events_while_it_follows(store: Store, settings: Settings) -> None:
    """Events that become visible up to 45 s late, some twice, behind others already seen."""
    clock = Clock()
    world = World(customers=300, seed=28, clock=clock, event_lag=45.0)
    world.events_table.duplicates = 0.2
    rng = random.Random(2)
    with Sandbox(world) as sandbox:
        connection = settled(store, settings, sandbox)
        with following(store, settings, sandbox, connection) as engine:
            for _ in range(30):
                with sandbox.lock:
                    for _ in range(5):
                        random_change(sandbox.world, rng)
                    clock.ahead += 3
                wait_for_look(sandbox, 1)
            clock.ahead += 50
            now = int(clock())
            until(lambda: (connections.sync_state(store, connection).events_through or 0) >= now)
            assert engine.running
        assert_equal(sandbox.world, store, connection)


def test_revoked_within_one_look(store: Store, settings: Settings) -> None:
    with Sandbox(customers=20, seed=29, options=SandboxOptions()) as sandbox:
        connection = settled(store, settings, sandbox)
        with following(store, settings, sandbox, connection) as engine:
            wait_for_look(sandbox, 1)
            sandbox.options.revoked = True
            until(lambda: not engine.running)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "disconnected"
        assert view.connection.disconnect_reason == "by Stripe"
        assert view.participants == 20


def test_a_listing_that_was_left_for_too_long(store: Store, settings: Settings) -> None:
    """Its windows end where it began, and what came after that has no event any more."""
    clock = Clock()
    with Sandbox(World(customers=300, seed=30, clock=clock)) as sandbox:
        connection = settled(store, settings, sandbox)

        def fail(path: str, query: dict[str, Any]) -> None:
            if path == "/v1/customers" and query.get("starting_after"):
                sandbox.options.revoked = True

        sandbox.on_request = fail
        with pytest.raises(StripeProblem):
            sync(store, settings, sandbox, full=True)
        sandbox.on_request = None
        sandbox.options.revoked = False
        sandbox.world.create_customer(name="Between")
        clock.ahead += 31 * DAY
        store.execute("UPDATE connection SET status = 'complete'")
        state = connections.sync_state(store, connection)
        assert state.settled < state.generation
        sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, connection)
