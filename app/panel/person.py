"""Everything about one participant, for a pane of details."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.db.store import Row, Store
from app.panel.labels import LIVE, price_words, rhythm, standing, status_words
from app.panel.segments.memberships import Membership, places
from app.panel.segments.views import BUILTIN

DASHBOARD = "https://dashboard.stripe.com"


@dataclass(frozen=True)
class HeldItem:
    """A price of a subscription. ``product`` and ``nickname`` are foreign text; ``price`` is in
    words: "12.00 EUR monthly"; "" where nobody knows the price."""

    product_id: str
    product: str
    price_id: str
    nickname: str | None
    price: str
    rhythm: str  # "monthly"; "" as well
    period_end: int | None


@dataclass(frozen=True)
class HeldSubscription:
    """A subscription. Times are seconds since 1970."""

    stripe_id: str
    status: str  # as Stripe has it
    status_words: str
    created: int
    start: int | None
    trial_end: int | None
    cancel_at: int | None
    canceled_at: int | None
    ended_at: int | None
    items: tuple[HeldItem, ...]


@dataclass(frozen=True)
class SegmentMembership:
    """A place in a segment, whose ``name`` is foreign text where it is a product's."""

    name: str
    place: Membership


@dataclass(frozen=True)
class Person:
    """A participant. Name, email, phone and metadata are foreign text as Stripe sent it; ``now``
    and ``past`` are their places in segments, the newest first."""

    id: int
    stripe_id: str
    name: str | None
    email: str | None
    phone: str | None
    currency: str | None
    metadata: dict[str, str]
    created: int | None
    deleted: bool
    status: str
    subscriptions: tuple[HeldSubscription, ...]
    now: tuple[SegmentMembership, ...]
    past: tuple[SegmentMembership, ...]
    url: str


def person(store: Store, row_id: int) -> Person | None:
    """The participant of this row id; None when there is none. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT p.connection_id, p.stripe_id, p.name, p.email, p.phone, p.currency, p.metadata,"
        " p.created, p.deleted, k.account, k.livemode FROM participant p"
        " JOIN connection k ON k.id = p.connection_id WHERE p.id = ?",
        (row_id,),
    )
    if not rows:
        return None
    here, stripe_id, name, email, phone, currency, metadata, created, deleted, *whose = rows[0]
    held = subscriptions(store, here, stripe_id)
    had = places(store, here, stripe_id)[::-1]
    names = segment_names(store, here, [one.segment for one in had])
    named = [SegmentMembership(names[one.segment], one) for one in had]
    return Person(
        *(row_id, stripe_id, name, email, phone, currency, json.loads(metadata), created),
        deleted=bool(deleted),
        status="deleted" if deleted else standing([one.status for one in held]),
        subscriptions=tuple(held),
        now=tuple(one for one in named if one.place.until is None),
        past=tuple(one for one in named if one.place.until is not None),
        url=dashboard_url(stripe_id, whose[0], livemode=bool(whose[1])),
    )


def dashboard_url(stripe_id: str, account: str, *, livemode: bool) -> str:
    """The customer's page in Stripe's Dashboard, of this account whoever is logged in."""
    test = "" if livemode else "test/"
    return f"{DASHBOARD}/{account}/{test}customers/{stripe_id}"


def subscriptions(store: Store, connection_id: int, customer: str) -> list[HeldSubscription]:
    """What a Stripe customer holds and held: live ones first, then the newest."""
    rows = store.rows(
        "SELECT id, stripe_id, status, created, start, trial_end, cancel_at, canceled_at, ended_at"
        " FROM subscription WHERE connection_id = ? AND customer = ? AND NOT deleted",
        (connection_id, customer),
    )
    items = _items(store, connection_id, [row[0] for row in rows])
    held = [_held(row, items[row[0]]) for row in rows]
    return sorted(held, key=lambda one: (one.status not in LIVE, -one.created, one.stripe_id))


def _held(row: Row, items: Sequence[HeldItem]) -> HeldSubscription:
    _, stripe_id, status, created, start, trial_end, cancel_at, canceled_at, ended_at = row
    return HeldSubscription(
        *(stripe_id, status, status_words(status), created),
        *(start, trial_end, cancel_at, canceled_at, ended_at),
        items=tuple(items),
    )


def _items(
    store: Store, connection_id: int, owners: Sequence[int]
) -> defaultdict[int, list[HeldItem]]:
    found: defaultdict[int, list[HeldItem]] = defaultdict(list)
    for owner, product, name, price, nickname, amount, currency, interval, end in store.rows(
        "SELECT i.subscription_id, i.product, d.name, i.price, r.nickname, r.unit_amount,"
        " r.currency, r.interval, i.current_period_end FROM subscription_item i"
        " LEFT JOIN product d ON d.connection_id = ? AND d.stripe_id = i.product"
        " LEFT JOIN price r ON r.connection_id = ? AND r.stripe_id = i.price"
        f" WHERE {store.among('i.subscription_id')} ORDER BY i.subscription_id, i.stripe_id",
        (connection_id, connection_id, store.values(owners)),
    ):
        words = (
            (price_words(amount, currency, interval), rhythm(interval)) if currency else ("", "")
        )
        found[owner].append(HeldItem(product, name or product, price, nickname, *words, end))
    return found


def segment_names(store: Store, connection_id: int, keys: Sequence[str]) -> dict[str, str]:
    """The name of each segment by its key, also of one that is gone."""
    products = [key.removeprefix("product:") for key in keys if key.startswith("product:")]
    known: dict[str, str] = dict(
        store.rows(
            "SELECT stripe_id, name FROM product WHERE connection_id = ?"
            f" AND {store.among('stripe_id')}",
            (connection_id, store.values(products)),
        )
    )
    named = {f"product:{product}": known.get(product, product) for product in products}
    named |= dict(
        store.rows(
            "SELECT key, name FROM segment WHERE connection_id = ? AND kind = 'own'"
            f" AND name IS NOT NULL AND {store.among('key')}",
            (connection_id, store.values(keys)),
        )
    )
    return {key: named[key] if key in named else BUILTIN.get(key, (key,))[0] for key in keys}
