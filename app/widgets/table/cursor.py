"""The position in a table, and how to find it again among other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Lookup(Protocol):
    """The part of a table's rows that finds a row."""

    def __len__(self) -> int: ...

    def index(self, key: int, near: int) -> int | None: ...


@dataclass(frozen=True)
class Cursor:
    """A position in a table.

    ``key`` and ``at`` are the key and index of the current row, ``top`` is the first index on
    the screen and ``beside`` are the keys of the rows next to the current one. ``held`` is the
    key of the row at the top if the current row is out of sight, else None.
    """

    key: int
    at: int
    top: int
    beside: tuple[int, ...]
    held: int | None

    def found_in(self, rows: Lookup) -> tuple[int, int]:
        """The current row's index and the first index on the screen, among these rows."""
        at = self._current_in(rows)
        if self.held is None:
            return at, at - (self.at - self.top)
        top = rows.index(self.held, self.top)
        return at, self.top if top is None else top

    def _current_in(self, rows: Lookup) -> int:
        for key in (self.key, *self.beside):
            found = rows.index(key, self.at)
            if found is not None:
                return found
        return min(self.at, len(rows) - 1)
