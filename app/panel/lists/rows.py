"""The rows of a list that are visible, by their ids: a few dozen, in a few milliseconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.db import history
from app.db.store import Store
from app.panel.labels import LIVE, standing
from app.panel.lists.selection import EVERYBODY
from app.text import plain


@dataclass(frozen=True)
class PersonRow:
    """One line of a list. Name, email, phone and metadata (a JSON object as text) are foreign text
    as Stripe sent it; ``plan`` and ``status`` are words to show. ``since``: when the person came
    into the segment, None when they are no member (any more). Times are seconds since 1970."""

    id: int
    stripe_id: str
    name: str | None
    email: str | None
    phone: str | None
    currency: str | None
    metadata: str
    plan: str
    status: str
    since: int | None
    created: int | None
    deleted: bool


def rows(
    store: Store, connection_id: int, ids: Sequence[int], segment: str | None = None
) -> list[PersonRow]:
    """These people in this order, as members of ``segment`` (None: of everybody). Who is not
    here (any more) is left out."""
    packed = store.values(ids)
    people = store.rows(
        "SELECT p.id, p.stripe_id, p.name, p.email, p.phone, p.currency, p.metadata, p.created,"
        f" p.deleted FROM participant p WHERE {store.among('p.id')}",
        (packed,),
    )
    held = _held(store, connection_id, [row[1] for row in people])
    joined: dict[int, int] = dict(
        store.rows(
            f"SELECT m.participant_id, {history.since(store)}"
            " FROM segment g CROSS JOIN member m JOIN connection k ON k.id = g.connection_id"
            " LEFT JOIN cause j ON j.id = m.cause"
            " WHERE g.connection_id = ? AND g.key = ? AND m.segment_id = g.id"
            f" AND {store.among('m.participant_id')}",
            (connection_id, segment or EVERYBODY, packed),
        )
    )
    found = {
        key: PersonRow(
            *(key, stripe_id, name, email, phone, currency, metadata),
            *(held[stripe_id].plan, held[stripe_id].status),
            *(joined.get(key), created, bool(deleted)),
        )
        for key, stripe_id, name, email, phone, currency, metadata, created, deleted in people
    }
    return [found[key] for key in ids if key in found]


class _CachedRows:
    """What somebody has of subscriptions."""

    def __init__(self) -> None:
        self._statuses: list[str] = []
        self._plans: set[tuple[str, str]] = set()

    def add(self, status: str, product: str | None, name: str | None) -> None:
        self._statuses.append(status)
        if status in LIVE and product is not None:
            self._plans.add((name or product, product))

    @property
    def plan(self) -> str:
        names = sorted(self._plans, key=lambda one: (one[0].casefold(), one[1]))
        return ", ".join(plain(name, 80) for name, _ in names)

    @property
    def status(self) -> str:
        return standing(self._statuses)


def _held(
    store: Store, connection_id: int, customers: Sequence[str]
) -> defaultdict[str, _CachedRows]:
    held: defaultdict[str, _CachedRows] = defaultdict(_CachedRows)
    for customer, status, product, name in store.rows(
        "SELECT s.customer, s.status, i.product, d.name FROM subscription s"
        " LEFT JOIN subscription_item i ON i.subscription_id = s.id"
        " LEFT JOIN product d ON d.connection_id = s.connection_id AND d.stripe_id = i.product"
        f" WHERE s.connection_id = ? AND NOT s.deleted AND {store.among('s.customer')}",
        (connection_id, store.values(customers)),
    ):
        held[customer].add(status, product, name)
    return held
