"""Entries of the ledger as the rows of a table."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.ledger_log import STRANGER, LedgerRow, Owner, ledger_rows
from app.panel.lists.order import Ids
from app.text import when
from app.widgets.content import hidden, no_emails
from app.widgets.table.table import Cell, Column

COLUMNS = (
    Column("When", 12),
    Column("What", 24, grow=3, most=44),
    Column("Participant", 14, grow=2, most=36, priority=1),
    Column("By", 14, grow=2, most=44, priority=2),
    Column("Detail", 14, grow=3, most=80, priority=3),
    Column("Study", 12, grow=1, most=30, priority=4),
    Column("Entry", 8, priority=5),
)


class LedgerRows:
    """The entries with these numbers, which are in descending order."""

    def __init__(
        self,
        store: Store,
        connection_id: int,
        numbers: Ids,
        known: Mapping[str, Owner],
        *,
        masking: bool,
    ) -> None:
        """``known``: who has which mailbox."""
        self.numbers, self._known = numbers, known
        self._store, self._connection_id, self._masking = store, connection_id, masking

    def __len__(self) -> int:
        return len(self.numbers)

    def key(self, index: int) -> int:
        return self.numbers[index]

    def index(self, key: int, near: int) -> int | None:
        place = bisect_left(self.numbers, -key, key=int.__neg__)  # the newest come first
        found = place < len(self.numbers) and self.numbers[place] == key
        return place if found else None

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        numbers = self.numbers[start:stop]
        try:
            rows = ledger_rows(self._store, self._connection_id, numbers, self._known)
        except DatabaseProblem as problem:
            return [(Cell(str(problem), "$never"),) for _ in numbers]
        found = {one.number: one for one in rows}
        return [_cells(found[one], self._masking) if one in found else () for one in numbers]


def _cells(one: LedgerRow, masking: bool) -> tuple[Cell, ...]:
    name = hidden(one.name or one.address, masking) if one.name or one.address else ""
    person = name or one.stripe_id or (STRANGER if one.mailbox else "")
    return (
        Cell(when(one.at), "$muted"),
        Cell(one.event, ""),
        Cell(person, ""),
        Cell(one.origin, ""),
        Cell(no_emails(one.detail or "", masking), "$muted"),
        Cell(one.study_title or "", "$muted"),
        Cell(f"{one.number:,}", "$muted"),
    )
