"""Checks that the panel is consistent: members with the rules, counts with the members.

Each check is one statement, which sees one state of the database. The results therefore hold while
another process writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.db.people import ParticipantSet
from app.db.segment_rules import BUILTIN, belonging
from app.db.store import Store
from app.panel.audit.stored import every

GROUP = 500


class WrongMembership(NamedTuple):
    """A participant who is in a segment but should not be (``member``), or the reverse."""

    participant: str
    segment: str
    member: bool


class WrongCount(NamedTuple):
    """A wrong number stored for a segment. ``field``: count or with_email."""

    segment: str
    field: str
    remembered: int
    members: int


class WrongReference(NamedTuple):
    """A segment that should exist but does not, or the reverse (``here``)."""

    segment: str
    here: bool


Contradiction = WrongMembership | WrongCount | WrongReference


def contradictions(
    store: Store, connection_id: int, *, by_subscription: bool, ids: Sequence[int] | None = None
) -> Iterator[list[Contradiction]]:
    """Every inconsistency in the panel, in parts of constant size.

    ``by_subscription``: whether the segments that depend on subscriptions should exist. ``ids``:
    row ids of the participants whose memberships are checked, None for all.
    """
    for people in _stretches(store, connection_id, ids):
        yield [*_misplaced(store, people, by_subscription=by_subscription)]
    yield [*_unfitting(store, connection_id, by_subscription=by_subscription)]
    for key, name in store.rows(
        "SELECT id, key FROM segment WHERE connection_id = ? ORDER BY key", (connection_id,)
    ):
        yield [*_miscounted(store, key, name)]


def _stretches(
    store: Store, connection_id: int, ids: Sequence[int] | None
) -> Iterator[ParticipantSet]:
    if ids is None:
        for rows in every(store, connection_id, "participant"):
            yield ParticipantSet(
                "p.id >= ? AND p.id <= ? AND +p.connection_id = ?",
                (rows[0].id, rows[-1].id, connection_id),
            )
        return
    for start in range(0, len(ids), GROUP):
        yield ParticipantSet(store.among("p.id"), (store.values(ids[start : start + GROUP]),))


def _misplaced(
    store: Store, people: ParticipantSet, *, by_subscription: bool
) -> list[WrongMembership]:
    """The memberships of these participants that differ from the rules, computed from scratch."""
    rule = belonging(people.condition, by_subscription=by_subscription)
    rows = store.rows(
        f"""
WITH told(participant_id, segment_id) AS MATERIALIZED ({rule}),
kept(participant_id, segment_id) AS MATERIALIZED (
  SELECT m.participant_id, m.segment_id FROM participant p CROSS JOIN member m
  WHERE m.participant_id = p.id AND {people.condition}
)
SELECT p.stripe_id, g.key, x.member FROM (
  SELECT participant_id, segment_id, 0 AS member FROM (
    SELECT participant_id, segment_id FROM told
    EXCEPT SELECT participant_id, segment_id FROM kept) missing
  UNION ALL
  SELECT participant_id, segment_id, 1 FROM (
    SELECT participant_id, segment_id FROM kept
    EXCEPT SELECT participant_id, segment_id FROM told) extra
) x JOIN participant p ON p.id = x.participant_id JOIN segment g ON g.id = x.segment_id
ORDER BY 1, 2""",
        (*people.parameters, *people.parameters),
    )
    return [WrongMembership(who, key, bool(member)) for who, key, member in rows]


def _miscounted(store: Store, segment_id: int, key: str) -> list[WrongCount]:
    """The wrong counts stored for a segment."""
    rows = store.rows(
        "SELECT g.count, g.with_email, count(p.id),"
        " coalesce(sum(CASE WHEN p.email IS NULL OR p.email = '' THEN 0 ELSE 1 END), 0)"
        " FROM segment g LEFT JOIN member m ON m.segment_id = g.id"
        " LEFT JOIN participant p ON p.id = m.participant_id"
        " WHERE g.id = ? GROUP BY g.id, g.count, g.with_email",
        (segment_id,),
    )
    found = []
    for count, with_email, members, reachable in rows:  # no rows if it was deleted since
        if count != members:
            found.append(WrongCount(key, "count", count, int(members)))
        if with_email != reachable:
            found.append(WrongCount(key, "with_email", with_email, int(reachable)))
    return found


def _unfitting(store: Store, connection_id: int, *, by_subscription: bool) -> list[WrongReference]:
    keys = [one.key for one in BUILTIN.values() if by_subscription or not one.by_subscription]
    of_products = (
        " UNION SELECT 'product:' || stripe_id FROM product WHERE connection_id = ? AND NOT deleted"
        if by_subscription
        else ""
    )
    told = " UNION ".join(["SELECT CAST(? AS text) AS key"] * len(keys)) + of_products
    there = "SELECT key FROM segment WHERE connection_id = ?"
    rows = store.rows(
        f"WITH told(key) AS ({told}), there(key) AS ({there})"
        " SELECT key, 0 FROM (SELECT key FROM told EXCEPT SELECT key FROM there) missing"
        " UNION ALL"
        " SELECT key, 1 FROM (SELECT key FROM there EXCEPT SELECT key FROM told) extra ORDER BY 1",
        (*keys, *([connection_id] if by_subscription else []), connection_id),
    )
    return [WrongReference(key, bool(here)) for key, here in rows]
