"""Answers become rows: the newest wins, a deletion is final, and all of it or none."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.db import connections
from app.db.apply import deliver
from app.db.errors import DatabaseProblem
from app.db.rows import DeletedObject, EventRow, Fetched, StepRow, SyncDelivery, WindowRow
from app.db.store import Store
from app.panel.overview import overview, recent_changes
from app.panel.participants import participants
from tests.helpers.rows import (
    assert_exact,
    connection,
    item,
    items,
    make_segments,
    members,
    names,
    person,
    price,
    product,
    send,
    subscribed,
)


def test_an_older_answer_never_replaces_a_newer(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(5, participants=[person("cus_a", name="new")]))
    send(store, here, Fetched(4, participants=[person("cus_a", name="old")]))
    assert names(store, here) == {"cus_a": "new"}
    send(store, here, Fetched(6, participants=[person("cus_a", name="newer")]))
    assert names(store, here) == {"cus_a": "newer"}


def test_an_answer_of_the_same_request_changes_nothing(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(5, participants=[person("cus_a", name="first")]))
    send(store, here, Fetched(5, participants=[person("cus_a", name="second")]))
    assert names(store, here) == {"cus_a": "first"}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_two_answers_in_one_delivery_the_newer_stays(
    store: Store, order: tuple[int, int]
) -> None:
    here = connection(store)
    send(
        store,
        here,
        *(
            Fetched(
                seq,
                products=[product("prod_a", f"from {seq}")],
                prices=[price("price_a", nickname=f"from {seq}")],
                subscriptions=[subscribed("sub_a", f"from {seq}")],
                participants=[person("cus_a", name=f"from {seq}")],
            )
            for seq in order
        ),
    )
    found = [
        store.row(f"SELECT {column} FROM {table}")[0]
        for column, table in [
            ("name", "product"),
            ("nickname", "price"),
            ("customer", "subscription"),
            ("name", "participant"),
        ]
    ]
    assert found == ["from 2"] * 4


def test_a_deletion_is_final(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a"), person("cus_b")]))
    send(store, here, Fetched(2, gone=[DeletedObject("participant", "cus_a")]))
    send(store, here, Fetched(9, participants=[person("cus_a", name="back?")]))
    assert names(store, here) == {"cus_b": "cus_b"}
    assert overview(store, here).deleted == 1
    assert_exact(store, here)


def test_an_unknown_customer_that_is_gone_stays_gone(store: Store) -> None:
    """The event of a deletion may be read before the page that still shows the customer."""
    here = connection(store)
    send(store, here, Fetched(7, gone=[DeletedObject("participant", "cus_a")]))
    send(store, here, Fetched(3, participants=[person("cus_a")]))
    assert names(store, here) == {}
    shown = list(participants(store, here, deleted=True))
    assert [(one["stripe_id"], one["deleted"], one["email"]) for one in shown] == [
        ("cus_a", True, None)
    ]


def test_a_deleted_participant_leaves_every_segment(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    send(
        store,
        here,
        Fetched(
            1,
            participants=[person("cus_a"), person("cus_b")],
            products=[product("prod_a")],
            subscriptions=[subscribed("sub_a", "cus_a")],
            items=[item("sub_a", "prod_a")],
        ),
    )
    assert {key for key, who in members(store, here).items() if "cus_a" in who} == {
        "all",
        "active",
        "product:prod_a",
    }
    send(store, here, Fetched(2, gone=[DeletedObject("participant", "cus_a")]))
    assert not any("cus_a" in who for who in members(store, here).values())
    assert_exact(store, here)


def test_items_are_replaced_with_their_subscription_by_the_newest_only(store: Store) -> None:
    here = connection(store)
    old, new = subscribed("sub_a", "cus_a", "trialing"), subscribed("sub_a", "cus_a")
    send(
        store, here, Fetched(5, subscriptions=[new], items=[item("sub_a", "b"), item("sub_a", "c")])
    )
    send(store, here, Fetched(4, subscriptions=[old], items=[item("sub_a", "a")]))
    assert items(store) == {("sub_a", "b"), ("sub_a", "c")}
    send(
        store,
        here,
        Fetched(8, subscriptions=[new], items=[item("sub_a", "d")]),
        Fetched(7, subscriptions=[old], items=[item("sub_a", "a")]),
    )
    assert items(store) == {("sub_a", "d")}
    send(store, here, Fetched(9, subscriptions=[new]))
    assert items(store) == set()


def test_a_repeated_item_counts_once(store: Store) -> None:
    """A nested list that changed while it was paged may show an item twice."""
    here = connection(store)
    twice = [item("sub_a", "a"), item("sub_a", "a")]
    send(store, here, Fetched(1, subscriptions=[subscribed("sub_a", "cus_a")], items=twice))
    assert items(store) == {("sub_a", "a")}


def test_a_gone_product_takes_its_segment_along_and_may_come_back(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    bought = Fetched(
        1,
        participants=[person("cus_a")],
        products=[product("prod_a")],
        prices=[price("price_a")],
        subscriptions=[subscribed("sub_a", "cus_a")],
        items=[item("sub_a", "prod_a")],
    )
    send(store, here, bought)
    send(store, here, Fetched(1, gone=[DeletedObject("product", "prod_a")]))
    assert "product:prod_a" in members(store, here), "the answer is no newer than the row"
    send(
        store,
        here,
        Fetched(2, gone=[DeletedObject("product", "prod_a"), DeletedObject("price", "price_a")]),
    )
    assert "product:prod_a" not in members(store, here)
    assert store.row("SELECT count(*) FROM price WHERE NOT deleted") == (0,)
    send(store, here, Fetched(3, products=[product("prod_a")]))
    assert members(store, here)["product:prod_a"] == {"cus_a"}
    assert_exact(store, here)


def test_a_gone_subscription_counts_for_nobody(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    row = subscribed("sub_a", "cus_a")
    send(store, here, Fetched(1, participants=[person("cus_a")], subscriptions=[row]))
    send(store, here, Fetched(2, gone=[DeletedObject("subscription", "sub_a")]))
    send(store, here, Fetched(3, subscriptions=[row]))
    assert members(store, here)["none"] == {"cus_a"}
    assert_exact(store, here)


def test_rows_and_their_place_are_permanent_together(store: Store) -> None:
    here = connection(store)
    first = SyncDelivery(
        [Fetched(3, participants=[person("cus_a")])],
        open_windows=[
            WindowRow(1, "customers", 5, 9, "cus_a", 7, 1.0),
            WindowRow(2, "prices", None, 9, None, None, 0.0),
        ],
        steps=[StepRow("customers", "running", 1, 20, None)],
        events=[EventRow("evt_1", 8, "customer.created", "cus_a")],
    )
    deliver(store, here, [first])
    assert connections.windows(store, here) == first.open_windows
    assert connections.steps(store, here)["customers"] == first.steps[0]
    assert connections.unseen(store, here, ["evt_1", "evt_2"]) == {"evt_2"}
    assert [(one.object_id, one.name) for one in recent_changes(store, here)] == [
        ("cus_a", "cus_a")
    ]
    assert connections.sync_state(store, here).request_seq == 3
    deliver(store, here, [SyncDelivery(closed_windows=[1], events=first.events)])
    assert [window.id for window in connections.windows(store, here)] == [2]


def test_a_failure_in_the_middle_leaves_nothing(store: Store) -> None:
    """The place cannot be stored, so the rows before it are not either."""
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a")]))
    broken: Any = None
    delivery = SyncDelivery(
        [Fetched(2, participants=[person("cus_b")], gone=[DeletedObject("participant", "cus_a")])],
        steps=[StepRow("customers", "done", 2, 2, None)],
        events=[EventRow("evt_1", broken, "customer.created", "cus_b")],
        requests=3,
    )
    with pytest.raises(DatabaseProblem):
        deliver(store, here, [SyncDelivery([Fetched(3, participants=[person("cus_c")])]), delivery])
    assert names(store, here) == {"cus_a": "cus_a"}
    assert connections.steps(store, here)["customers"].state == "pending"
    assert connections.sync_state(store, here).request_seq == 1
    assert overview(store, here).reads_30d == 0
    assert_exact(store, here)


def test_requests_are_counted_by_the_day(store: Store) -> None:
    here, other = connection(store), connection(store)
    first = int(time.time()) // 86_400
    for requests in (3, 0, 4):
        deliver(store, here, [SyncDelivery(requests=requests)])
    deliver(store, other, [SyncDelivery(requests=50)])
    days = store.rows("SELECT day FROM read_count")
    assert {day for (day,) in days} <= set(range(first, int(time.time()) // 86_400 + 1))
    assert overview(store, here).reads_30d == 7
    store.rows("UPDATE read_count SET day = day - 31 RETURNING day")
    assert overview(store, here).reads_30d == 0


def test_accounts_never_mix(store: Store) -> None:
    here, other = connection(store), connection(store)
    make_segments(store, here)
    send(store, here, Fetched(1, participants=[person("cus_a")]))
    send(store, other, Fetched(1, participants=[person("cus_a", name="theirs")]))
    send(store, other, Fetched(2, subscriptions=[subscribed("sub_a", "cus_a")]))
    send(store, other, Fetched(3, gone=[DeletedObject("participant", "cus_a")]))
    assert names(store, here) == {"cus_a": "cus_a"}
    assert members(store, here)["none"] == {"cus_a"}
    assert_exact(store, here)
    assert_exact(store, other)
