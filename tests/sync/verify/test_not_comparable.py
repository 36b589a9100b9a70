"""What cannot be compared is told apart, and what is in the way is got over."""

from __future__ import annotations

from typing import Any

import pytest

from app.db import connections
from app.db.store import Store
from app.sandbox.server.faults import Faults
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.verify.findings import Pending, SetAside, Skipped
from app.sync.verify.verifier import NotReady
from tests.helpers.sync_run import connected, sync
from tests.helpers.verify_run import Spoiled, compare, one_of, plant


@pytest.mark.parametrize("sample", [None, 50], ids=["all", "sample"])
@pytest.mark.parametrize("step", ["products", "prices", "subscriptions", "customers"])
def test_a_list_that_the_key_may_not_read(
    store: Store, settings: Settings, step: str, sample: int | None
) -> None:
    with Sandbox(customers=60, seed=47) as sandbox:
        sync(store, settings, sandbox)
        sandbox.options.forbid = frozenset({step})
        found = compare(store, settings, sandbox, sample)
        assert found.found == [Skipped(step, f"{step.capitalize()} Read")]
        assert found.progress.compared < found.progress.total


def test_what_the_sync_could_not_read(store: Store, settings: Settings) -> None:
    with Sandbox(customers=60, seed=47) as sandbox:
        sandbox.options.forbid = frozenset({"subscriptions"})
        sync(store, settings, sandbox)
        sandbox.options.forbid = frozenset()
        found = compare(store, settings, sandbox)
        assert found.found == [Skipped("subscriptions", "Subscriptions Read", sync=True)]


def test_without_events_a_young_difference_counts(store: Store, settings: Settings) -> None:
    with Sandbox(customers=60, seed=48) as sandbox:
        sync(store, settings, sandbox)
        sandbox.world.create_customer(name="New")
        sandbox.options.forbid = frozenset({"events"})
        found = compare(store, settings, sandbox)
        assert found.of(Skipped) == [Skipped("events", "Events Read")]
        assert [one.kind for one in found.differences] == ["missing_here"]


@pytest.mark.parametrize("sample", [None, 20], ids=["all", "sample"])
def test_what_cannot_be_stored_is_listed_apart(
    store: Store, settings: Settings, sample: int | None
) -> None:
    with Sandbox(customers=150, seed=49, poison=True) as sandbox:
        sync(store, settings, sandbox)
        apart = {key for (key,) in store.rows("SELECT stripe_id FROM quarantine")}
        assert len(apart) > 4
        found = compare(store, settings, sandbox, sample)
        assert found.differences == []
        told = found.of(SetAside)
        assert len(told) == len(apart)
        assert {one.id for one in told} == apart
        assert all(one.reason for one in told)


def test_what_the_database_refused_is_listed_apart(spoiled: Spoiled) -> None:
    row, key = one_of(spoiled.store, "participant")
    (connection,) = spoiled.store.row("SELECT id FROM connection")
    spoiled.set("participant", row, "phone", "an earlier one")
    spoiled.add(
        "quarantine",
        f"stripe_id = '{key}'",
        connection_id=connection,
        listing="customers",
        stripe_id=key,
        reason="the database refused it (DataError)",
        at=0,
    )
    assert spoiled.compare() == []


def test_what_was_set_aside_and_could_be_stored_now_is_a_difference(spoiled: Spoiled) -> None:
    """Its event never came."""
    row, key = one_of(spoiled.store, "participant")
    (connection,) = spoiled.store.row("SELECT id FROM connection")
    spoiled.set("participant", row, "phone", "an earlier one")
    spoiled.add(
        "quarantine",
        f"stripe_id = '{key}'",
        connection_id=connection,
        listing="customers",
        stripe_id=key,
        reason="Expected `str`",
        at=0,
    )
    assert [(one.id, one.field) for one in spoiled.compare()] == [(key, "phone")]


def test_faults_on_the_way(store: Store, settings: Settings) -> None:
    with Sandbox(customers=400, seed=50) as sandbox:
        sync(store, settings, sandbox)
        row, key = one_of(store, "participant")
        plant(store, "UPDATE participant SET phone = 'spoiled' WHERE id = ?", row)
        sandbox.options.faults = Faults(
            seed=5, error_500=0.01, rate_429=0.01, cut_body=0.01, html=0.01, reset=0.01
        )
        for sample in (None, 10**6):
            found = compare(store, settings, sandbox, sample)
            assert [(one.id, one.field) for one in found.differences] == [(key, "phone")]
            assert len(found.found) == 1
        assert sandbox.statuses[500] > 0


def test_a_cursor_whose_object_is_gone(store: Store, settings: Settings) -> None:
    with Sandbox(customers=800, seed=51) as sandbox:
        sync(store, settings, sandbox)
        gone: set[str] = set()

        def delete(path: str, query: dict[str, Any]) -> None:
            cursor = query.get("starting_after")
            if path == "/v1/customers" and cursor and len(gone) < 4:
                sandbox.world.delete_customer(str(cursor))
                gone.add(str(cursor))

        sandbox.on_request = delete
        found = compare(store, settings, sandbox)
        assert len(gone) == 4
        assert found.differences == []
        pending = {one.id for one in found.of(Pending) if one.object == "participant"}
        assert pending <= gone


def test_before_the_first_copy_is_there(store: Store, settings: Settings) -> None:
    with Sandbox(customers=10, seed=52) as sandbox:
        connected(store, settings, sandbox)
        with pytest.raises(NotReady, match="panelist sync"):
            compare(store, settings, sandbox)


def test_long_after_the_last_look(store: Store, settings: Settings) -> None:
    with Sandbox(customers=10, seed=52) as sandbox:
        sync(store, settings, sandbox)
        plant(store, "UPDATE connection SET events_through = events_through - 30 * 86400")
        with pytest.raises(NotReady, match="panelist sync"):
            compare(store, settings, sandbox)


def test_a_full_listing_under_way_explains_what_it_has_not_come_to(
    store: Store, settings: Settings
) -> None:
    """No event tells of the change any more, and the listing will bring it."""
    with Sandbox(customers=30, seed=53) as sandbox:
        sync(store, settings, sandbox)
        row, key = one_of(store, "participant")
        plant(store, "UPDATE participant SET phone = 'old' WHERE id = ?", row)
        plant(store, "UPDATE connection SET generation = generation + 1")
        found = compare(store, settings, sandbox)
        assert found.found == [Pending("participant", key, "listing")]
        plant(store, "UPDATE participant SET generation = generation + 1 WHERE id = ?", row)
        assert [one.id for one in compare(store, settings, sandbox).differences] == [key]


def test_only_this_connection_is_compared(store: Store, settings: Settings) -> None:
    """What was connected before has objects of the same ids: here, the same account live."""
    with Sandbox(customers=30, seed=54) as first, Sandbox(customers=30, seed=54, live=True) as live:
        for one in [*first.world.customers()][:9]:
            first.world.update_customer(one["id"], name="Of the test mode")
        for one in [*first.world.products()][:2]:
            first.world.update_product(one["id"], name="Of the test mode")
        first.world.create_customer(name="Only there")
        sync(store, settings, first)
        (connection,) = store.row("SELECT id FROM connection")
        connections.disconnect(store, connection, "by you")
        sync(store, settings, live)
        off = "UPDATE segment SET count = count + ? WHERE connection_id = ? AND key = 'none'"
        plant(store, off, 9, connection)
        for sample in (None, 10**6):
            compare(store, settings, live, sample).assert_equal()
        plant(store, off, -9, connection)
        (other,) = store.row("SELECT id FROM connection WHERE status <> 'disconnected'")
        connections.disconnect(store, other, "by you")
        sync(store, settings, first)
        for sample in (None, 10**6):
            compare(store, settings, first, sample).assert_equal()


def test_what_a_full_sync_repairs(store: Store, settings: Settings) -> None:
    """What is said to last does, and nothing else."""
    with Sandbox(customers=90, seed=56) as sandbox:
        sync(store, settings, sandbox)
        ids = [row for (row,) in store.rows("SELECT id FROM participant ORDER BY id")]
        plant(store, "UPDATE participant SET phone = 'x' WHERE id = ?", ids[0])
        plant(store, "UPDATE participant SET stripe_id = 'cus_x' WHERE id = ?", ids[1])
        plant(store, "UPDATE segment SET count = count + 5 WHERE key = 'active'")
        plant(store, "UPDATE participant SET deleted = ? WHERE id = ?", True, ids[2])
        found = compare(store, settings, sandbox)
        lasting = [one for one in found.differences if one.lasting]
        assert found.progress.lasting == len(lasting) > 0
        assert len(lasting) < len(found.differences)
        sync(store, settings, sandbox, full=True)
        after = compare(store, settings, sandbox).differences
        assert {(one.object, one.id) for one in after} <= {(one.object, one.id) for one in lasting}
        assert after
        assert all(one.lasting for one in after)
