"""Everything about one participant, for the details pane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.db.rows import SubscriptionRow
from app.db.segment_rules import BUILTIN, LIVE
from app.db.store import Store
from app.db.stored_json import stored_metadata
from app.panel.knowledge import Knowledge, certain, doubts_of, knowledge
from app.panel.labels import price_words, rhythm, standing, status_words
from app.panel.segments.memberships import Membership, places
from app.panel.stored_participant import StoredParticipant, stored

DASHBOARD = "https://dashboard.stripe.com"


@dataclass(frozen=True)
class HeldItem:
    """A price in a subscription. ``product`` and ``nickname`` are foreign text. ``price`` is in
    words, such as "12.00 EUR monthly", or "" if it is unknown."""

    product_id: str
    product: str
    price_id: str
    nickname: str | None
    price: str
    rhythm: str  # "monthly", or "" if unknown
    period_end: int | None


@dataclass(frozen=True)
class HeldSubscription:
    """A subscription. Times are seconds since 1970."""

    stripe_id: str
    status: str  # as Stripe writes it
    status_words: str
    created: int
    start: int | None
    trial_end: int | None
    cancel_at: int | None
    canceled_at: int | None
    ended_at: int | None
    collection_paused: bool
    items: tuple[HeldItem, ...]


@dataclass(frozen=True)
class SegmentMembership:
    """A membership of a segment. The ``name`` of a product's segment is foreign text."""

    name: str
    place: Membership


@dataclass(frozen=True)
class Person(StoredParticipant):
    """A participant with everything that is known. ``now`` and ``past`` are current and past
    memberships, newest first."""

    status: str
    subscriptions: tuple[HeldSubscription, ...]
    doubt: str  # why there may be other subscriptions, "" if all are known
    now: tuple[SegmentMembership, ...]
    past: tuple[SegmentMembership, ...]
    url: str

    @property
    def metadata(self) -> dict[str, str]:
        return stored_metadata(self.stored.metadata)


def person(store: Store, row_id: int) -> Person | None:
    """The participant with this row id, or None if there is none. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT k.id, k.account, k.livemode FROM participant p"
        " JOIN connection k ON k.id = p.connection_id WHERE p.id = ?",
        (row_id,),
    )
    one = stored(store, [row_id]).get(row_id)
    if not rows or one is None:
        return None
    here, account, livemode = rows[0]
    stripe_id = one.stripe_id
    held = subscriptions(store, here, stripe_id)
    had = places(store, here, stripe_id)[::-1]
    names = segment_names(store, here, [one.segment for one in had])
    everyone, doubtful = doubts_of(store, here, [stripe_id])
    doubt = doubtful.get(stripe_id, everyone)
    named = [SegmentMembership(names[one.segment], one) for one in had]
    return Person(
        row_id,
        one.stored,
        one.deleted,
        status="not known" if one.lost else "deleted" if one.deleted else _status(held, doubt),
        subscriptions=tuple(held),
        doubt=_why_doubtful(store, here, stripe_id),
        now=tuple(one for one in named if one.place.until is None),
        past=tuple(one for one in named if one.place.until is not None),
        url=dashboard_url(stripe_id, account, livemode=bool(livemode)),
    )


def _status(held: Sequence[HeldSubscription], doubt: str) -> str:
    statuses = [one.status for one in held]
    return doubt if doubt and not certain(statuses) else standing(statuses)


def _why_doubtful(store: Store, connection_id: int, customer: str) -> str:
    known = knowledge(store, connection_id)
    if known is not Knowledge.KNOWN:
        return f"{known.word}: {_DOUBTS[known]}"
    (number,) = store.row(
        "SELECT count(*) FROM quarantine WHERE connection_id = ? AND listing = 'subscriptions'"
        " AND customer = ?",
        (connection_id, customer),
    )
    return f"{number} more could not be stored (to see why, run panelist info)" if number else ""


_DOUBTS = {
    Knowledge.FETCHING: "subscriptions are still syncing",
    Knowledge.FORBIDDEN: "the key has no permission to read subscriptions",
}


def dashboard_url(stripe_id: str, account: str, *, livemode: bool) -> str:
    """The customer's page in Stripe's Dashboard. It opens in this account, whichever account is
    logged in."""
    test = "" if livemode else "test/"
    return f"{DASHBOARD}/{account}/{test}customers/{stripe_id}"


def subscriptions(store: Store, connection_id: int, customer: str) -> list[HeldSubscription]:
    """A Stripe customer's current and past subscriptions: live ones first, then newest first."""
    rows = store.rows(
        f"SELECT id, {', '.join(SubscriptionRow._fields)} FROM subscription"
        " WHERE connection_id = ? AND customer = ? AND NOT deleted",
        (connection_id, customer),
    )
    items = _items(store, connection_id, [row[0] for row in rows])
    held = [_held(SubscriptionRow(*row), items[key]) for key, *row in rows]
    return sorted(held, key=lambda one: (one.status not in LIVE, -one.created, one.stripe_id))


def _held(row: SubscriptionRow, items: Sequence[HeldItem]) -> HeldSubscription:
    paused = ", payment collection paused" if row.collection_paused else ""
    return HeldSubscription(
        stripe_id=row.stripe_id,
        status=row.status,
        status_words=status_words(row.status) + paused,
        created=row.created,
        start=row.start,
        trial_end=row.trial_end,
        cancel_at=row.cancel_at,
        canceled_at=row.canceled_at,
        ended_at=row.ended_at,
        collection_paused=bool(row.collection_paused),
        items=tuple(items),
    )


def _items(
    store: Store, connection_id: int, owners: Sequence[int]
) -> defaultdict[int, list[HeldItem]]:
    found: defaultdict[int, list[HeldItem]] = defaultdict(list)
    for owner, product, name, price, nickname, amount, currency, interval, count, end in store.rows(
        "SELECT i.subscription_id, i.product, d.name, i.price, r.nickname, r.unit_amount,"
        " r.currency, r.interval, r.interval_count, i.current_period_end FROM subscription_item i"
        " LEFT JOIN product d ON d.connection_id = ? AND d.stripe_id = i.product"
        " LEFT JOIN price r ON r.connection_id = ? AND r.stripe_id = i.price"
        f" WHERE {store.among('i.subscription_id')} ORDER BY i.subscription_id, i.stripe_id",
        (connection_id, connection_id, store.values(owners)),
    ):
        words = (
            (price_words(amount, currency, interval, count), rhythm(interval, count))
            if currency
            else ("", "")
        )
        found[owner].append(HeldItem(product, name or product, price, nickname, *words, end))
    return found


def segment_names(store: Store, connection_id: int, keys: Sequence[str]) -> dict[str, str]:
    """The name of each segment by key, including deleted segments."""
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
    builtin = {key: one.name for key, one in BUILTIN.items()}
    return {key: named.get(key, builtin.get(key, key)) for key in keys}
