"""What changed while it was compared, or is on its way, is no difference."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.sandbox.server.server import Sandbox
from app.sandbox.world.changes import random_change
from app.settings import Settings
from app.sync.verify.findings import Pending
from tests.helpers.depth import examples
from tests.helpers.sync_run import sync
from tests.helpers.truth import assert_equal
from tests.helpers.verify_run import compare, dump, one_of, plant


def changed(sandbox: Sandbox) -> set[tuple[str, str]]:
    """One of everything, after the last look."""
    world = sandbox.world
    customers = [one["id"] for one in world.customers()]
    product = world.create_product(name="New")
    made = world.create_customer(name="New")
    live = next(one["id"] for one in world.subscriptions() if one["status"] == "active")
    world.update_customer(customers[0], name="Renamed")
    world.delete_customer(customers[1])
    world.update_subscription(live, status="past_due")
    return {
        ("product", product),
        ("price", world.create_price(product)),
        ("participant", made),
        ("subscription", world.create_subscription(made, items=12)),
        ("participant", customers[0]),
        ("participant", customers[1]),
        ("subscription", live),
    }


def test_a_change_after_the_last_look_is_pending(store: Store, settings: Settings) -> None:
    with Sandbox(customers=120, seed=43) as sandbox:
        sync(store, settings, sandbox)
        young = changed(sandbox)
        before = dump(store)
        found = compare(store, settings, sandbox)
        assert found.differences == []
        pending = {(one.object, one.id): one for one in found.of(Pending)}
        assert young <= pending.keys()
        assert all(abs(one.at - time.time()) < 60 for one in pending.values())
        assert dump(store) == before
        sync(store, settings, sandbox)
        compare(store, settings, sandbox).assert_equal()


def test_a_pending_object_hides_no_other(store: Store, settings: Settings) -> None:
    with Sandbox(customers=120, seed=43) as sandbox:
        sync(store, settings, sandbox)
        changed(sandbox)
        row, key = one_of(store, "participant", "created = (SELECT min(created) FROM participant)")
        plant(store, "UPDATE participant SET phone = 'spoiled' WHERE id = ?", row)
        (found,) = compare(store, settings, sandbox).differences
        assert (found.id, found.field) == (key, "phone")


def test_an_event_that_is_late(store: Store, settings: Settings) -> None:
    """The change shows, and its event a moment later."""
    with Sandbox(customers=50, seed=44, event_lag=0.0) as sandbox:
        sync(store, settings, sandbox)
        sandbox.world.events_table.lag = 1.0
        for one in [*sandbox.world.customers()][:20]:
            sandbox.world.update_customer(one["id"], name="Later")
        found = compare(store, settings, sandbox, patience=1.3)
        assert found.differences == []
        assert len(found.of(Pending)) == 20


def test_it_arrives_while_it_is_looked_at(store: Store, settings: Settings) -> None:
    """Another process syncs between the two looks."""
    with Sandbox(customers=50, seed=45) as sandbox:
        sync(store, settings, sandbox)
        changed(sandbox)
        other = open_store(settings)
        done = threading.Event()

        def arrive(path: str, _: object) -> None:
            if path == "/v1/events" and not done.is_set():
                done.set()
                sandbox.on_request = None
                thread = threading.Thread(target=sync, args=(other, settings, sandbox))
                threads.append(thread)
                thread.start()

        threads: list[threading.Thread] = []
        sandbox.on_request = arrive
        found = compare(store, settings, sandbox, patience=0.3)
        threads[0].join()
        assert found.differences == []
        compare(store, settings, sandbox).assert_equal()


def test_it_changes_again_while_it_is_looked_at(store: Store, settings: Settings) -> None:
    """Both looks see it wrong, but not wrong in the same way: so it is looked at once more."""
    with Sandbox(customers=50, seed=58) as sandbox:
        sync(store, settings, sandbox)
        row, key = one_of(store, "participant")
        plant(store, "UPDATE participant SET phone = 'spoiled' WHERE id = ?", row)
        other = open_store(settings)

        def change_and_sync() -> None:
            with sandbox.lock:
                sandbox.world.update_customer(key, name="Again")
            sync(other, settings, sandbox)

        thread = threading.Thread(target=change_and_sync)

        def look(path: str, _: object, found: dict[str, Any]) -> dict[str, Any]:
            if path == f"/v1/customers/{key}":  # the answer is made, and stays what it is
                sandbox.on_answer = None
                thread.start()
            return found

        sandbox.on_answer = look
        found = compare(store, settings, sandbox, patience=1.5)
        thread.join()
        assert found.found == []


@pytest.mark.deep
@pytest.mark.parametrize("round_", range(examples(1)))
def test_changes_while_it_runs(store: Store, settings: Settings, round_: int) -> None:
    """Changes at every request, and a sync beside it, again and again."""
    rng = random.Random(round_)
    with Sandbox(customers=250, seed=46 + round_) as sandbox:
        sync(store, settings, sandbox)
        other, over = open_store(settings), threading.Event()

        def change(path: str, _: object) -> None:
            if path.startswith("/v1/") and path != "/v1/events" and rng.random() < 0.5:
                random_change(sandbox.world, rng)

        def keep_syncing() -> None:
            while not over.is_set():
                sync(other, settings, sandbox)
            other.close()

        beside = threading.Thread(target=keep_syncing)
        beside.start()
        sandbox.on_request = change
        try:
            for _ in range(3):
                assert compare(store, settings, sandbox, patience=0.05).differences == []
        finally:
            over.set()
            beside.join()
        sandbox.on_request = None
        sync(store, settings, sandbox)
        found = compare(store, settings, sandbox)
        assert found.found == []
        connection = store.row("SELECT id FROM connection")[0]
        assert_equal(sandbox.world, store, connection)
