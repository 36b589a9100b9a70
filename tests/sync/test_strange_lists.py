"""Lists that hold what does not belong there, that lead nowhere, or whose clock is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.db import connections, event_hints
from app.db.rows import EventRow
from app.db.store import Store
from app.panel.overview import overview
from app.sandbox.server.faults import Faults
from app.sandbox.server.server import Sandbox
from app.sandbox.world.world import World
from app.settings import Settings
from app.sync import events
from app.sync.stripe import transport
from app.sync.stripe.client import StripeProblem
from tests.helpers.sync_run import sync
from tests.helpers.truth import assert_equal, assert_members_follow_rules

DAY = 86_400
Obj = dict[str, Any]
Change = Callable[[str, dict[str, object], Obj], Obj | bytes]


def set_aside(store: Store) -> dict[str, str]:
    return dict(store.rows("SELECT stripe_id, reason FROM quarantine"))


def within_list(path: str, change: Callable[[list[Obj]], list[Obj]]) -> Change:
    """Change the objects of each page of this list."""

    def answer(asked: str, _: object, found: Obj) -> Obj:
        return {**found, "data": change(found["data"])} if asked == path and found else found

    return answer


def test_what_is_no_customer_or_of_live_mode_is_no_participant(
    store: Store, settings: Settings
) -> None:
    def mixed(data: list[Obj]) -> list[Obj]:
        if len(data) < 2:
            return data
        first, second, *_ = data
        foreign = [{**first, "id": "sub_here", "object": "subscription"}]
        foreign += [{**second, "id": f"cus_live{n}", "livemode": True} for n in range(3)]
        nameless = [{**first, "id": None} for _ in range(9)]
        return [*data, *foreign, *nameless]

    with Sandbox(customers=30, seed=81) as sandbox:
        sandbox.on_answer = within_list("/v1/customers", mixed)
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.participants == 30
        assert view.quarantined == 13
        assert "13 objects could not be stored" in " ".join(one.text for one in view.messages)
        reasons = set_aside(store)
        assert reasons["sub_here"] == "it is not a customer but “subscription”"
        assert reasons["cus_live2"] == "it belongs to live mode"
        sync(store, settings, sandbox, full=True)  # the same once more are not twice as many
        assert overview(store).quarantined == 13
        sandbox.on_answer = None
        sync(store, settings, sandbox, full=True)
        assert overview(store).quarantined == 0
        assert view.connection
        assert_equal(sandbox.world, store, view.connection.id)


def test_an_event_of_the_other_mode_changes_nothing(store: Store, settings: Settings) -> None:
    with Sandbox(customers=20, seed=82) as sandbox:
        sync(store, settings, sandbox)
        sandbox.world.update_customer(next(sandbox.world.customers())["id"], name="Live only")
        sandbox.on_answer = within_list(
            "/v1/events", lambda data: [{**one, "livemode": True} for one in data]
        )
        sync(store, settings, sandbox)
        assert store.rows("SELECT 1 FROM participant WHERE name = 'Live only'") == []
        assert {listing for (listing,) in store.rows("SELECT listing FROM quarantine")} == {
            "events"
        }


@pytest.mark.parametrize("levels", [1_000, 100_000])
def test_one_that_is_nested_too_deeply_stops_nothing(
    store: Store, settings: Settings, levels: int
) -> None:
    def deep(path: str, _: object, found: Obj) -> Obj | bytes:
        if path != "/v1/customers":
            return found
        nested = "[" * levels + "]" * levels
        return json.dumps(found).replace('"shipping": null', f'"shipping": {nested}', 1).encode()

    with Sandbox(customers=120, seed=83) as sandbox:
        sandbox.on_answer = deep
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        assert view.participants + view.quarantined == 120
        assert (levels == 1_000) == (view.quarantined == 0)
        assert set(set_aside(store).values()) <= {"it is nested too deeply"}


def leads_nowhere(when: Callable[[dict[str, object]], bool], path: str = "/v1/customers") -> Change:
    """An empty page that says that there is more."""

    def answer(asked: str, query: dict[str, object], found: Obj) -> Obj:
        if asked == path and query.get("limit") != "1" and when(query):
            return {**found, "data": [], "has_more": True}
        return found

    return answer


def wide(query: dict[str, object]) -> bool:
    created = query["created"]
    assert isinstance(created, dict)
    return int(created["lt"]) - int(created.get("gte", 1_293_840_000)) > 40 * DAY


@pytest.mark.parametrize(
    "when",
    [wide, lambda query: "starting_after" in query],
    ids=["the first page of a long time", "every later page"],
)
def test_an_empty_page_that_says_there_is_more(
    store: Store, settings: Settings, when: Callable[[dict[str, object]], bool]
) -> None:
    with Sandbox(customers=450, seed=84) as sandbox:
        sandbox.on_answer = leads_nowhere(when)
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        assert_equal(sandbox.world, store, view.connection.id)
        assert_members_follow_rules(store)


def test_a_list_that_is_empty_in_every_second_is_given_up(
    sqlite_settings: Settings, store: Store
) -> None:
    with Sandbox(customers=150, seed=85) as sandbox:
        sandbox.on_answer = leads_nowhere(lambda _: True)
        with pytest.raises(StripeProblem, match="cannot be followed"):
            sync(store, sqlite_settings, sandbox)
        assert sum(sandbox.requests.values()) < 2_000
        sandbox.on_answer = None
        sync(store, sqlite_settings, sandbox)
        view = overview(store)
        assert view.connection
        assert_equal(sandbox.world, store, view.connection.id)


def test_an_empty_page_of_events_loses_none(store: Store, settings: Settings) -> None:
    with Sandbox(customers=30, seed=86) as sandbox:
        sync(store, settings, sandbox)
        for one in [*sandbox.world.customers()]:
            for name in "abcde":
                sandbox.world.update_customer(one["id"], name=name)
        sandbox.on_answer = leads_nowhere(lambda query: "starting_after" in query, "/v1/events")
        sandbox.world.create_customer(name="newest")
        connection = overview(store).connection
        assert connection
        before = connections.sync_state(store, connection.id).events_through
        try:
            sync(store, settings, sandbox)
        except StripeProblem:  # all in one second
            assert connections.sync_state(store, connection.id).events_through == before
        sandbox.on_answer = None
        sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, connection.id)


@pytest.mark.parametrize("ahead", [365 * DAY, -365 * DAY])
def test_a_wrong_date_moves_no_mark(store: Store, settings: Settings, ahead: int) -> None:
    with Sandbox(World(customers=60, seed=87)) as sandbox:
        sync(store, settings, sandbox)
        connection = overview(store).connection
        assert connection

        def on_the_first_page(path: str, _: object) -> None:
            sandbox.options.date_ahead = ahead if path == "/v1/events" else 0

        sandbox.on_request = on_the_first_page
        sync(store, settings, sandbox)
        through = connections.sync_state(store, connection.id).events_through
        assert through is not None
        assert abs(through - time.time()) < 60
        sandbox.on_request = None
        sandbox.options.date_ahead = 0
        sandbox.world.create_customer(name="Later")
        sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, connection.id)


def test_a_mark_in_the_future_means_that_something_was_missed(
    store: Store, settings: Settings
) -> None:
    """An earlier version let one answer's date move it."""
    with Sandbox(customers=40, seed=88) as sandbox:
        sync(store, settings, sandbox)
        connection = overview(store).connection
        assert connection
        sandbox.world.create_customer(name="Missed")
        store.execute("UPDATE connection SET events_through = ?", (int(time.time()) + 365 * DAY,))
        sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, connection.id)


def test_many_events_are_applied_some_pages_at_a_time(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PAGES_AT_ONCE", 2)
    largest = 0
    apply = events.EventPoller.apply

    async def measured(self: events.EventPoller, found: list[EventRow]) -> int:
        nonlocal largest
        largest = max(largest, len(found))
        return await apply(self, found)

    monkeypatch.setattr(events.EventPoller, "apply", measured)
    with Sandbox(customers=30, seed=89) as sandbox:
        sync(store, settings, sandbox)
        people = [one["id"] for one in sandbox.world.customers()]
        for number in range(900):
            sandbox.world.update_customer(people[number % 30], name=f"{number}")
        sync(store, settings, sandbox)
        connection = overview(store).connection
        assert connection
        assert_equal(sandbox.world, store, connection.id)
    assert 0 < largest <= 200


def test_a_sync_that_runs_once_applies_the_webhooks_that_wait(
    store: Store, settings: Settings
) -> None:
    """The list of events does not show theirs yet, or the key may not read it."""
    with Sandbox(customers=30, seed=90) as sandbox:
        sync(store, settings, sandbox)
        connection = overview(store).connection
        assert connection
        sandbox.options.forbid = frozenset({"events"})
        changed = next(sandbox.world.customers())["id"]
        sandbox.world.update_customer(changed, name="By webhook")
        new = sandbox.world.create_customer(name="Also new")
        now = int(time.time())
        event_hints.leave_hints(
            store,
            connection.id,
            [
                EventRow("evt_1", now, "customer.updated", changed),
                EventRow("evt_2", now, "customer.created", new),
            ],
        )
        sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, connection.id)
        assert event_hints.waiting(store, connection.id) == []


def test_one_refusal_of_the_key_ends_nothing(store: Store, settings: Settings) -> None:
    with Sandbox(customers=150, seed=91) as sandbox:
        sync(store, settings, sandbox)
        view = overview(store)
        for failing in ({2}, {2, 4}):
            sandbox.options.faults = Faults(
                fail_with="error_401", only="/v1/cust", fail_nth=failing
            )
            sync(store, settings, sandbox, full=True, recognise=True)
            view = overview(store)
            assert view.connection
            assert view.connection.status == "complete"
        assert view.connection
        assert_equal(sandbox.world, store, view.connection.id)


def test_every_item_of_a_subscription_is_here(store: Store, settings: Settings) -> None:
    """Also where the subscription itself shows none of them, or its list is cut twice."""
    with Sandbox(customers=10, seed=92) as sandbox:
        customer = sandbox.world.create_customer(name="Much")
        prices = [one["id"] for one in sandbox.world.prices()]
        product = sandbox.world.create_product("Parts")
        prices = [sandbox.world.create_price(product) for _ in range(45)]
        made = sandbox.world.create_subscription(customer, price_ids=prices)

        def cut(path: str, query: dict[str, object], found: Obj) -> Obj:
            if path == "/v1/subscriptions":
                data = [
                    {**one, "items": {**one["items"], "data": [], "has_more": True}}
                    for one in found["data"]
                ]
                return {**found, "data": data}
            if path == "/v1/subscription_items" and len(found["data"]) > 20:
                return {**found, "data": found["data"][:20], "has_more": True}
            return found

        sandbox.on_answer = cut
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.connection
        assert_equal(sandbox.world, store, view.connection.id)
        (number,) = store.row(
            "SELECT count(*) FROM subscription_item i JOIN subscription s"
            " ON s.id = i.subscription_id WHERE s.stripe_id = ?",
            (made,),
        )
        assert number == 45


def test_one_that_is_too_large_stops_nothing(
    sqlite_settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "BODY_LIMIT", 400_000)
    monkeypatch.setattr(transport, "SMALL", 50_000)
    with Sandbox(customers=130, seed=93) as sandbox:
        monster = [*sandbox.world.customers()][60]["id"]

        def grown(path: str, _: object, found: Obj) -> Obj:
            for one in found.get("data", [found]):
                if one["id"] == monster:
                    one["description"] = "x" * 500_000
            return found

        sandbox.on_answer = grown
        sync(store, sqlite_settings, sandbox)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        assert view.participants == 129
        assert set_aside(store) == {monster: "it is too large"}
        sandbox.world.update_customer(monster, name="Still too large")
        sync(store, sqlite_settings, sandbox)
        assert set_aside(store) == {monster: "it is too large"}


def test_customers_that_are_accounts_are_found_by_a_listing(
    store: Store, settings: Settings
) -> None:
    with Sandbox(customers=20, seed=94) as sandbox:
        sync(store, settings, sandbox)
        sandbox.world.accounts_v2 = True
        early = sandbox.world.create_customer(name="Early")
        sync(store, settings, sandbox)
        assert overview(store).participants == 20  # nothing tells of them
        sync(store, settings, sandbox, full=True)
        view = overview(store)
        assert view.participants == 21
        assert any("listed again every" in one.text for one in view.messages)
        later = sandbox.world.create_customer(name="Later")
        sandbox.world.create_subscription(later)
        sandbox.world.update_customer(early, name="Changed")
        sync(store, settings, sandbox)
        assert overview(store).participants == 22  # by the event of the subscription
        named = store.rows("SELECT name FROM participant WHERE stripe_id = ?", (early,))
        assert named == [("Early",)]
        store.execute("UPDATE cause SET at = at - 90000")  # a day ago
        sync(store, settings, sandbox)
        assert view.connection
        assert_equal(sandbox.world, store, view.connection.id)
