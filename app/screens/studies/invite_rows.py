"""Invites as the rows of a table."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.invite_log import InviteRow, invite_rows, without_address
from app.invites.states import NO_ADDRESS
from app.panel.lists.order import Ids
from app.screens.state_marks import marked_state, state_style
from app.text import when
from app.widgets.content import hidden
from app.widgets.table.table import Cell, Column

COLUMNS = (
    Column("Participant", 14, grow=2, most=36),
    Column("Email", 18, grow=2, most=44, priority=1),
    Column("State", 16),
    Column("Since", 12, priority=2),
    Column("Invited", 12, priority=4),
    Column("Reminder", 14, priority=5),
    Column("Study", 12, grow=1, most=30, priority=3),
    Column("Why", 12, grow=2, most=60, priority=6),
)


def columns(in_use: frozenset[str], *, all_studies: bool) -> tuple[Column, ...]:
    """The columns that can differ from row to row. ``in_use``: of reminder and reason, those that
    any invite has."""
    without = {
        "Reminder": "reminder" not in in_use,
        "Why": "reason" not in in_use,
        "Study": not all_studies,
    }
    return tuple(one for one in COLUMNS if not without.get(one.title))


class InviteRows:
    """The invites with these row ids, which are in descending order, with these ``columns``."""

    def __init__(
        self,
        store: Store,
        ids: Ids,
        picked: set[int],
        shown: Sequence[Column] = COLUMNS,
        *,
        masking: bool,
    ) -> None:
        self.ids, self._picked = ids, picked
        self._places = [COLUMNS.index(one) for one in shown]
        self._store, self._masking = store, masking

    def __len__(self) -> int:
        return len(self.ids)

    def key(self, index: int) -> int:
        return self.ids[index]

    def index(self, key: int, near: int) -> int | None:
        place = bisect_left(self.ids, -key, key=int.__neg__)  # the newest come first
        return place if place < len(self.ids) and self.ids[place] == key else None

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        ids = self.ids[start:stop]
        try:
            found = {one.id: one for one in invite_rows(self._store, ids)}
        except DatabaseProblem as problem:
            return [(Cell(str(problem), "$never"),) for _ in ids]
        every = [
            _cells(found[one], one in self._picked, self._masking) if one in found else ()
            for one in ids
        ]
        return [tuple(cells[at] for at in self._places) if cells else () for cells in every]


def _cells(one: InviteRow, picked: bool, masking: bool) -> tuple[Cell, ...]:
    since = one.ended_at or one.sent_at or one.queued_at
    answer = without_address(one.answer) if masking else one.answer
    name = hidden(one.name, masking) if one.name else one.stripe_id
    if not one.name and one.address:
        name = "no name"
    return (
        Cell(f"{'✓ ' if picked else ''}{name}", "bold" if picked else ""),
        Cell(hidden(one.address, masking) if one.address else NO_ADDRESS, ""),
        Cell(marked_state(one.state), state_style(one.state)),
        Cell(when(since), "$muted"),
        Cell(when(one.sent_at) if one.sent_at else "", "$muted"),
        Cell(marked_state(one.reminder or ""), state_style(one.reminder or "")),
        Cell(one.study, "$muted"),
        Cell((one.reason or answer or "").replace("opted_out", "opted out"), "$muted"),
    )
