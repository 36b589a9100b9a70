"""Retrieves single objects from Stripe, and the rest of the lists inside them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from app.db.rows import DeletedObject, Fetched
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.endpoints import LISTINGS
from app.sync.stripe.large_answers import REASON
from app.sync.stripe.objects import Item, Items, Subscription
from app.sync.stripe.pages import ListPage, Unfit, page_reader

ITEMS = "/v1/subscription_items"
AT_A_TIME = 32
TRIES = 5  # of a list whose last object is removed while it is read

_BY_TABLE = {listing.table: listing for listing in LISTINGS.values()}
_read_items = page_reader(Item)


class Retriever:
    """Retrieves objects by their ids, many at a time."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api
        self._places = asyncio.Semaphore(AT_A_TIME)

    async def objects(self, keys: Sequence[tuple[str, str]]) -> list[Fetched]:
        """One answer for each (table, Stripe id), with its current state at Stripe. A missing or
        deleted object comes as gone. Raises StripeProblem."""
        return list(await asyncio.gather(*(self._object(table, key) for table, key in keys)))

    async def _object(self, table: str, key: str) -> Fetched:
        listing = _BY_TABLE[table]
        async with self._places:
            try:
                reply = await self._api.one(listing.path, key, listing.read_one)
            except StripeProblem as problem:
                if problem.kind is ProblemKind.TOO_LARGE:
                    page: ListPage[Any] = ListPage([], has_more=False, bad=[Unfit(key, REASON)])
                    return listing.rows(page, problem.seq)
                if problem.kind is not ProblemKind.MISSING:
                    raise
                return Fetched(problem.seq, gone=[DeletedObject(table, key)])
        if table == "subscription":
            await self.complete_items(reply.body)
        return listing.rows(reply.body, reply.seq)

    async def complete_items(self, page: ListPage[Subscription]) -> None:
        """Fetch the items that did not fit into the subscriptions' nested lists. A subscription
        whose items cannot all be read is set aside, because a part of it would be wrong."""
        cut = [one for one in page.objects if one.items and one.items.has_more]
        if not cut:
            return
        reasons = await asyncio.gather(*(self._rest_of(one.id, one.items) for one in cut))
        page.set_aside({one.id: why for one, why in zip(cut, reasons, strict=True) if why})

    async def _rest_of(self, owner: str, items: Items | None) -> str | None:
        """Add the missing items. Returns why that is impossible, if it is."""
        assert items
        tries = 0
        while items.has_more:
            query: dict[str, str | int] = {"subscription": owner, "limit": 100}
            if items.data:
                query["starting_after"] = items.data[-1].id
            async with self._places:
                try:
                    reply = await self._api.page(ITEMS, query, _read_items)
                except StripeProblem as problem:
                    if problem.kind is ProblemKind.MISSING:
                        return None  # it was just deleted, and its event says so
                    if problem.kind is not ProblemKind.CURSOR_GONE:
                        raise
                    tries += 1
                    if tries > TRIES:
                        return "its items changed each time they were read"
                    items.data = []  # the last one was just removed, so the list starts over
                    continue
            if reply.body.bad:
                return f"one of its items cannot be stored: {reply.body.bad[0].reason}"
            known = {one.id for one in items.data}
            new = [one for one in reply.body.objects if one.id not in known]
            if reply.body.has_more and not new:
                return "its list of items cannot be followed"
            items.data += new
            items.has_more = reply.body.has_more
        return None
