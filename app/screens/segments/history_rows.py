"""Participants who joined or left a segment as rows: who, when and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.lists.order import Ids
from app.panel.lists.rows import PersonRow, rows
from app.panel.segments.reason_words import reason_words
from app.panel.segments.timeline import Move
from app.screens.people_rows import PeopleRows, name_cells
from app.text import when
from app.widgets.table.table import Cell, Column

MovesOf = Callable[[Store, int, str, Sequence[int]], list[Move]]

COLUMNS = (
    Column("Name", 14, grow=2, most=36),
    Column("Email", 18, grow=2, most=44, priority=2),
    Column("When", 12),
    Column("Why", 18, grow=3, most=70, priority=1),
    Column("Stripe id", 18, grow=1, most=30, priority=3),
)


class HistoryRows(PeopleRows):
    """The participants with these row ids, with how each joined or left a segment.

    ``moves`` is :func:`app.panel.segments.timeline.joined` or ``left``.
    """

    def __init__(
        self,
        store: Store,
        connection_id: int,
        ids: Ids,
        segment: str,
        moves: MovesOf,
        *,
        masking: bool = False,
    ) -> None:
        super().__init__(store, connection_id, ids, segment, masking=masking)
        self._moves = moves
        self._key = segment

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        ids = self.ids[start:stop]
        try:
            found = {one.id: one for one in rows(self._store, self._connection_id, ids)}
            moves = {
                one.id: one for one in self._moves(self._store, self._connection_id, self._key, ids)
            }
        except DatabaseProblem as problem:
            return [(Cell(str(problem), "$never"),) for _ in ids]
        return [
            _cells(found[one], moves.get(one), self._masking) if one in found else () for one in ids
        ]


def _cells(one: PersonRow, move: Move | None, masking: bool) -> tuple[Cell, ...]:
    return (
        *name_cells(one, masking),
        Cell(when(move.at) if move else ""),
        Cell(reason_words(move.by) if move else ""),
        Cell(one.stripe_id, "$muted"),
    )
