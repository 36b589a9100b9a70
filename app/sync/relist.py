"""Lists one endpoint again, because that is cheaper when many of its objects changed.

A page holds a hundred objects and costs as much as one object. A page is requested after the events
were seen, so its objects are as good as retrieved ones. Objects that no page has are retrieved by
id afterwards.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable
from functools import partial

from app.db import connections
from app.db.rows import Fetched
from app.db.store import Store
from app.sync import windows
from app.sync.committer import Committer
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.endpoints import LISTINGS, Listing
from app.sync.stripe.large_answers import fitting_page
from app.sync.stripe.pages import ListPage
from app.sync.stripe.retrieve import Retriever
from app.sync.tasks import together
from app.sync.windows import PAGE, TimeWindow

PARTS = 4  # parallel parts of a long list; each may end in a page that is not full
LONG = 20 * PAGE
DAY = 86_400

Take = Callable[[dict[str, Fetched]], Awaitable[None]]


class Relisting:
    """Lists the objects of one table until all wanted ones were seen."""

    def __init__(
        self, api: StripeApi, store: Store, connection_id: int, committer: Committer, table: str
    ) -> None:
        self._api = api
        self._fetcher = Retriever(api)
        self._lists = [one for one in LISTINGS.values() if one.table == table]
        self._count = partial(connections.number, store, connection_id, table)
        self._cuts = partial(connections.cuts, store, connection_id, table, PARTS)
        self._committer = committer

    async def requests(self) -> int:
        """How many requests it takes if nothing changes before the end."""
        count = await self._committer.do(self._count)
        return count // PAGE + (PARTS if self._is_long(count) else len(self._lists))

    def _is_long(self, count: int) -> bool:
        return count > LONG and len(self._lists) == 1

    async def run(self, wanted: set[str], take: Take) -> None:
        """List, and pass the ``wanted`` objects that are found to ``take`` by id, a page at a time.
        Found ids are removed from ``wanted``. Raises StripeProblem."""
        for listing in self._lists:
            await together(
                *(self._read(listing, window, wanted, take) for window in await self._windows())
            )

    async def _windows(self) -> list[TimeWindow]:
        long = self._is_long(await self._committer.do(self._count))
        cuts = await self._committer.do(self._cuts) if long else []
        # An object may be a little newer than this computer's clock.
        edges = [None, *sorted(set(cuts)), int(time.time()) + DAY]
        return [
            TimeWindow(number, "", low, high)
            for number, (low, high) in enumerate(itertools.pairwise(edges))
            if high is not None
        ]

    async def _read(
        self, listing: Listing, window: TimeWindow, wanted: set[str], take: Take
    ) -> None:
        while wanted:
            try:
                query = {**listing.query, **window.parameters()}
                reply = await fitting_page(self._api, listing.path, query, listing.read_page)
            except StripeProblem as problem:
                if problem.kind is not ProblemKind.CURSOR_GONE or not window.cursor:
                    raise
                window = windows.below(window)
                continue
            page = reply.body
            found = ListPage([one for one in page.objects if one.id in wanted], has_more=False)
            if listing.table == "subscription":
                await self._fetcher.complete_items(found)
            answers = {
                one.id: listing.rows(ListPage([one], has_more=False), reply.seq)
                for one in found.objects
            }
            answers |= {
                bad.id: listing.rows(ListPage([], has_more=False, bad=[bad]), reply.seq)
                for bad in (*page.bad, *found.bad)
                if bad.id in wanted
            }
            wanted.difference_update(answers)
            if answers:
                await take(answers)
            cursor, created = page.last
            if not page.has_more or cursor is None or cursor == window.cursor:
                return
            window = windows.advance(window, cursor, created, len(page.objects))
