"""The rows of a table, and those of them that are on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.text import LINE_LIMIT
from app.widgets.table.cells import Cell
from app.widgets.table.cursor import Cursor


class Rows(Protocol):
    """The rows that a table shows: a snapshot that does not change.

    The table calls these methods on the app's loop, so each must return within a few
    milliseconds and must not raise.
    """

    def __len__(self) -> int:
        """The number of rows."""

    def key(self, index: int) -> int:
        """The key that identifies the row at this index."""

    def index(self, key: int, near: int) -> int | None:
        """The index of the row of this key, or None. It was at ``near`` when last seen."""

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        """The cells of the rows from ``start`` to before ``stop``, at most a screen of them."""


class VisibleRows:
    """The rows on the screen. Each is read once while it is there."""

    def __init__(self, rows: Rows | None) -> None:
        self.rows = rows
        self.count = len(rows) if rows is not None else 0
        self._known: dict[int, tuple[int, tuple[Cell, ...]]] = {}  # index -> key, cells

    def key(self, index: int) -> int | None:
        """The key of the row at this index, or None if no row is there."""
        if index in self._known:
            return self._known[index][0]
        return self.rows.key(index) if self.rows is not None and index < self.count else None

    def cells(self, index: int, top: int, page: int) -> tuple[Cell, ...]:
        """The cells of a row, on a screen that begins at the index ``top``."""
        if index not in self._known:
            self._read(min(top, index), max(top + page, index + 1), page)
        return self._known[index][1]

    def _read(self, top: int, stop: int, page: int) -> None:
        """Read the rows that are not known yet, and forget those that are far away."""
        assert self.rows is not None
        near = range(top - page, stop + page)
        self._known = {at: one for at, one in self._known.items() if at in near}
        new = [at for at in range(top, min(stop, self.count)) if at not in self._known]
        begin, end = new[0], new[-1] + 1
        found = self.rows.cells(begin, end)
        for number, at in enumerate(range(begin, end)):
            cells = found[number] if number < len(found) else ()
            # A long text is cut, so that it does not fill the cache.
            short = tuple(one._replace(text=one.text[: LINE_LIMIT + 1]) for one in cells)
            self._known[at] = self.rows.key(at), short

    def cursor(self, at: int, top: int, page: int) -> Cursor | None:
        """The position when ``at`` is the current row, or None when there are no rows."""
        here = self.key(at)
        if here is None:
            return None
        beside = tuple(self._known[one][0] for one in (at + 1, at - 1) if one in self._known)
        in_sight = top <= at < top + page
        return Cursor(here, at, top, beside, None if in_sight else self.key(top))
