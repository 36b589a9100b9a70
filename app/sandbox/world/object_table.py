"""All objects of one kind, in the order of their creation, and pages of them."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from app.sandbox.world.seeded import Ids, Obj


class ObjectPage(NamedTuple):
    """The range of `created` of a list, in seconds. Both ends are included; None is open."""

    first: int | None = None
    last: int | None = None


class ObjectTable:
    """All objects of one kind, numbered in the order of their creation.

    `created` holds seconds in ascending order. `seeded` renders an object of the seed on demand,
    `changed` holds the objects that have changed since, and `gone` the numbers of deleted ones.
    """

    kind = ""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.created = array("I")
        self.changed: dict[int, Obj] = {}
        self.gone: set[int] = set()

    def __len__(self) -> int:
        return len(self.created)

    def seeded(self, n: int) -> Obj:
        """The n-th object as the seed made it."""
        raise KeyError(n)

    def object(self, n: int) -> Obj:
        """The n-th object as it is now. Read only, because objects share parts."""
        found = self.changed.get(n)
        return self.seeded(n) if found is None else found

    def number(self, text: str) -> int | None:
        """The number of an id, even of a deleted object; None for an unknown id."""
        n = self.ids.number(text)
        return n if n is not None and n < len(self.created) else None

    def existing_number(self, text: str) -> int:
        """The number of an id that exists. Raises KeyError for an unknown or deleted one."""
        n = self.number(text)
        if n is None or n in self.gone:
            raise KeyError(f"No such {self.kind}: '{text}'")
        return n

    def get(self, text: str) -> Obj | None:
        """One object by id; None if it is unknown or deleted."""
        n = self.number(text)
        return None if n is None or n in self.gone else self.object(n)

    def next(self, second: int) -> tuple[int, str, int]:
        """The number, id and `created` of the next object. `created` is never before the last."""
        n = len(self.created)
        return n, self.ids.of(n), max(second, self.created[-1]) if n else second

    def add(self, obj: Obj, created: int) -> None:
        """Append an object with the id and `created` that `next` returned."""
        self.changed[len(self.created)] = obj
        self.created.append(created)

    def numbers(self) -> Iterator[int]:
        """The numbers of all objects that are not deleted, newest first."""
        gone = self.gone
        return (n for n in range(len(self.created) - 1, -1, -1) if n not in gone)

    def page(
        self,
        limit: int,
        window: ObjectPage,
        after: int | None,
        before: int | None,
        keep: Callable[[int], bool] | None,
    ) -> tuple[list[int], bool]:
        """The numbers of one page, newest first, and whether more follow in that direction.

        `after` and `before` are the numbers of the cursors (docs.stripe.com/api/pagination). `keep`
        filters the objects within the window.
        """
        first, last = window
        low = 0 if first is None else bisect_left(self.created, max(first, 0))
        high = len(self.created)
        if last is not None:
            high = 0 if last < 0 else bisect_right(self.created, min(last, 2**32 - 1))
        if before is not None:
            steps = range(max(low, before + 1), high)
        else:
            steps = range((high if after is None else min(high, after)) - 1, low - 1, -1)
        found: list[int] = []
        gone = self.gone
        for n in steps:
            if n in gone or (keep is not None and not keep(n)):
                continue
            if len(found) == limit:
                return (found[::-1] if before is not None else found), True
            found.append(n)
        return (found[::-1] if before is not None else found), False
