"""Who went from one of Stripe's statuses to another, and how many."""

from __future__ import annotations

from dataclasses import dataclass

from app.db.segment_rules import BUILTIN
from app.db.store import Store

STATUSES = tuple(key for key in BUILTIN if key != "all")


@dataclass(frozen=True)
class Exchange:
    """So many moves from the segment ``left`` to the segment ``joined``, by their names."""

    left: str
    joined: str
    number: int


def exchanges(store: Store, connection_id: int, since: int) -> list[Exchange]:
    """Moves between the built-in segments since a time, the most first: one cause ended the first
    membership and began the second. Raises DatabaseProblem."""
    marks = ", ".join("?" * len(STATUSES))
    past = (
        "FROM past_member b CROSS JOIN participant p"
        " WHERE p.id = b.participant_id AND p.connection_id = ? AND b.until > ?"
        f" AND b.segment_key IN ({marks})"
    )
    rows = store.rows(
        "SELECT left_key, joined_key, count(*) FROM ("
        " SELECT x.segment_key AS left_key, g.key AS joined_key FROM"
        f" (SELECT b.participant_id, b.segment_key, b.left_by {past}) x"
        " CROSS JOIN member m CROSS JOIN segment g WHERE m.participant_id = x.participant_id"
        f" AND m.cause = x.left_by AND g.id = m.segment_id AND g.key IN ({marks})"
        " UNION ALL SELECT x.segment_key, y.segment_key FROM"
        f" (SELECT b.participant_id, b.segment_key, b.left_by {past}) x"
        " CROSS JOIN past_member y WHERE y.participant_id = x.participant_id"
        f" AND y.joined_by = x.left_by AND y.segment_key IN ({marks})) z"
        " GROUP BY 1, 2",
        (connection_id, since, *STATUSES, *STATUSES) * 2,
    )
    found = [Exchange(BUILTIN[a].name, BUILTIN[b].name, int(n)) for a, b, n in rows if a != b]
    return sorted(found, key=lambda one: (-one.number, one.left, one.joined))
