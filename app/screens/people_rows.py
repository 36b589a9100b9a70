"""Participants as the rows of a table. Only those on the screen are read."""

from __future__ import annotations

from collections.abc import Sequence

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.labels import day
from app.panel.lists.order import Ids
from app.panel.lists.rows import PersonRow, rows
from app.widgets.content import hidden
from app.widgets.table.table import Cell, Column

NEAR = 1_000  # rows to either side of the last position, which are searched first
COLUMNS = (
    Column("Name", 16, grow=1, most=36, sort="name"),
    Column("Email", 18, grow=4, most=44, sort="email", priority=1),
    Column("Plan", 12, grow=2, most=40, sort="plan", priority=3),
    Column("Status", 11, most=18, sort="status", priority=2),
    Column("Member since", 14, sort="since", priority=4),
    Column("Customer since", 14, sort="created", priority=5),
    Column("Stripe ID", 18, grow=1, most=30, priority=6),
)
COLOURS = {"active": "", "past due": "$warn", "deleted": "$never"}


class PeopleRows:
    """The participants with these row ids, as members of ``segment`` if that is given.

    Their row ids are the keys of the rows. A participant who is deleted keeps an empty row until
    the table shows other rows.
    """

    def __init__(
        self,
        store: Store,
        connection_id: int,
        ids: Ids,
        segment: str | None = None,
        *,
        masking: bool = False,
    ) -> None:
        self.ids = ids
        self._store, self._connection_id, self._segment = store, connection_id, segment
        self._masking = masking

    def __len__(self) -> int:
        return len(self.ids)

    def key(self, index: int) -> int:
        return self.ids[index]

    def index(self, key: int, near: int) -> int | None:
        for start, stop in ((max(0, near - NEAR), near + NEAR), (0, len(self.ids))):
            try:
                return self.ids.index(key, start, stop)
            except ValueError:
                continue
        return None

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        ids = self.ids[start:stop]
        try:
            found = rows(self._store, self._connection_id, ids, self._segment)
        except DatabaseProblem as problem:
            return [(Cell(str(problem), "$never"),) for _ in ids]
        known = {one.id: one for one in found}
        return [_cells(known[one], self._masking) if one in known else () for one in ids]


def name_cells(one: PersonRow, masking: bool) -> tuple[Cell, Cell]:
    """A person's name and email. What is missing is muted."""
    name, email = (
        Cell(hidden(text, masking)) if text else Cell(f"no {what}", "$muted")
        for what, text in (("name", one.name), ("email", one.email))
    )
    return name, email


def _cells(one: PersonRow, masking: bool) -> tuple[Cell, ...]:
    status = "not known" if one.lost else "deleted" if one.deleted else one.status
    return (
        *name_cells(one, masking),
        Cell(one.plan),
        Cell(status, COLOURS.get(status, "$muted")),
        Cell(day(one.since) if one.since else "", "$muted"),
        Cell(day(one.created) if one.created else "", "$muted"),
        Cell(one.stripe_id, "$muted"),
    )
