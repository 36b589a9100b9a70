"""Orders participants by when they joined a segment.

Most members of a large segment joined with the same first listing and form a block that is already
in row id order. Only the others are found and sorted, and placed before or after the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.db import history
from app.db.store import Store
from app.panel.lists.selection import ResolvedSelection

SAMPLE = 1_000

_PLACES = (
    "FROM member m JOIN segment g ON g.id = m.segment_id"
    " JOIN connection k ON k.id = g.connection_id LEFT JOIN cause j ON j.id = m.cause"
)


@dataclass(frozen=True)
class LaterMembers:
    """Row ids of members who did not join with the large block, earliest first."""

    before: list[int]
    after: list[int]


def sorted_by_since(
    store: Store, found: ResolvedSelection, ids: Sequence[int], descending: bool
) -> list[int]:
    """A few members in this order."""
    way = " DESC" if descending else ""
    (gathered,) = store.row(
        f"SELECT {store.gathered('id')} FROM (SELECT m.participant_id AS id {_PLACES}"
        f" WHERE m.segment_id = ? AND {store.among('m.participant_id')}"
        f" ORDER BY {history.since(store)}{way}, m.participant_id{way}) x",
        (found.segment_id, store.values(ids)),
    )
    return store.unpacked(gathered)


def exceptions(store: Store, found: ResolvedSelection) -> LaterMembers:
    """All such members of the segment, whatever the conditions."""
    cause, at = _block(store, found.segment_id)
    # For a large part of all members, reading all of them is faster than an index that does not
    # hold the cause.
    (every,) = store.row("SELECT coalesce(sum(count), 0) FROM segment")
    plus = "" if store.postgres or found.members * 4 < every else "+"
    gathered, before, same = store.row(
        f"SELECT {store.gathered('id')}, count(CASE WHEN since < ? THEN 1 END),"
        " count(CASE WHEN since = ? THEN 1 END) FROM ("
        f"SELECT m.participant_id AS id, {history.since(store)} AS since {_PLACES}"
        f" WHERE {plus}m.segment_id = ? AND (m.cause <> ? OR m.participant_id IN ("
        "SELECT b.participant_id FROM past_member b WHERE b.segment_key = ?))"
        " ORDER BY since, id) x",
        (at, at, found.segment_id, cause, found.chosen.key),
    )
    ids = store.unpacked(gathered)
    return LaterMembers(ids[:before], ids[before + same :])


def _block(store: Store, segment_id: int) -> tuple[int, int]:
    """The cause of most members, judged by a sample, and its time."""
    rows = store.rows(
        "SELECT s.cause, coalesce(j.at, k.connected_at) FROM ("
        " SELECT cause, count(*) AS number FROM ("
        f"  SELECT cause FROM member WHERE segment_id = ? LIMIT {SAMPLE}) x GROUP BY cause) s"
        " JOIN segment g ON g.id = ? JOIN connection k ON k.id = g.connection_id"
        " LEFT JOIN cause j ON j.id = s.cause ORDER BY s.number DESC, s.cause LIMIT 1",
        (segment_id, segment_id),
    )
    return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)
