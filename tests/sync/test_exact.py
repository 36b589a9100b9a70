"""After a sync the panel equals Stripe, field by field, on both databases."""

from __future__ import annotations

import random
from typing import Any

import pytest

from app.db import connections
from app.db.connections import RELIST
from app.db.store import Store
from app.panel.overview import overview, recent_changes
from app.sandbox.server.server import Sandbox
from app.sandbox.world.changes import random_change
from app.settings import Settings
from tests.helpers.sync_run import connected, sync
from tests.helpers.truth import assert_equal


@pytest.mark.parametrize("customers", [0, 1, 100, 101, 6_000])
def test_first_copy(store: Store, settings: Settings, customers: int) -> None:
    """6,000 customers include 250 in one second, and subscriptions of 25 items."""
    with Sandbox(customers=customers, seed=7) as sandbox:
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        assert [step.state for step in view.steps] == ["done"] * 5
        assert view.participants == customers
        assert_equal(sandbox.world, store, view.connection.id)


def test_changes_during_the_copy(store: Store, settings: Settings) -> None:
    """Objects made, changed and deleted while their lists are read."""
    rng = random.Random(5)
    with Sandbox(customers=600, seed=8) as sandbox:
        first = next(iter(sandbox.world.customers()))["id"]

        def change(path: str, query: dict[str, Any]) -> None:
            if path.startswith("/v1/") and path != "/v1/events":
                for _ in range(4):
                    random_change(sandbox.world, rng)
            if path == "/v1/customers" and first in str(query.get("starting_after")):
                sandbox.world.delete_customer(first)

        sandbox.on_request = change
        sync(store, settings, sandbox)
        sandbox.on_request = None
        sync(store, settings, sandbox)
        connection = overview(store).connection
        assert connection
        assert len(recent_changes(store, connection.id)) > 20
        assert_equal(sandbox.world, store, connection.id)


def test_cursor_whose_object_is_gone(store: Store, settings: Settings) -> None:
    """Each cursor's object is deleted right before the page that would follow it."""
    with Sandbox(customers=900, seed=9) as sandbox:
        gone: list[str] = []

        def delete(path: str, query: dict[str, Any]) -> None:
            cursor = query.get("starting_after")
            if path == "/v1/customers" and cursor and len(gone) < 12:
                sandbox.world.delete_customer(str(cursor))
                gone.append(str(cursor))

        sandbox.on_request = delete
        sync(store, settings, sandbox)
        assert len(gone) > 5
        sandbox.on_request = None
        sync(store, settings, sandbox)
        connection = overview(store).connection
        assert connection
        assert_equal(sandbox.world, store, connection.id)


def test_later_changes_come_as_events(store: Store, settings: Settings) -> None:
    rng = random.Random(1)
    with Sandbox(customers=300, seed=10) as sandbox:
        sync(store, settings, sandbox)
        for _ in range(120):
            random_change(sandbox.world, rng)
        before = sandbox.requests["GET /v1/customers"]
        sync(store, settings, sandbox)
        # The probe of the key; and so many changed that listing them once more is cheaper.
        assert sandbox.requests["GET /v1/customers"] <= before + 1 + 4
        connection = overview(store).connection
        assert connection
        assert_equal(sandbox.world, store, connection.id)


def test_full_listing_finds_what_no_event_told(store: Store, settings: Settings) -> None:
    with Sandbox(customers=250, seed=11) as sandbox:
        sync(store, settings, sandbox)
        world = sandbox.world
        ids = [one["id"] for one in world.customers()]
        for key in ids[:7]:
            world.delete_customer(key)
        world.update_customer(ids[8], name="Renamed", email=None)
        world.create_customer(name="New", email="new@example.com")
        sandbox.options.forbid = frozenset({"events"})
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.participants == 250
        assert any("“Events Read”" in message.text for message in view.messages)
        sync(store, settings, sandbox, full=True)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        assert (view.participants, view.deleted) == (244, 7)
        assert_equal(world, store, view.connection.id)
        sandbox.options.forbid = frozenset()
        sync(store, settings, sandbox)
        assert not any("“Events Read”" in message.text for message in overview(store).messages)


def test_reconnected_account_keeps_its_rows_and_segments(store: Store, settings: Settings) -> None:
    with Sandbox(customers=120, seed=12) as sandbox:
        sync(store, settings, sandbox)
        people = store.rows("SELECT id, stripe_id FROM participant ORDER BY id")
        kept = store.rows("SELECT id, key FROM segment ORDER BY id")
        view = overview(store)
        assert view.connection
        connections.disconnect(store, view.connection.id, "by you")
        sandbox.world.delete_customer(people[0][1])
        sync(store, settings, sandbox)
        assert store.rows("SELECT id, stripe_id FROM participant ORDER BY id") == people
        assert store.rows("SELECT id, key FROM segment ORDER BY id") == kept
        assert overview(store).participants == 119
        assert_equal(sandbox.world, store, view.connection.id)


def test_renamed_archived_and_deleted_products(store: Store, settings: Settings) -> None:
    with Sandbox(customers=50, seed=13) as sandbox:
        sync(store, settings, sandbox)
        world = sandbox.world
        new = world.create_product(name="Brand new")
        price = world.create_price(new)
        customer = next(iter(world.customers()))["id"]
        world.create_subscription(customer, price_ids=[price])
        empty = world.create_product(name="Mistake")
        sync(store, settings, sandbox)
        world.delete_product(empty)
        world.update_product(new, name="Brand new II", active=False)
        sync(store, settings, sandbox)
        connection = overview(store).connection
        assert connection
        assert_equal(world, store, connection.id)
        names: dict[str, str] = dict(
            store.rows("SELECT stripe_id, name FROM product WHERE NOT deleted")
        )
        assert names[new] == "Brand new II"
        assert empty not in names


def test_full_listing_repairs_members_and_counts(store: Store, settings: Settings) -> None:
    """Whatever put them wrong."""
    with Sandbox(customers=250, seed=13) as sandbox:
        sync(store, settings, sandbox)
        connection = overview(store).connection
        assert connection
        store.execute("DELETE FROM member WHERE participant_id % 7 = 0")
        store.execute(
            "INSERT INTO member (participant_id, segment_id) SELECT p.id, g.id"
            " FROM participant p, segment g WHERE p.id % 5 = 0 ON CONFLICT DO NOTHING"
        )
        store.execute("UPDATE segment SET count = count + 3, with_email = 0 WHERE key <> 'none'")
        sync(store, settings, sandbox, full=True)
        assert_equal(sandbox.world, store, connection.id)


def test_what_an_earlier_version_did_not_store_is_listed_once(
    store: Store, settings: Settings
) -> None:
    """As after its migration: nothing is known of pauses, and everything is listed once more."""
    with Sandbox(customers=150, seed=15) as sandbox:
        pause = {"behavior": "void", "resumes_at": None}
        living = [one for one in sandbox.world.subscriptions() if one["status"] == "active"]
        for one in living[::3]:
            sandbox.world.update_subscription(one["id"], pause_collection=pause)
        connection = connected(store, settings, sandbox)
        sync(store, settings, sandbox)
        store.execute("UPDATE subscription SET collection_paused = false")
        store.execute("UPDATE connection SET settled = ?", (RELIST,))
        sync(store, settings, sandbox, recognise=True)
        assert_equal(sandbox.world, store, connection)
        before = sandbox.requests["GET /v1/subscriptions"]
        sync(store, settings, sandbox, recognise=True)
        assert sandbox.requests["GET /v1/subscriptions"] == before
