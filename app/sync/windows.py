"""Splits a list into windows of ``created`` that are fetched in parallel.

A window is half-open, ``[low, high)``, in whole seconds, so that the boundary second belongs to
exactly one. Lists come newest first: after a page, the rest of its window is below the last object,
and can be split. Splits follow the density of the objects, down to one second. Within a second only
the cursor pages. The oldest window has no ``low``, because the age of an account's oldest object is
unknown.

Pure functions over frozen windows, without any input or output.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

PAGE = 100
STRIPE_BEGAN = 1_293_840_000  # 2011-01-01, only to guess where an open window can be split


@dataclass(frozen=True)
class TimeWindow:
    """A part of a list that is still to be fetched, below ``cursor`` if there is one.

    ``position``: created of the cursor's object. ``density``: objects a second in the last page.
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
        """Where the window ends. This is a guess if the window is open."""
        return self.low if self.low is not None else min(STRIPE_BEGAN, self.high)

    @property
    def remaining(self) -> float:
        """About how many objects remain."""
        top = self.high if self.position is None else self.position
        return max(0.0, (top - self.floor) * self.density)

    def parameters(self) -> dict[str, str | int]:
        """The query for the window's next page."""
        query: dict[str, str | int] = {"limit": PAGE, "created[lt]": self.high}
        if self.low is not None:
            query["created[gte]"] = self.low
        if self.cursor:
            query["starting_after"] = self.cursor
        return query


def known_total(done: int, left: Sequence[TimeWindow]) -> int | None:
    """How many objects a list has, if that is known within a factor of two. ``left``: all that is
    still to be fetched of it, after ``done`` objects.

    It is not known while a window may reach back without an end, or while one was not looked into,
    because its density is then another's. Then at least half of the total must be fetched, so that
    the estimate is never twice the truth.
    """
    if any(one.low is None or one.position is None or not one.density for one in left):
        return None
    rest = math.ceil(sum(one.remaining for one in left))
    return done + rest if rest <= done else None


def advance(window: TimeWindow, cursor: str, created: int | None, found: int) -> TimeWindow:
    """The window after a page of ``found`` objects that ended at the object ``cursor`` with this
    ``created``. An impossible time, which nothing prevents, leaves the position as it is."""
    top = window.high if window.position is None else window.position
    if created is None or not window.floor <= created <= top:
        return replace(window, cursor=cursor, position=top, density=0.0)
    density = found / max(1, top - created)
    return replace(window, cursor=cursor, position=created, density=density)


def below(window: TimeWindow) -> TimeWindow:
    """The window to start over with if the cursor's object is deleted. Everything above its second
    was read."""
    assert window.position is not None
    return replace(window, high=window.position + 1, cursor=None, position=None)


def cut_window(window: TimeWindow, new_id: int) -> list[TimeWindow]:
    """The windows to go on with, the newest first, if a page of this one led nowhere although there
    is more. First without the cursor, then in two halves. An empty list if that is impossible: a
    single second leads nowhere."""
    if window.cursor and window.position is not None:
        return [below(window)] if window.position + 1 < window.high else []
    middle = window.high - (window.high - window.floor) // 2
    if window.floor >= window.high - 1:
        return []
    upper = replace(window, low=middle, position=None, cursor=None)
    return [upper, TimeWindow(new_id, window.listing, window.low, middle, density=window.density)]


def split(window: TimeWindow, parts: int, new_ids: Sequence[int]) -> list[TimeWindow]:
    """Split the rest of a window, below its position, into at most ``parts`` equal windows.

    The first keeps the cursor and the rest of its second. The others are new windows with
    ``new_ids``. A window that cannot be split is returned alone.
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
