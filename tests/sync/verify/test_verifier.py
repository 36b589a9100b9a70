"""A comparison with Stripe finds every difference there is, names it, and finds no other."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.verify.findings import Difference, Pending
from tests.helpers.sync_run import sync
from tests.helpers.verify_run import MODELS, Spoiled, compare, dump, one_of, plant, some_of

# Equal


@pytest.mark.parametrize("customers", [0, 1, 100, 101, 250])
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
    with Sandbox(customers=800, seed=42) as sandbox:
        sync(store, settings, sandbox)
        (before,) = store.row("SELECT sum(requests) FROM read_count")
        asked = sum(sandbox.requests.values())
        found = compare(store, settings, sandbox)
        (after,) = store.row("SELECT sum(requests) FROM read_count")
        assert after - before == found.requests == sum(sandbox.requests.values()) - asked
        assert [path for path in sandbox.requests if "{id}" in path] == []
        assert found.requests < 120


def test_equal_with_the_deleted(copied: tuple[Store, Settings], account: Sandbox) -> None:
    store, settings = copied
    assert store.row("SELECT count(*) FROM participant WHERE deleted")[0] > 0
    compare(store, settings, account).assert_equal()
    compare(store, settings, account, 10**6).assert_equal()


# Differences


OBJECTS = ("product", "price", "subscription", "participant")
NOT_STRIPES = {"id", "connection_id", "stripe_id", "deleted", "seq", "generation", "folded"}
COLUMNS = {
    table: [one for one in MODELS[table]._meta.sorted_fields if one.column_name not in NOT_STRIPES]
    for table in OBJECTS
}


ONLY = (
    "status = 'active' AND customer IN"
    " (SELECT customer FROM subscription GROUP BY customer HAVING count(*) = 1)"
)


@pytest.mark.parametrize("sample", [None, 10**6], ids=["all", "sample"])
@pytest.mark.parametrize("table", OBJECTS)
def test_each_column(spoiled: Spoiled, table: str, sample: int | None) -> None:
    """Each in a row of its own. Where a column decides who is in which segment, the members are
    named as well, and no others."""
    store, expected, rows = spoiled.store, [], {}
    living = some_of(store, table, ONLY if table == "subscription" else "true")
    for field, (row, key) in zip(COLUMNS[table], living, strict=False):
        column = field.column_name
        (there,) = store.row(f'SELECT "{column}" FROM {table} WHERE id = ?', (row,))
        here: object = {"TEXT": "spoiled", "BIGINT": 7, "BOOL": not there}[field.field_type]
        if column == "metadata":
            here = '{"spoiled":"yes"}'
        rows[column] = row
        there = bool(there) if field.field_type == "BOOL" else there
        expected.append(Difference(table, key, "field", column, None, here, there))  # type: ignore[arg-type]
    assert len(expected) == len(COLUMNS[table])
    members = []
    if table == "subscription":
        owners = {column: owner(store, row) for column, row in rows.items()}
        members = [
            Difference("participant", owners["status"], "member", "active"),
            Difference("participant", owners["collection_paused"], "not_member", "paused"),
        ]
    for one in expected:
        spoiled.set(table, rows[str(one.field)], str(one.field), one.here)
    found = spoiled.compare(sample)
    of_stripe = [one for one in found if one.kind not in PLACES]
    assert sorted(of_stripe, key=repr) == sorted(expected, key=repr)
    places = [one for one in found if one.kind in PLACES]
    assert [one for one in members if one not in places] == []
    affected = {owners[one] for one in DECIDING} if members else set()
    assert {one.id for one in places} <= affected


DECIDING = ("status", "collection_paused", "customer")  # who is in which segment
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
