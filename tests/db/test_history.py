"""Since when, until when and why someone was in a segment."""

from __future__ import annotations

from typing import Any

from app.db.apply import deliver
from app.db.rows import DeletedObject, EventRow, Fetched, SyncDelivery
from app.db.store import Store
from app.panel.segments.memberships import Membership, places
from tests.helpers.rows import (
    assert_exact,
    connection,
    item,
    make_segments,
    person,
    product,
    send,
    subscribed,
)

FIRST = 1_000  # Stripe's clock when the first listing began
BY_LISTING = None


def panel(store: Store) -> int:
    """Ada pays for prod_a, Bea never did; as a first listing found them."""
    here = connection(store)
    store.execute("UPDATE connection SET events_through = ?, generation = 1", (FIRST,))
    send(
        store,
        here,
        Fetched(
            1,
            participants=[person("cus_ada"), person("cus_bea")],
            products=[product("prod_a")],
            subscriptions=[subscribed("sub_ada", "cus_ada")],
            items=[item("sub_ada", "prod_a")],
        ),
    )
    make_segments(store, here)
    return here


def told(kind: str, at: int, thing: str) -> EventRow:
    return EventRow(f"evt_{kind}_{at}_{thing}", at, kind, thing)


def happened(store: Store, here: int, seq: int, event: EventRow, **found: Any) -> None:
    """An event, and what Stripe has since."""
    deliver(store, here, [SyncDelivery([Fetched(seq, event=event, **found)], events=[event])])
    assert_exact(store, here)


def of(store: Store, here: int, who: str, segment: str) -> list[Membership]:
    return [one for one in places(store, here, who) if one.segment == segment]


def test_the_first_listing_is_the_beginning(store: Store) -> None:
    here = panel(store)
    (place,) = of(store, here, "cus_ada", "active")
    assert (place.since, place.until, place.joined_by.event) == (FIRST, None, BY_LISTING)
    assert {one.segment for one in places(store, here, "cus_ada")} == {
        "all",
        "active",
        "product:prod_a",
    }
    assert {one.segment for one in places(store, here, "cus_bea")} == {"all", "none"}


def test_an_event_ends_a_place_and_begins_another(store: Store) -> None:
    here = panel(store)
    ended = told("customer.subscription.deleted", 2_000, "sub_ada")
    happened(store, here, 2, ended, subscriptions=[subscribed("sub_ada", "cus_ada", "canceled")])
    (was,) = of(store, here, "cus_ada", "active")
    assert (was.since, was.until) == (FIRST, 2_000)
    assert was.left_by is not None
    assert (was.left_by.event, was.left_by.type) == (ended.stripe_id, ended.type)
    (now,) = of(store, here, "cus_ada", "canceled")
    assert (now.since, now.until, now.joined_by.event) == (2_000, None, ended.stripe_id)
    (everybody,) = of(store, here, "cus_ada", "all")
    assert (everybody.since, everybody.until) == (FIRST, None)


def test_who_comes_back_has_two_places(store: Store) -> None:
    here = panel(store)
    for seq, at, status in ((2, 2_000, "paused"), (3, 3_000, "active"), (4, 4_000, "paused")):
        event = told("customer.subscription.updated", at, "sub_ada")
        happened(store, here, seq, event, subscriptions=[subscribed("sub_ada", "cus_ada", status)])
    assert [(one.since, one.until) for one in of(store, here, "cus_ada", "active")] == [
        (FIRST, 2_000),
        (3_000, 4_000),
    ]


def test_people_in_one_transaction_have_causes_of_their_own(store: Store) -> None:
    here = panel(store)
    new = told("customer.created", 2_000, "cus_cleo")
    paid = told("customer.subscription.created", 2_001, "sub_cleo")
    gone = told("customer.deleted", 2_002, "cus_bea")
    deliver(
        store,
        here,
        [
            SyncDelivery([Fetched(2, participants=[person("cus_cleo")], event=new)], events=[new]),
            SyncDelivery(
                [Fetched(3, subscriptions=[subscribed("sub_cleo", "cus_cleo")], event=paid)],
                events=[paid],
            ),
            SyncDelivery(
                [Fetched(4, gone=[DeletedObject("participant", "cus_bea")], event=gone)],
                events=[gone],
            ),
        ],
    )
    assert_exact(store, here)
    (everybody,) = of(store, here, "cus_cleo", "all")
    (active,) = of(store, here, "cus_cleo", "active")
    assert (everybody.joined_by.event, active.joined_by.event) == (new.stripe_id, paid.stripe_id)
    for was in places(store, here, "cus_bea"):
        assert was.until == 2_002
        assert was.left_by is not None
        assert was.left_by.event == gone.stripe_id


def test_an_event_from_before_leaves_no_trace_of_what_cannot_have_been(store: Store) -> None:
    """The first listing saw the subscription active; an event from just before it says when
    it ended."""
    here = panel(store)
    event = told("customer.subscription.deleted", FIRST - 5, "sub_ada")
    happened(store, here, 2, event, subscriptions=[subscribed("sub_ada", "cus_ada", "canceled")])
    assert of(store, here, "cus_ada", "active") == []
    (now,) = of(store, here, "cus_ada", "canceled")
    assert now.since == FIRST - 5


def test_places_of_one_person_in_a_segment_do_not_overlap(store: Store) -> None:
    """Causes become known in any order: the event that came late is older than the last one."""
    here = panel(store)
    steps = ((2, 3_000, "paused"), (3, 2_500, "active"), (4, 4_000, "paused"))
    for seq, at, status in steps:
        event = told("customer.subscription.updated", at, "sub_ada")
        happened(store, here, seq, event, subscriptions=[subscribed("sub_ada", "cus_ada", status)])
    assert [(one.since, one.until) for one in of(store, here, "cus_ada", "active")] == [
        (FIRST, 3_000),
        (3_000, 4_000),
    ]


def test_a_products_segment_that_goes_keeps_its_past(store: Store) -> None:
    here = panel(store)
    event = told("product.deleted", 5_000, "prod_a")
    happened(store, here, 2, event, gone=[DeletedObject("product", "prod_a")])
    (was,) = of(store, here, "cus_ada", "product:prod_a")
    assert (was.since, was.until) == (FIRST, 5_000)
    assert was.left_by is not None
    assert was.left_by.event == event.stripe_id


def test_a_later_listing_is_a_cause_of_its_own(store: Store) -> None:
    """What no event told, a full listing finds."""
    here = panel(store)
    store.execute("UPDATE connection SET events_through = 9000, generation = 2")
    send(store, here, Fetched(2, subscriptions=[subscribed("sub_ada", "cus_ada", "unpaid")]))
    (was,) = of(store, here, "cus_ada", "active")
    assert (was.since, was.until) == (FIRST, 9_000)
    assert was.left_by is not None
    assert was.left_by.event is BY_LISTING


def test_members_from_before_history_was_kept(store: Store) -> None:
    here = panel(store)
    store.execute("UPDATE member SET cause = 0")
    store.execute("UPDATE connection SET connected_at = 700")
    event = told("customer.subscription.updated", 2_000, "sub_ada")
    happened(store, here, 2, event, subscriptions=[subscribed("sub_ada", "cus_ada", "paused")])
    (was,) = of(store, here, "cus_ada", "active")
    assert (was.since, was.until) == (700, 2_000)
    (everybody,) = of(store, here, "cus_ada", "all")
    assert (everybody.since, everybody.joined_by.event) == (700, None)
