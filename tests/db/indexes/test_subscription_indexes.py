"""What a first copy leaves out until it has all subscriptions, and that nothing is lost by it."""

from __future__ import annotations

import pytest

from app.db import connections
from app.db.indexes import subscription_indexes
from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from tests.helpers.rows import (
    assert_exact,
    connection,
    item,
    items,
    make_segments,
    members,
    person,
    product,
    send,
    subscribed,
)


def begun(store: Store) -> int:
    """A connection whose first listing has begun."""
    here = connection(store)
    connections.begin_listing(store, here, 1, [])
    return here


def statuses(store: Store) -> list[tuple[str, str]]:
    return store.rows("SELECT stripe_id, status FROM subscription ORDER BY stripe_id, id")


@pytest.mark.parametrize("together", [False, True])
def test_of_a_subscription_listed_again_the_newest_stays(store: Store, together: bool) -> None:
    here = begun(store)
    assert subscription_indexes.left_out(store)
    answers = [
        Fetched(4, subscriptions=[subscribed("sub_b", "cus_b")], items=[item("sub_b", "b")]),
        Fetched(6, subscriptions=[subscribed("sub_a", "cus_a")], items=[item("sub_a", "a")]),
        Fetched(
            5,
            subscriptions=[subscribed("sub_a", "cus_a", "trialing")],
            items=[item("sub_a", "b"), item("sub_a", "c")],
        ),
    ]
    for batch in [answers] if together else [[answer] for answer in answers]:
        send(store, here, *batch)
    people = [person("cus_a"), person("cus_b")]
    send(store, here, Fetched(7, participants=people, products=[product("prod_a")]))
    make_segments(store, here)
    assert not subscription_indexes.left_out(store)
    assert statuses(store) == [("sub_a", "active"), ("sub_b", "active")]
    assert items(store) == {("sub_a", "a"), ("sub_b", "b")}
    assert members(store, here)["active"] == {"cus_a", "cus_b"}
    assert_exact(store, here)


def test_of_two_alike_in_one_page_the_first_stays(store: Store) -> None:
    here = begun(store)
    alike = [subscribed("sub_a", "cus_a"), subscribed("sub_a", "cus_a", "canceled")]
    send(store, here, Fetched(1, subscriptions=alike, items=[item("sub_a", "a")]))
    make_segments(store, here)
    assert statuses(store) == [("sub_a", "active")]
    assert items(store) == {("sub_a", "a")}


def test_a_subscription_gone_meanwhile_stays_gone(store: Store) -> None:
    here = begun(store)
    send(store, here, Fetched(1, subscriptions=[subscribed("sub_a", "cus_a")]))
    send(store, here, Fetched(2, gone=[DeletedObject("subscription", "sub_a")]))
    send(store, here, Fetched(3, subscriptions=[subscribed("sub_a", "cus_a")]))
    make_segments(store, here)
    assert store.rows("SELECT stripe_id FROM subscription WHERE NOT deleted") == []


def test_a_copy_begun_anew_replaces_what_the_first_one_brought(store: Store) -> None:
    here = begun(store)
    send(store, here, Fetched(1, subscriptions=[subscribed("sub_a", "cus_a", "trialing")]))
    connections.begin_listing(store, here, 2, [])
    assert not subscription_indexes.left_out(store)
    send(store, here, Fetched(2, subscriptions=[subscribed("sub_a", "cus_a")]))
    assert statuses(store) == [("sub_a", "active")]


def test_segments_that_nobody_is_in_yet_keep_the_indexes(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    connections.begin_listing(store, here, 1, [])
    assert not subscription_indexes.left_out(store)
