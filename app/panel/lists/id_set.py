"""A set of row ids that costs a byte each, wherever they lie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

PAGE = 12  # bits of an id that say where in its page it is
_WITHIN = (1 << PAGE) - 1


class IdSet:
    """Row ids of which PostgreSQL may leave out any number."""

    def __init__(self) -> None:
        self._pages: defaultdict[int, bytearray] = defaultdict(lambda: bytearray(1 << PAGE))

    def add(self, ids: Iterable[int]) -> None:
        """Put them in."""
        pages = self._pages
        for one in ids:
            pages[one >> PAGE][one & _WITHIN] = 1

    def take(self, ids: Iterable[int]) -> list[int]:
        """Those of these ids that are in the set, in their order; they are then no more."""
        pages, taken = self._pages, []
        for one in ids:
            page, place = pages[one >> PAGE], one & _WITHIN
            if page[place]:
                page[place] = 0
                taken.append(one)
        return taken

    def others(self, ids: Iterable[int]) -> list[int]:
        """Those of these ids that are not in the set, in their order."""
        pages = self._pages
        return [one for one in ids if not pages[one >> PAGE][one & _WITHIN]]
