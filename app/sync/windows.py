"""How one list is cut into stretches of ``created`` that are fetched side by side.

A window is half-open, ``[low, high)``, in whole seconds, so that the boundary second belongs
to exactly one. Lists come newest first: after a page, what remains of its window lies below
the last object, and can be cut into parts. Cuts follow where the objects are, down to one
second; within a second the cursor pages. The oldest window has no ``low``: nobody knows when
an account's oldest object was made.

Pure functions over frozen windows; nothing here does any input or output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

PAGE = 100
STRIPE_BEGAN = 1_293_840_000  # 2011-01-01; only for guessing where an open window may be cut


@dataclass(frozen=True)
class TimeWindow:
    """A stretch of a list still to be fetched, below ``cursor`` when there is one.

    ``position``: created of the cursor's object. ``density``: objects a second as last seen.
    """

    id: int
    listing: str
    low: int | None
    high: int
    cursor: str | None = None
    position: int | None = None
    density: float = 0.0

    @property
    def floor(self) -> int:
        """Where the window ends, guessed when it is open."""
        return self.low if self.low is not None else min(STRIPE_BEGAN, self.high)

    @property
    def remaining(self) -> float:
        """About how many objects are still to come."""
        top = self.high if self.position is None else self.position
        return max(0.0, (top - self.floor) * self.density)

    def parameters(self) -> dict[str, str | int]:
        """The query that fetches the window's next page."""
        query: dict[str, str | int] = {"limit": PAGE, "created[lt]": self.high}
        if self.low is not None:
            query["created[gte]"] = self.low
        if self.cursor:
            query["starting_after"] = self.cursor
        return query


def advance(window: TimeWindow, cursor: str, created: int | None, found: int) -> TimeWindow:
    """The window after a page of ``found`` objects that ended at the object ``cursor``, made at
    ``created``. A time that cannot be (nothing keeps it from being nonsense) moves nothing."""
    top = window.high if window.position is None else window.position
    if created is None or not window.floor <= created <= top:
        return replace(window, cursor=cursor, position=top, density=0.0)
    density = found / max(1, top - created)
    return replace(window, cursor=cursor, position=created, density=density)


def below(window: TimeWindow) -> TimeWindow:
    """The window to start over with when the cursor's object is gone: everything above its
    second has been read."""
    assert window.position is not None
    return replace(window, high=window.position + 1, cursor=None, position=None)


def split(window: TimeWindow, parts: int, new_ids: Sequence[int]) -> list[TimeWindow]:
    """Cut what remains below the window's position into at most ``parts`` equal stretches.

    The first keeps the cursor and the rest of its second; the others are new windows with
    ``new_ids``. A window that cannot be cut comes back alone.
    """
    if window.position is None:
        return [window]
    room = window.position - window.floor
    parts = min(parts, room, len(new_ids) + 1)
    if parts < 2:
        return [window]
    edges = [window.position - room * part // parts for part in range(1, parts)]
    pieces = [replace(window, low=edges[0])]
    for high, low, key in zip(edges, [*edges[1:], window.low], new_ids, strict=False):
        pieces.append(TimeWindow(key, window.listing, low, high, density=window.density))
    return pieces
