"""A comparison with Stripe finds every difference there is, names it, and finds no other."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.db import schema
from app.db.store import Store, open_store
from app.sandbox.faults import Faults
from app.sandbox.server import Options, Sandbox
from app.settings import Settings
from app.sync.findings import Difference, Pending, SetAside, Skipped
from app.sync.verify import NotReady
from tests.conftest import new_database
from tests.sync.running import connected, sync
from tests.sync.verifying import compare, dump, plant
from tests.truth import assert_equal

CUSTOMERS = 260  # with one of 13 items, a price made inline, and hostile people


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=CUSTOMERS, seed=41) as running:
        for status, items in (("active", 13), ("trialing", 2), ("canceled", 1)):
            customer = running.world.create_customer(name="Planted", email="p@example.com")
            running.world.create_subscription(customer, status=status, items=items)
        running.world.delete_customer(running.world.create_customer(name="Gone"))
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def copied(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Settings]]:
    """A database that is equal; each test puts right what it spoils."""
    from app.settings import Rate

    url = None
    if request.param == "postgres":
        url = new_database(request.getfixturevalue("postgres"))
    home: Path = tmp_path_factory.mktemp("verify")
    settings = Settings(home=home, database_url=url, rate=Rate(None, None))
    store = open_store(settings)
    sync(store, settings, sandbox)
    # Deleted before the first copy, so that no page names it: a tombstone by an event.
    sandbox.world.delete_customer(sandbox.world.create_customer(name="Gone later"))
    sync(store, settings, sandbox)
    yield store, settings
    store.close()


class Spoiled:
    """A copy that one test spoils, and that is whole again after it."""

    def __init__(self, store: Store, settings: Settings, sandbox: Sandbox) -> None:
        self.store, self.settings, self.sandbox = store, settings, sandbox
        self.undo: list[tuple[str, tuple[object, ...]]] = []

    def set(self, table: str, row: int, column: str, value: object) -> None:
        (before,) = self.store.row(f'SELECT "{column}" FROM {table} WHERE id = ?', (row,))
        assert before != value
        plant(self.store, f'UPDATE {table} SET "{column}" = ? WHERE id = ?', value, row)
        self.undo.append((f'UPDATE {table} SET "{column}" = ? WHERE id = ?', (before, row)))

    def remove(self, table: str, where: str, *parameters: object) -> None:
        columns = [field.column_name for field in MODELS[table]._meta.sorted_fields]
        names = ", ".join(f'"{name}"' for name in columns)
        (row,) = self.store.rows(f"SELECT {names} FROM {table} WHERE {where}", parameters)
        plant(self.store, f"DELETE FROM {table} WHERE {where}", *parameters)
        marks = ", ".join("?" * len(row))
        self.undo.append((f"INSERT INTO {table} ({names}) VALUES ({marks})", row))

    def add(self, table: str, where: str, **values: object) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        plant(self.store, f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())
        self.undo.append((f"DELETE FROM {table} WHERE {where}", ()))

    def compare(self, sample: int | None = None) -> list[Difference]:
        found = compare(self.store, self.settings, self.sandbox, sample)
        assert found.of(Pending) == []
        return found.differences


MODELS: dict[str, Any] = {table._meta.table_name: table for table in schema.TABLES}


@pytest.fixture
def spoiled(copied: tuple[Store, Settings], sandbox: Sandbox) -> Iterator[Spoiled]:
    spoiled = Spoiled(*copied, sandbox)
    before = dump(spoiled.store)
    yield spoiled
    for sql, parameters in reversed(spoiled.undo):
        plant(spoiled.store, sql, *parameters)
    assert dump(spoiled.store) == before


def one_of(store: Store, table: str, where: str = "true") -> tuple[int, str]:
    """(row id, Stripe id) of a living row."""
    key, stripe_id = store.rows(
        f"SELECT id, stripe_id FROM {table} WHERE NOT deleted AND {where} ORDER BY id LIMIT 1"
    )[0]
    return key, stripe_id


# Equal


@pytest.mark.parametrize("customers", [0, 1, 100, 101, 1_500])
def test_equal_after_a_sync(store: Store, settings: Settings, customers: int) -> None:
    with Sandbox(customers=customers, seed=42) as sandbox:
        sync(store, settings, sandbox)
        before = dump(store)
        found = compare(store, settings, sandbox)
        found.assert_equal()
        rows = [store.row(f"SELECT count(*) FROM {table}")[0] for table in OBJECTS]
        assert found.progress.compared == sum(rows)
        compare(store, settings, sandbox, 10**6).assert_equal()
        assert dump(store) == before


def test_requests_are_counted_and_few(store: Store, settings: Settings) -> None:
    with Sandbox(customers=1_500, seed=42) as sandbox:
        sync(store, settings, sandbox)
        (before,) = store.row("SELECT sum(requests) FROM read_count")
        asked = sum(sandbox.requests.values())
        found = compare(store, settings, sandbox)
        (after,) = store.row("SELECT sum(requests) FROM read_count")
        assert after - before == found.requests == sum(sandbox.requests.values()) - asked
        assert [path for path in sandbox.requests if "{id}" in path] == []
        assert found.requests < 120


def test_equal_with_the_deleted(copied: tuple[Store, Settings], sandbox: Sandbox) -> None:
    store, settings = copied
    assert store.row("SELECT count(*) FROM participant WHERE deleted")[0] > 0
    compare(store, settings, sandbox).assert_equal()
    compare(store, settings, sandbox, 10**6).assert_equal()


# Differences


OBJECTS = ("product", "price", "subscription", "participant")
NOT_STRIPES = {"id", "connection_id", "stripe_id", "deleted", "seq", "generation"}
COLUMNS = [
    (table, field)
    for table in OBJECTS
    for name, field in ((one.column_name, one) for one in MODELS[table]._meta.sorted_fields)
    if name not in NOT_STRIPES
]


ONLY = (
    "status = 'active' AND customer IN"
    " (SELECT customer FROM subscription GROUP BY customer HAVING count(*) = 1)"
)


@pytest.mark.parametrize("sample", [None, 10**6], ids=["all", "sample"])
@pytest.mark.parametrize(
    ("table", "field"), COLUMNS, ids=[f"{table}.{field.column_name}" for table, field in COLUMNS]
)
def test_each_column(spoiled: Spoiled, table: str, field: Any, sample: int | None) -> None:
    """Also those that decide who is in which segment: then the members are named as well."""
    column = field.column_name
    row, key = one_of(spoiled.store, table, ONLY if table == "subscription" else "true")
    (there,) = spoiled.store.row(f'SELECT "{column}" FROM {table} WHERE id = ?', (row,))
    here: object = {"TEXT": "spoiled", "BIGINT": 7, "BOOL": not there}[field.field_type]
    if column == "metadata":
        here = '{"spoiled":"yes"}'
    spoiled.set(table, row, column, here)
    found = spoiled.compare(sample)
    there = bool(there) if field.field_type == "BOOL" else there
    of_stripe = [one for one in found if one.kind not in PLACES]
    assert of_stripe == [Difference(table, key, "field", column, None, here, there)]  # type: ignore[arg-type]
    if (table, column) == ("subscription", "status"):
        assert Difference("participant", owner(spoiled.store, row), "member", "active") in found
    elif (table, column) != ("subscription", "customer"):
        assert found == of_stripe


PLACES = ("member", "not_member")


def owner(store: Store, subscription: int) -> str:
    (customer,) = store.row("SELECT customer FROM subscription WHERE id = ?", (subscription,))
    return str(customer)


@pytest.mark.parametrize("field", ["price", "product", "current_period_end"])
@pytest.mark.parametrize("place", [0, -1], ids=["first", "beyond the first ten"])
def test_each_column_of_an_item(spoiled: Spoiled, field: str, place: int) -> None:
    owner, subscription, items = largest(spoiled.store)
    item = items[place]
    where = "subscription_id = ? AND stripe_id = ?"
    (there,) = spoiled.store.row(
        f"SELECT {field} FROM subscription_item WHERE {where}", (owner, item)
    )
    here = 7 if field == "current_period_end" else "spoiled"
    sql = f"UPDATE subscription_item SET {field} = ? WHERE {where}"
    plant(spoiled.store, sql, here, owner, item)
    spoiled.undo.append((sql, (there, owner, item)))
    found = spoiled.compare()
    expected = Difference("subscription", subscription, "item_field", field, item, here, there)
    assert expected in found
    assert {one.object for one in found} <= {"subscription", "participant"}
    assert [one for one in found if one.object == "subscription"] == [expected]


def largest(store: Store) -> tuple[int, str, list[str]]:
    """The living subscription with the most items: its row, its id, theirs."""
    ((owner, key),) = store.rows(
        "SELECT s.id, s.stripe_id FROM subscription s JOIN subscription_item i"
        " ON i.subscription_id = s.id GROUP BY s.id, s.stripe_id ORDER BY count(*) DESC, s.id"
        " LIMIT 1"
    )
    items = store.rows(
        "SELECT stripe_id FROM subscription_item WHERE subscription_id = ? ORDER BY 1", (owner,)
    )
    assert len(items) > 10
    return owner, key, [item for (item,) in items]


def test_an_item_that_is_missing_and_one_too_many(spoiled: Spoiled) -> None:
    owner, key, items = largest(spoiled.store)
    # Of a product that another item has too, or of none that has a segment: members stay right.
    spoiled.remove("subscription_item", "subscription_id = ? AND stripe_id = ?", owner, items[-1])
    spoiled.add(
        "subscription_item",
        "stripe_id = 'si_extra'",
        subscription_id=owner,
        stripe_id="si_extra",
        price="price_x",
        product="prod_x",
        current_period_end=None,
    )
    found = [one for one in spoiled.compare() if one.object != "participant"]
    assert found == [
        Difference("subscription", key, "item_missing_here", item=items[-1]),
        Difference("subscription", key, "item_unknown_to_stripe", item="si_extra"),
    ]


@pytest.mark.parametrize("table", OBJECTS)
def test_a_row_that_is_missing(spoiled: Spoiled, table: str) -> None:
    """Its id is another; so one is missing, and one is here that Stripe does not know."""
    row, key = one_of(spoiled.store, table)
    spoiled.set(table, row, "stripe_id", f"{table}_elsewhere")
    found = [one for one in spoiled.compare() if one.kind.endswith(("here", "stripe"))]
    expected = [
        Difference(table, key, "missing_here"),
        Difference(table, f"{table}_elsewhere", "unknown_to_stripe"),
    ]
    of_table = [one for one in found if one.object == table]
    assert sorted(of_table, key=repr) == sorted(expected, key=repr)


def test_a_missing_row_shows_in_a_sample_on_the_first_page(spoiled: Spoiled) -> None:
    ((row, key),) = spoiled.store.rows(
        "SELECT id, stripe_id FROM participant WHERE NOT deleted ORDER BY created DESC LIMIT 1"
    )
    spoiled.set("participant", row, "stripe_id", "cus_elsewhere")
    found = spoiled.compare(1)
    assert Difference("participant", key, "missing_here") in found


@pytest.mark.parametrize("sample", [None, 10**6], ids=["all", "sample"])
@pytest.mark.parametrize("table", OBJECTS)
def test_deleted_here_only(spoiled: Spoiled, table: str, sample: int | None) -> None:
    row, key = one_of(spoiled.store, table)
    spoiled.set(table, row, "deleted", True)
    found = spoiled.compare(sample)
    assert Difference(table, key, "deleted_here") in found
    assert [one for one in found if one.object == table and one.kind not in PLACES] == [
        Difference(table, key, "deleted_here")
    ]
    if table == "product":
        assert Difference("segment", f"product:{key}", "superfluous") in found


@pytest.mark.parametrize("sample", [None, 10**6], ids=["all", "sample"])
def test_deleted_in_stripe_only(spoiled: Spoiled, sample: int | None) -> None:
    ((row, key),) = spoiled.store.rows(
        "SELECT id, stripe_id FROM participant WHERE deleted ORDER BY id LIMIT 1"
    )
    spoiled.set("participant", row, "deleted", False)
    found = spoiled.compare(sample)
    assert found == [
        Difference("participant", key, "deleted_in_stripe"),
        Difference("participant", key, "not_member", "all"),
        Difference("participant", key, "not_member", "none"),
    ]


@pytest.mark.parametrize("sample", [None, 10**6], ids=["all", "sample"])
def test_a_member_that_is_missing(spoiled: Spoiled, sample: int | None) -> None:
    row, who = one_of(spoiled.store, "participant")
    segment, count, reachable = spoiled.store.row(
        "SELECT id, count, with_email FROM segment WHERE key = 'all'"
    )
    (email,) = spoiled.store.row("SELECT email FROM participant WHERE id = ?", (row,))
    spoiled.remove("member", "participant_id = ? AND segment_id = ?", row, segment)
    expected = [
        Difference("participant", who, "not_member", "all"),
        Difference("segment", "all", "count", "count", None, count, count - 1),
    ]
    if email:
        left = reachable - 1
        expected.append(Difference("segment", "all", "count", "with_email", None, reachable, left))
    assert spoiled.compare(sample) == expected


def test_a_member_too_many(spoiled: Spoiled) -> None:
    row, who = one_of(
        spoiled.store,
        "participant",
        "id IN (SELECT participant_id FROM member m JOIN segment g ON g.id = m.segment_id"
        " WHERE g.key = 'none') AND email IS NOT NULL",
    )
    ((segment, count, reachable),) = spoiled.store.rows(
        "SELECT id, count, with_email FROM segment WHERE key = 'active'"
    )
    spoiled.add(
        "member",
        f"participant_id = {row} AND segment_id = {segment}",
        participant_id=row,
        segment_id=segment,
    )
    assert spoiled.compare() == [
        Difference("participant", who, "member", "active"),
        Difference("segment", "active", "count", "count", None, count, count + 1),
        Difference("segment", "active", "count", "with_email", None, reachable, reachable + 1),
    ]


@pytest.mark.parametrize("field", ["count", "with_email"])
@pytest.mark.parametrize("sample", [None, 1], ids=["all", "sample"])
def test_a_count_that_is_off(spoiled: Spoiled, field: str, sample: int | None) -> None:
    ((row, right),) = spoiled.store.rows(f"SELECT id, {field} FROM segment WHERE key = 'active'")
    spoiled.set("segment", row, field, right + 1)
    expected = Difference("segment", "active", "count", field, None, right + 1, right)
    assert spoiled.compare(sample) == [expected]


@pytest.mark.parametrize("key", ["past_due", "product:"])
def test_a_segment_that_is_another(spoiled: Spoiled, key: str) -> None:
    ((row, name),) = spoiled.store.rows(
        "SELECT id, key FROM segment WHERE key LIKE ? ORDER BY key LIMIT 1", (f"{key}%",)
    )
    spoiled.set("segment", row, "key", "product:elsewhere")
    found = {one for one in spoiled.compare() if one.object == "segment"}
    assert found == {
        Difference("segment", name, "missing_here"),
        Difference("segment", "product:elsewhere", "superfluous"),
    }


def test_a_price_that_only_a_subscription_shows(spoiled: Spoiled) -> None:
    """Stripe lists no price that was made for one subscription."""
    listed = {one["id"] for one in spoiled.sandbox.world.prices()}
    ids = spoiled.store.rows("SELECT id, stripe_id, nickname FROM price ORDER BY id")
    row, key, nickname = next(one for one in ids if one[1] not in listed)
    spoiled.set("price", row, "nickname", "spoiled")
    expected = Difference("price", key, "field", "nickname", None, "spoiled", nickname)
    assert spoiled.compare() == [expected]
    assert spoiled.compare(10**6) == [expected]


def test_a_deleted_price_that_subscriptions_go_on_showing(store: Store, settings: Settings) -> None:
    """Stripe has it and has it not, so it may be here either way; but not otherwise."""
    with Sandbox(customers=60, seed=57) as sandbox:
        price = sandbox.world.usable_prices()[0]
        made = sandbox.world.create_customer(name="Buyer")
        sandbox.world.create_subscription(made, price_ids=[price])
        sync(store, settings, sandbox)
        sandbox.world.delete_price(price)
        sync(store, settings, sandbox)
        sql = "UPDATE price SET deleted = ? WHERE stripe_id = ?"
        for deleted in (True, False):
            plant(store, sql, deleted, price)
            compare(store, settings, sandbox).assert_equal()
            compare(store, settings, sandbox, 10**6).assert_equal()
        sandbox.options.forbid = frozenset({"subscriptions"})  # only the rows here show it then
        assert compare(store, settings, sandbox).differences == []
        sandbox.options.forbid = frozenset()
        plant(store, "UPDATE price SET nickname = 'spoiled' WHERE stripe_id = ?", price)
        (found,) = compare(store, settings, sandbox).differences
        assert (found.id, found.field) == (price, "nickname")


def test_a_price_comes_with_its_subscription(spoiled: Spoiled) -> None:
    """No event names it, but one of its subscription is to come."""
    world = spoiled.sandbox.world
    listed = {one["id"] for one in world.prices()}
    shown = spoiled.store.rows(
        "SELECT s.stripe_id, i.price FROM subscription s JOIN subscription_item i"
        " ON i.subscription_id = s.id ORDER BY s.id"
    )
    subscription, price = next(one for one in shown if one[1] not in listed)
    spoiled.remove("price", "stripe_id = ?", price)
    assert spoiled.compare() == [Difference("price", price, "missing_here")]
    world.remind(subscription)
    found = compare(spoiled.store, spoiled.settings, spoiled.sandbox)
    ((kind, key, event),) = ((one.object, one.id, one.type) for one in found.of(Pending))
    assert (kind, key, event) == ("price", price, "customer.subscription.trial_will_end")
    assert found.differences == []


def test_many_differences_are_all_named(spoiled: Spoiled) -> None:
    rows = spoiled.store.rows("SELECT id, stripe_id, phone FROM participant WHERE NOT deleted")
    with spoiled.store.transaction():
        spoiled.store.execute("UPDATE participant SET phone = 'spoiled' WHERE NOT deleted")
    for row, _, phone in rows:
        spoiled.undo.append(("UPDATE participant SET phone = ? WHERE id = ?", (phone, row)))
    found = spoiled.compare()
    assert {one.id for one in found} == {key for _, key, _ in rows}
    assert len(found) == len(rows)


# What is young is no difference


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
            time.sleep(0.1)  # until the answer is out
            with sandbox.lock:
                sandbox.world.update_customer(key, name="Again")
            sync(other, settings, sandbox)

        thread = threading.Thread(target=change_and_sync)

        def look(path: str, _: object) -> None:
            if path == f"/v1/customers/{key}":
                sandbox.on_request = None
                thread.start()

        sandbox.on_request = look
        found = compare(store, settings, sandbox, patience=1.5)
        thread.join()
        assert found.found == []


@pytest.mark.parametrize("round_", range(3))
def test_changes_while_it_runs(store: Store, settings: Settings, round_: int) -> None:
    """Changes at every request, and a sync beside it, again and again."""
    rng = random.Random(round_)
    with Sandbox(customers=600, seed=46 + round_) as sandbox:
        sync(store, settings, sandbox)
        other, over = open_store(settings), threading.Event()

        def change(path: str, _: object) -> None:
            if path.startswith("/v1/") and path != "/v1/events" and rng.random() < 0.5:
                sandbox.world.random_change(rng)

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


# What cannot be compared


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
    with Sandbox(customers=700, seed=50) as sandbox:
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
    with Sandbox(customers=900, seed=51) as sandbox:
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
    from app.db import connections

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
    with Sandbox(customers=90, seed=56, options=Options()) as sandbox:
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
