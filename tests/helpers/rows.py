"""Rows as a source hands them to the store, and what the rules say of those that are stored."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from app.db import connections, history, membership, people
from app.db.apply import deliver
from app.db.indexes import subscription_indexes
from app.db.rows import (
    Fetched,
    ItemRow,
    ParticipantRow,
    PriceRow,
    ProductRow,
    SubscriptionRow,
    SyncDelivery,
)
from app.db.segment_rules import belonging
from app.db.store import Store
from tests.helpers.truth import Held, segments_of

_accounts = itertools.count()


def connection(store: Store) -> int:
    """A new connection of a new account."""
    return connections.record(
        store, "stripe", f"acct_{next(_accounts)}", False, "Test", "restricted_key"
    )


def person(key: str, **fields: Any) -> ParticipantRow:
    row = ParticipantRow(key, f"{key}@example.com", key, None, "usd", "{}", 1_700_000_000)
    return row._replace(**fields)


def subscribed(key: str, customer: str, status: str = "active", **fields: Any) -> SubscriptionRow:
    row = SubscriptionRow(key, customer, status, 1_700_000_000, None, None, None, None, None, False)
    return row._replace(**fields)


def item(owner: str, product: str, **fields: Any) -> ItemRow:
    row = ItemRow(owner, f"si_{owner}_{product}", f"price_{product}", product, 1_800_000_000)
    return row._replace(**fields)


def product(key: str, name: str = "Product", active: bool = True) -> ProductRow:
    return ProductRow(key, name, active)


def price(key: str, **fields: Any) -> PriceRow:
    return PriceRow(key, "prod_a", None, True, "usd", 1_200, "month")._replace(**fields)


def send(store: Store, connection_id: int, *answers: Fetched) -> None:
    """Commit answers in one delivery."""
    deliver(store, connection_id, [SyncDelivery(list(answers))])


def make_segments(store: Store, connection_id: int) -> None:
    """What a sync does once the subscriptions are here."""
    subscription_indexes.build(store)
    with store.transaction():
        cause = history.listing_cause(store, connection_id)
        membership.create_subscription_segments(store, connection_id, cause)
    for chunk in people.chunks(store, connection_id):
        with store.transaction():
            membership.fill(store, chunk, cause)


def names(store: Store, connection_id: int) -> dict[str, str | None]:
    """Stripe id → name of every participant that is not deleted."""
    rows = store.rows(
        "SELECT stripe_id, name FROM participant WHERE connection_id = ? AND NOT deleted",
        (connection_id,),
    )
    found: dict[str, str | None] = dict(rows)
    return found


def items(store: Store) -> set[tuple[str, str]]:
    """(subscription, product) of every item stored."""
    return set(
        store.rows(
            "SELECT s.stripe_id, i.product FROM subscription_item i"
            " JOIN subscription s ON s.id = i.subscription_id"
        )
    )


def members(store: Store, connection_id: int) -> dict[str, set[str]]:
    """Segment key → Stripe ids of its members, as remembered."""
    found: dict[str, set[str]] = {
        key: set()
        for (key,) in store.rows(
            "SELECT key FROM segment WHERE connection_id = ?", (connection_id,)
        )
    }
    for key, who in store.rows(
        "SELECT g.key, p.stripe_id FROM member m JOIN segment g ON g.id = m.segment_id"
        " JOIN participant p ON p.id = m.participant_id WHERE g.connection_id = ?",
        (connection_id,),
    ):
        found[key].add(who)
    return found


def by_the_rules(store: Store, connection_id: int, segments: Iterable[str]) -> dict[str, set[str]]:
    """Segment key → who belongs there, worked out in Python from the stored rows."""
    here = (connection_id,)
    held: dict[str, list[Held]] = defaultdict(list)
    for customer, status, paused, bought in store.rows(
        "SELECT s.customer, s.status, s.collection_paused, i.product FROM subscription s"
        " LEFT JOIN subscription_item i ON i.subscription_id = s.id"
        " WHERE s.connection_id = ? AND NOT s.deleted",
        here,
    ):
        products = frozenset({bought} - {None})
        held[customer].append(Held(status, bool(paused), products))
    belongs = {who: segments_of(held[who]) for who in names(store, connection_id)}
    return {key: {who for who, keys in belongs.items() if key in keys} for key in segments}


def assert_exact(store: Store, connection_id: int) -> None:
    """Members equal the rules, and each segment's counts equal its members."""
    remembered = members(store, connection_id)
    assert remembered == by_the_rules(store, connection_id, remembered)
    queried = store.rows(belonging("p.connection_id = ?"), (connection_id,))
    pairs = "segment_id IN (SELECT id FROM segment WHERE connection_id = ?)"
    select = f"SELECT participant_id, segment_id FROM member WHERE {pairs}"
    assert set(queried) == set(store.rows(select, (connection_id,)))
    emails: dict[str, str | None] = dict(
        store.rows(
            "SELECT stripe_id, email FROM participant WHERE connection_id = ?", (connection_id,)
        )
    )
    for key, count, with_email in store.rows(
        "SELECT key, count, with_email FROM segment WHERE connection_id = ?", (connection_id,)
    ):
        assert count == len(remembered[key]), key
        assert with_email == sum(bool(emails[who]) for who in remembered[key]), key
