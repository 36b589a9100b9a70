"""Whatever arrives in whatever order, members and counts equal the rules."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import history, membership
from app.db.rows import DeletedObject, Fetched, ParticipantRow, ProductRow, SubscriptionRow
from app.db.store import Store
from tests.helpers.depth import examples
from tests.helpers.rows import (
    assert_exact,
    connection,
    item,
    make_segments,
    members,
    names,
    person,
    product,
    send,
    subscribed,
)

CUSTOMERS = [f"cus_{letter}" for letter in "abcd"]
SUBSCRIPTIONS = [f"sub_{which}" for which in ("1_a", "2_a", "3_a", "1_b", "2_b", "1_e")]
PRODUCTS = ["prod_a", "prod_b", "prod_c"]
STATUSES = ["active", "trialing", "past_due", "canceled", "unpaid", "paused", "incomplete"]

people = st.builds(
    lambda key, email, name: person(key, email=email, name=name),
    st.sampled_from(CUSTOMERS),
    st.sampled_from([None, "", "x@example.com"]),
    st.sampled_from(["one", "two", None]),
)
# A subscription's customer never changes (docs.stripe.com/api/subscriptions/update).
subscriptions = st.builds(
    lambda key, status, paused, bought: (
        subscribed(key, f"cus_{key[-1]}", status, collection_paused=paused),
        sorted(bought),
    ),
    st.sampled_from(SUBSCRIPTIONS),
    st.sampled_from(STATUSES),
    st.booleans(),
    st.sets(st.sampled_from(PRODUCTS)),
)
products = st.builds(product, st.sampled_from(PRODUCTS), st.sampled_from("xy"), st.booleans())
gone = st.one_of(
    st.builds(DeletedObject, st.just("participant"), st.sampled_from(CUSTOMERS)),
    st.builds(DeletedObject, st.just("subscription"), st.sampled_from(SUBSCRIPTIONS)),
    st.builds(DeletedObject, st.just("product"), st.sampled_from(PRODUCTS)),
)


@dataclass
class RedirectAnswer:
    """One answer's content, with its place in time drawn apart."""

    seq: int
    people: list[ParticipantRow]
    subscriptions: list[tuple[SubscriptionRow, list[str]]]
    products: list[ProductRow]
    gone: list[DeletedObject]

    def answer(self) -> Fetched:
        return Fetched(
            self.seq,
            participants=self.people,
            subscriptions=[row for row, _ in self.subscriptions],
            items=[
                item(row.stripe_id, one) for row, bought in self.subscriptions for one in bought
            ],
            products=self.products,
            gone=self.gone,
        )


heard = st.builds(
    RedirectAnswer,
    st.integers(1, 40),
    st.lists(people, max_size=3, unique_by=lambda row: row.stripe_id),
    st.lists(subscriptions, max_size=3, unique_by=lambda pair: pair[0].stripe_id),
    st.lists(products, max_size=2, unique_by=lambda row: row.stripe_id),
    st.lists(gone, max_size=2),
)
# Deliveries of one or more answers; the segments are made before one of them, or never.
stories = st.tuples(
    st.lists(st.lists(heard, min_size=1, max_size=3), min_size=1, max_size=6),
    st.integers(0, 6),
)


@pytest.mark.deep
@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stories)
def test_members_and_counts_equal_the_rules_after_any_story(
    store: Store, story: tuple[list[list[RedirectAnswer]], int]
) -> None:
    deliveries, segments_before = story
    here = connection(store)
    for number, delivery in enumerate(deliveries):
        if number == segments_before:
            make_segments(store, here)
        send(store, here, *(one.answer() for one in delivery))
        assert_exact(store, here)


def newest_wins(story: list[list[RedirectAnswer]]) -> dict[str, str | None]:
    """Each customer's name by the plain rule: the newest request's answer, and the first of
    one request; who was ever gone is nowhere."""
    newest: dict[str, tuple[int, str | None]] = {}
    deleted: set[str] = set()
    for delivery in story:
        for one in delivery:
            for row in one.people:
                if row.stripe_id not in newest or newest[row.stripe_id][0] < one.seq:
                    newest[row.stripe_id] = (one.seq, row.name)
            deleted |= {each.stripe_id for each in one.gone if each.table == "participant"}
    return {key: name for key, (_, name) in newest.items() if key not in deleted}


@pytest.mark.deep
@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.lists(heard, min_size=1, max_size=3), max_size=6))
def test_participants_are_what_the_newest_request_said(
    store: Store, story: list[list[RedirectAnswer]]
) -> None:
    here = connection(store)
    for delivery in story:
        send(store, here, *(one.answer() for one in delivery))
    assert names(store, here) == newest_wins(story)


def test_without_subscriptions_there_are_no_segments_by_them(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a")], products=[product("prod_a")]))
    assert members(store, here) == {"all": {"cus_a"}}
    make_segments(store, here)
    assert members(store, here)["none"] == {"cus_a"}
    with store.transaction():
        membership.drop_subscription_segments(store, here, history.listing_cause(store, here))
    assert members(store, here) == {"all": {"cus_a"}}
    assert_exact(store, here)


def test_made_again_the_segments_are_the_same(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a")], products=[product("prod_a")]))
    make_segments(store, here)
    kept = store.rows("SELECT id, key, count FROM segment ORDER BY id")
    make_segments(store, here)
    assert store.rows("SELECT id, key, count FROM segment ORDER BY id") == kept


@pytest.mark.parametrize("first", ["product", "subscription"])
def test_a_product_and_its_subscribers_may_come_in_either_order(store: Store, first: str) -> None:
    here = connection(store)
    make_segments(store, here)
    bought = Fetched(
        1,
        participants=[person("cus_a")],
        subscriptions=[subscribed("sub_a", "cus_a", "past_due")],
        items=[item("sub_a", "prod_a")],
    )
    named = Fetched(2, products=[product("prod_a")])
    for answer in (named, bought) if first == "product" else (bought, named):
        send(store, here, answer)
    assert members(store, here)["product:prod_a"] == {"cus_a"}
    assert_exact(store, here)
