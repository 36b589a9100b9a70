"""The visible rows of a list by id: a few dozen, in a few milliseconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.db import history
from app.db.segment_rules import LIVE
from app.db.store import Store
from app.panel.knowledge import certain, doubts_of
from app.panel.labels import standing
from app.panel.lists.selection import EVERYBODY
from app.panel.stored_participant import StoredParticipant, stored, values
from app.text import plain


@dataclass(frozen=True)
class PersonRow(StoredParticipant):
    """One line of a list. ``plan`` and ``status`` are display text. ``since`` is when the
    participant joined the segment, or None for a participant who is not a member (any more)."""

    plan: str
    status: str
    since: int | None

    @property
    def line(self) -> dict[str, Any]:
        """All its fields by name, for an export."""
        words = {"plan": self.plan, "status": self.status}
        return {**values(self.stored), **words, "since": self.since, "deleted": self.deleted}


def rows(
    store: Store, connection_id: int, ids: Sequence[int], segment: str | None = None
) -> list[PersonRow]:
    """These participants in this order, as members of ``segment`` (None: of the segment of
    everyone). Participants who are not stored (any more) are left out."""
    people = stored(store, ids)
    customers = [one.stripe_id for one in people.values()]
    held = _held(store, connection_id, customers)
    everyone, doubtful = doubts_of(store, connection_id, customers)
    joined: dict[int, int] = dict(
        store.rows(
            f"SELECT m.participant_id, {history.since(store)}"
            " FROM segment g CROSS JOIN member m JOIN connection k ON k.id = g.connection_id"
            " LEFT JOIN cause j ON j.id = m.cause"
            " WHERE g.connection_id = ? AND g.key = ? AND m.segment_id = g.id"
            f" AND {store.among('m.participant_id')}",
            (connection_id, segment or EVERYBODY, store.values(ids)),
        )
    )
    return [
        PersonRow(
            one.id,
            one.stored,
            one.deleted,
            plan=held[one.stripe_id].plan,
            status=held[one.stripe_id].status(doubtful.get(one.stripe_id, everyone)),
            since=joined.get(one.id),
        )
        for one in (people[key] for key in ids if key in people)
    ]


class _Holdings:
    """What a participant's subscriptions amount to."""

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

    def status(self, unless_certain: str) -> str:
        """The overall status. ``unless_certain`` stands in place of one that could be another."""
        if unless_certain and not certain(self._statuses):
            return unless_certain
        return standing(self._statuses)


def _held(
    store: Store, connection_id: int, customers: Sequence[str]
) -> defaultdict[str, _Holdings]:
    held: defaultdict[str, _Holdings] = defaultdict(_Holdings)
    for customer, status, product, name in store.rows(
        "SELECT s.customer, s.status, i.product, d.name FROM subscription s"
        " LEFT JOIN subscription_item i ON i.subscription_id = s.id"
        " LEFT JOIN product d ON d.connection_id = s.connection_id AND d.stripe_id = i.product"
        f" WHERE s.connection_id = ? AND NOT s.deleted AND {store.among('s.customer')}",
        (connection_id, store.values(customers)),
    ):
        held[customer].add(status, product, name)
    return held
