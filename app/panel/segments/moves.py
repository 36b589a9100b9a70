"""Everyone who joined or left a segment since the first sync, in order of time."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from app.db import history
from app.db.store import Store
from app.panel.lists.order import Ids
from app.panel.lists.selection import CHUNK, Selection, find
from app.panel.segments.timeline import NOW, PAST, begun


@dataclass(frozen=True)
class SegmentMoves:
    """Moves in order of time: ``at`` in seconds since 1970 on Stripe's clock, the participants' row
    ids, and 1 for each who joined, 0 for each who left."""

    at: Ids
    ids: Ids
    joined: bytes

    def between(self, begin: int, end: int) -> SegmentMoves:
        """The moves from ``begin`` to before ``end``."""
        first, last = bisect_left(self.at, begin), bisect_left(self.at, end)
        return SegmentMoves(self.at[first:last], self.ids[first:last], self.joined[first:last])

    @property
    def counts(self) -> tuple[int, int]:
        """How many joined, and how many left."""
        came = sum(self.joined)
        return came, len(self.joined) - came


NO_MOVES = SegmentMoves(array("q"), array("q"), b"")


def segment_moves(
    store: Store, connection_id: int, key: str, step: Callable[[], None] = lambda: None
) -> SegmentMoves:
    """Every move of a segment but those that the first sync found. ``step`` is called now and then
    and can raise any exception to stop the work. Raises DatabaseProblem."""
    first = begun(store, connection_id)
    if first is None:
        return NO_MOVES
    found: list[tuple[int, int, int]] = []
    segment = find(store, Selection(connection_id, key)).segment_id
    low, high = store.row(
        "SELECT min(participant_id), max(participant_id) FROM member WHERE segment_id = ?",
        (segment,),
    )
    sql = (
        f"SELECT since, id, 1 FROM (SELECT m.participant_id AS id, {history.since(store)} AS since"
        f" {NOW} WHERE m.segment_id = ? AND m.participant_id >= ? AND m.participant_id < ?) x"
        " WHERE since > ?"
    )
    for begin in range(low, high + 1, CHUNK) if high is not None else ():
        step()
        found += store.rows(sql, (segment, begin, begin + CHUNK, first))
    step()
    for person, since, until in store.rows(
        f"SELECT b.participant_id, b.since, b.until {PAST}", (connection_id, key)
    ):
        if since > first:
            found.append((since, person, 1))
        found.append((until, person, 0))
    found.sort()
    return SegmentMoves(
        array("q", [at for at, _, _ in found]),
        array("q", [person for _, person, _ in found]),
        bytes(joined for _, _, joined in found),
    )
