"""A set of row ids that costs one byte each, wherever they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

PAGE = 12  # bits of an id that give its position in a page
_WITHIN = (1 << PAGE) - 1


class IdSet:
    """A set of row ids. PostgreSQL may skip any number of them."""

    def __init__(self) -> None:
        self._pages: defaultdict[int, bytearray] = defaultdict(lambda: bytearray(1 << PAGE))

    def add(self, ids: Iterable[int]) -> None:
        """Add these ids."""
        pages = self._pages
        for one in ids:
            pages[one >> PAGE][one & _WITHIN] = 1

    def take(self, ids: Iterable[int]) -> list[int]:
        """The ids that are in the set, in their order. They are removed from the set."""
        pages, taken = self._pages, []
        for one in ids:
            page, place = pages[one >> PAGE], one & _WITHIN
            if page[place]:
                page[place] = 0
                taken.append(one)
        return taken

    def others(self, ids: Iterable[int]) -> list[int]:
        """The ids that are not in the set, in their order."""
        pages = self._pages
        return [one for one in ids if not pages[one >> PAGE][one & _WITHIN]]
