"""When studies began to invite, to compare segments with then."""

from __future__ import annotations

from dataclasses import dataclass

from app.db.store import Store


@dataclass(frozen=True)
class StudyStart:
    """A study, whose ``title`` a researcher wrote, and when its first batch of invites was
    confirmed (seconds since 1970)."""

    title: str
    at: int


def study_starts(store: Store, connection_id: int) -> list[StudyStart]:
    """Every study that invited, the oldest first. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT s.title, min(r.at) FROM run r JOIN study s ON s.id = r.study_id"
        " WHERE s.connection_id = ? AND r.kind = 'invite' AND r.state <> 'failed'"
        " GROUP BY s.id, s.title ORDER BY 2, s.id",
        (connection_id,),
    )
    return [StudyStart(title, at) for title, at in rows]
