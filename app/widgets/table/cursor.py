"""Where somebody is in a table, and where that is among other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Lookup(Protocol):
    """The part of a table's rows that tells where a row is."""

    def __len__(self) -> int: ...

    def index(self, key: int, near: int) -> int | None: ...


@dataclass(frozen=True)
class Cursor:
    """The current row and its index, the first index on the screen, the rows beside it, and,
    where the current row is out of sight, the row that the screen begins with."""

    key: int
    at: int
    top: int
    beside: tuple[int, ...]
    held: int | None

    def found_in(self, rows: Lookup) -> tuple[int, int]:
        """The current row's index among these rows, and the first index on the screen."""
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
