"""When and why a participant was in a segment, as intervals rather than snapshots.

A member's row names the cause of the membership. When the membership ends, its start and end move
to ``past_member`` in the same transaction. A cause is a Stripe event, or a full listing where no
event explains the change. Times are Stripe's clock. A membership that would end before it began is
impossible and leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.db import subscriptions
from app.db.rows import EventRow, Fetched
from app.db.store import Row, Store

DELETED = "customer.deleted"

# An earlier version kept no causes. Without one, the connection's start is used.
_ENDED = """
INSERT INTO past_member (participant_id, segment_key, since, until, joined_by, left_by)
SELECT ended.participant_id, ended.key, ended.since, ended.until, ended.cause, ended.left_by FROM (
  SELECT m.participant_id, g.key, m.cause, l.at AS until, l.id AS left_by, {since} AS since
  FROM member m
  JOIN segment g ON g.id = m.segment_id
  JOIN connection k ON k.id = g.connection_id
  JOIN cause l ON l.id = ?
  LEFT JOIN cause j ON j.id = m.cause
  WHERE {which}
) AS ended WHERE ended.until >= ended.since"""


def since(store: Store) -> str:
    """SQL for the start of a membership: of ``member m`` with its ``segment g``, ``connection k``
    and ``cause j``. It is never before the end of the participant's last membership of the segment,
    whatever order the causes became known in."""
    greatest = "greatest" if store.postgres else "max"
    return (
        f"{greatest}(coalesce(j.at, k.connected_at), coalesce((SELECT max(b.until)"
        " FROM past_member b WHERE b.participant_id = m.participant_id"
        " AND b.segment_key = g.key), 0))"
    )


def listing_cause(store: Store, connection_id: int) -> int:
    """The cause for the connection's current full listing."""
    found = store.rows(
        "SELECT c.id FROM cause c JOIN connection k ON k.id = c.connection_id"
        " AND k.generation = c.generation WHERE k.id = ?",
        (connection_id,),
    )
    if not found:
        store.execute(
            "INSERT INTO cause (connection_id, at, generation)"
            " SELECT id, coalesce(events_through, ?), generation FROM connection WHERE id = ?",
            (store.now(), connection_id),
        )
        return listing_cause(store, connection_id)
    return int(found[0][0])


def last_listing(store: Store, connection_id: int) -> int | None:
    """When the last full listing began, on Stripe's clock."""
    (at,) = store.row(
        "SELECT max(at) FROM cause WHERE connection_id = ? AND generation IS NOT NULL",
        (connection_id,),
    )
    return None if at is None else int(at)


def event_cause(store: Store, connection_id: int, event: EventRow) -> int:
    """The cause for an event."""
    store.execute(
        "INSERT INTO cause (connection_id, at, event, type) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (connection_id, event) DO NOTHING",
        (connection_id, event.created, event.stripe_id, event.type),
    )
    (found,) = store.row(
        "SELECT id FROM cause WHERE connection_id = ? AND event = ?",
        (connection_id, event.stripe_id),
    )
    return int(found)


def local_cause(store: Store, connection_id: int, kind: str) -> int:
    """A new cause that is not Stripe's: "made" (a segment was created, changed or deleted) or
    "time" (time passed)."""
    return store.insert_one(
        "INSERT INTO cause (connection_id, at, type) VALUES (?, ?, ?)",
        (connection_id, store.now(), kind),
    )


def end_memberships(store: Store, members: Sequence[Row]) -> None:
    """Keep the history of (participant, segment, cause) rows that are about to be deleted."""
    sql = _ENDED.format(since=since(store), which="m.participant_id = ? AND m.segment_id = ?")
    store.execute_many(sql, [(cause, person, segment) for person, segment, cause in members])


def end_segments(store: Store, segments: Sequence[int], cause: int) -> None:
    """Keep the history of segments that are about to be deleted with all their members."""
    sql = _ENDED.format(since=since(store), which="m.segment_id = ?")
    store.execute_many(sql, [(cause, segment) for segment in segments])


class Reasons:
    """Why members change: the causes behind some answers."""

    def __init__(
        self, store: Store, connection_id: int, answers: Iterable[Fetched], *, by_subscription: bool
    ) -> None:
        self._store = store
        self._connection_id = connection_id
        self._own: dict[str, EventRow] = {}  # by Stripe customer id
        self._held: dict[str, EventRow] = {}  # the same, for their subscriptions
        for answer in answers:
            if answer.event is None:
                continue
            for row in answer.participants:
                self._own[row.stripe_id] = answer.event
            for gone in answer.gone:
                if gone.table == "participant":
                    self._own[gone.stripe_id] = answer.event
            if by_subscription:
                for customer in subscriptions.owners(store, connection_id, [answer]):
                    self._held[customer] = answer.event

    @property
    def by_event(self) -> bool:
        """Whether an event is the cause for anyone. If not, the listing is the cause for
        everyone."""
        return bool(self._own or self._held)

    def listing(self) -> int:
        """The cause for participants without an event."""
        return listing_cause(self._store, self._connection_id)

    def stamped(self, members: Iterable[Row]) -> list[Row]:
        """(participant, segment, cause) for each (participant, segment)."""
        members = sorted(members)
        if not members:
            return []
        if not self.by_event:
            listing = self.listing()
            return [(*member, listing) for member in members]
        people = {person for person, _ in members}
        names: dict[int, str] = dict(
            self._store.rows(
                f"SELECT id, stripe_id FROM participant WHERE {self._store.among('id')}",
                (self._store.values(people),),
            )
        )
        everybody = self._store.rows(
            "SELECT id FROM segment WHERE connection_id = ? AND key = 'all'",
            (self._connection_id,),
        )
        known: dict[EventRow | None, int] = {}
        stamped: list[Row] = []
        for person, segment in members:
            event = self._event(names[person], (segment,) in everybody)
            if event not in known:
                known[event] = (
                    event_cause(self._store, self._connection_id, event)
                    if event
                    else self.listing()
                )
            stamped.append((person, segment, known[event]))
        return stamped

    def _event(self, customer: str, everybody: bool) -> EventRow | None:
        """The event behind a change. A subscription's event explains moves between its segments.
        The customer's own event explains that the customer came or went."""
        own, held = self._own.get(customer), self._held.get(customer)
        if everybody or (own is not None and own.type == DELETED):
            return own or held
        return held or own
