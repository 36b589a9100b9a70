"""What a table knows of its rows: those on the screen, and where the current one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.text import LINE_LIMIT
from app.widgets.table.cells import Cell
from app.widgets.table.cursor import Cursor


class Rows(Protocol):
    """What a table shows: a snapshot that says the same until the table is shown another.

    All of it is called on the UI's loop, so it must answer in a few milliseconds, and not raise.
    """

    def __len__(self) -> int:
        """How many rows there are."""

    def key(self, index: int) -> int:
        """What identifies the row, wherever it is."""

    def index(self, key: int, near: int) -> int | None:
        """Where the row is, which was at ``near`` when it was last seen; None if it is not in."""

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        """The rows from ``start`` until before ``stop``: never more than are on the screen."""


class VisibleRows:
    """The rows on the screen, each read once while it is there."""

    def __init__(self, rows: Rows | None) -> None:
        self.rows = rows
        self.count = len(rows) if rows is not None else 0
        self._known: dict[int, tuple[int, tuple[Cell, ...]]] = {}  # index -> key, cells

    def key(self, index: int) -> int | None:
        """The key of a row; None when there is no such row."""
        if index in self._known:
            return self._known[index][0]
        return self.rows.key(index) if self.rows is not None and index < self.count else None

    def cells(self, index: int, top: int, page: int) -> tuple[Cell, ...]:
        """The cells of one of the rows on a screen that begins with ``top``."""
        if index not in self._known:
            self._read(min(top, index), max(top + page, index + 1), page)
        return self._known[index][1]

    def _read(self, top: int, stop: int, page: int) -> None:
        """Read what is not known between two rows, forget what is far from them."""
        assert self.rows is not None
        near = range(top - page, stop + page)
        self._known = {at: one for at, one in self._known.items() if at in near}
        new = [at for at in range(top, min(stop, self.count)) if at not in self._known]
        begin, end = new[0], new[-1] + 1
        found = self.rows.cells(begin, end)
        for number, at in enumerate(range(begin, end)):
            cells = found[number] if number < len(found) else ()
            # Not a megabyte in a cache for a text of which a line is shown.
            short = tuple(Cell(text[: LINE_LIMIT + 1], style) for text, style in cells)
            self._known[at] = self.rows.key(at), short

    def place(self, at: int, top: int, page: int) -> Cursor | None:
        """Where somebody is whose current row is ``at``; None when there are no rows."""
        here = self.key(at)
        if here is None:
            return None
        beside = tuple(self._known[one][0] for one in (at + 1, at - 1) if one in self._known)
        in_sight = top <= at < top + page
        return Cursor(here, at, top, beside, None if in_sight else self.key(top))
