"""Participants who joined or left a segment as rows: who, why and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.lists.order import Ids
from app.panel.lists.rows import PersonRow, rows
from app.panel.segments.move_words import MoveReason, SegmentMove, move_reasons
from app.panel.segments.timeline import Move
from app.screens.people_rows import PeopleRows, name_cells
from app.text import plain, when
from app.widgets.table.table import Cell, Column

MovesOf = Callable[[Store, int, str, Sequence[int]], list[Move]]
Moved: TypeAlias = "Mapping[int, tuple[int, bool]]"  # by row id: when, and whether they joined

COLUMNS = (
    Column("", 1),
    Column("Name", 14, grow=2, most=36),
    Column("Why", 18, grow=3, most=50),
    Column("When", 12, priority=1),
    Column("Email", 18, grow=2, most=44, priority=2),
    Column("Stripe event", 18, grow=1, most=30, priority=3),
    Column("Stripe ID", 18, grow=1, most=30, priority=4),
)
SIGNS = {True: Cell("+", "$completed"), False: Cell("−", "$never")}


class HistoryRows(PeopleRows):
    """The participants with these row ids, with how each joined or left a segment.

    ``moved`` says of some row ids when each did which. It may read the database.
    """

    def __init__(
        self,
        store: Store,
        connection_id: int,
        ids: Ids,
        segment: str,
        moved: Callable[[Sequence[int]], Moved],
        *,
        masking: bool = False,
    ) -> None:
        super().__init__(store, connection_id, ids, segment, masking=masking)
        self._moved = moved
        self._key = segment

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        ids = self.ids[start:stop]
        try:
            found = {one.id: one for one in rows(self._store, self._connection_id, ids)}
            moved = self._moved(ids)
            moves = [
                SegmentMove(one, self._key, *moved[one])
                for one in ids
                if one in found and one in moved
            ]
            reasons = move_reasons(self._store, self._connection_id, moves)
        except DatabaseProblem as problem:
            return [(Cell(str(problem), "$never"),) for _ in ids]
        told = {move.id: (move, why) for move, why in zip(moves, reasons, strict=True)}
        return [
            _cells(found[one], told.get(one), self._masking) if one in found else () for one in ids
        ]


def moves_of(
    store: Store, connection_id: int, key: str, tell: MovesOf, *, joined: bool
) -> Callable[[Sequence[int]], Moved]:
    """``moved`` of a group: ``tell`` is :func:`app.panel.segments.timeline.joined` or ``left``."""

    def moved(ids: Sequence[int]) -> Moved:
        return {one.id: (one.at, joined) for one in tell(store, connection_id, key, ids)}

    return moved


def _cells(
    one: PersonRow, told: tuple[SegmentMove, MoveReason] | None, masking: bool
) -> tuple[Cell, ...]:
    name, email = name_cells(one, masking)
    if told is None:
        return (Cell(""), name, Cell(""), Cell(""), email, Cell(""), Cell(one.stripe_id, "$muted"))
    move, why = told
    return (
        SIGNS[move.joined],
        name,
        Cell(why.words),
        Cell(when(move.at), "$muted"),
        email,
        Cell(plain(why.event or ""), "$muted"),
        Cell(one.stripe_id, "$muted"),
    )
