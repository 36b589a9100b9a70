"""Reads all pages of one list, several at a time, without storing anything.

The list is split into windows as in the first copy (:mod:`app.sync.windows`). No position is
saved, so an interrupted reader starts over.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from app.sync import windows
from app.sync.backfill import AT_ONCE, SLOTS, SLOTS_AT_ONCE, WORTH_SPLITTING
from app.sync.stripe.client import ProblemKind, Reply, StripeApi, StripeProblem
from app.sync.stripe.endpoints import Listing
from app.sync.stripe.large_answers import fitting_page
from app.sync.stripe.pages import ListPage
from app.sync.windows import PAGE, TimeWindow

Body = ListPage[Any]


async def first_page(api: StripeApi, listing: Listing) -> Reply[Body]:
    """The page with the newest objects. Raises StripeProblem."""
    query: dict[str, str | int] = {**listing.query, "limit": PAGE}
    return await fitting_page(api, listing.path, query, listing.read_page)


class ListReader:
    """The pages of a list in any order. Each object comes at least once. Objects that are created
    during the reading may be missing. Use it as an async context manager and iterate."""

    def __init__(self, api: StripeApi, listing: Listing) -> None:
        self._api = api
        self._listing = listing
        self._waiting: deque[TimeWindow] = deque()
        self._running: dict[asyncio.Task[Reply[Body] | None], TimeWindow] = {}
        self._ids = itertools.count(1)

    async def __aenter__(self) -> ListReader:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[Reply[Body]]:
        """Raises StripeProblem."""
        reply = await first_page(self._api, self._listing)
        # The current second by Stripe's clock may still get more objects, above every cursor.
        self._go_on(TimeWindow(0, self._listing.name, None, reply.date + 1), reply.body)
        yield reply
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._slots():
                window = self._waiting.popleft()
                self._running[asyncio.create_task(self._fetch(window))] = window
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                window = self._running.pop(task)
                found = task.result()
                if found is None:
                    self._waiting.append(windows.below(window))
                else:
                    self._go_on(window, found.body)
                    yield found

    async def _fetch(self, window: TimeWindow) -> Reply[Body] | None:
        """The window's next page, or None if the object of its cursor is deleted."""
        query = {**self._listing.query, **window.parameters()}
        try:
            return await fitting_page(self._api, self._listing.path, query, self._listing.read_page)
        except StripeProblem as problem:
            if problem.kind is ProblemKind.CURSOR_GONE and window.cursor:
                return None
            raise

    def _go_on(self, window: TimeWindow, page: Body) -> None:
        """Queue the rest of a window after one of its pages, and split a large rest."""
        if not page.has_more:
            return
        cursor, created = page.last
        if cursor is None or cursor == window.cursor:
            pieces = windows.cut_window(window, next(self._ids))
            if not pieces:
                raise StripeProblem(ProblemKind.UNREACHABLE, "Stripe's list cannot be followed.")
            self._waiting.extendleft(reversed(pieces))
            return
        rest = windows.advance(window, cursor, created, len(page.objects))
        others = [*self._waiting, *self._running.values()]
        largest = max((one.remaining for one in others), default=0.0)
        if rest.remaining < max(WORTH_SPLITTING, largest / 2):
            self._waiting.append(rest)
            return
        free = max(0, self._slots() - len(others) - 1)
        parts = 1 + min(free, int(rest.remaining / WORTH_SPLITTING * 2))
        self._waiting.extend(
            windows.split(rest, parts, [next(self._ids) for _ in range(parts - 1)])
        )

    def _slots(self) -> int:
        """How many requests may run at once: just enough to use Stripe's rate limit."""
        rate = self._api.limits.rate.endpoint or self._api.limits.rate.account
        if rate is None:
            return SLOTS if self._api.quickest > AT_ONCE else SLOTS_AT_ONCE
        return min(SLOTS, 2 + math.ceil(1.6 * rate * self._api.latency))
