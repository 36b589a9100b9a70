"""Retrieves single objects from Stripe, and the rest of the lists inside them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from app.db.rows import DeletedObject, Fetched
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.endpoints import LISTINGS
from app.sync.stripe.objects import Item, Items, Subscription, page_reader

ITEMS = "/v1/subscription_items"
AT_A_TIME = 32

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
                if problem.kind is not ProblemKind.MISSING:
                    raise
                return Fetched(problem.seq, gone=[DeletedObject(table, key)])
        if table == "subscription":
            await self.complete_items(reply.body.objects)
        return listing.rows(reply.body, reply.seq)

    async def complete_items(self, subscriptions: Iterable[Subscription]) -> None:
        """Fetch the items that did not fit into the subscriptions' nested lists."""
        cut = [(one.id, one.items) for one in subscriptions if one.items and one.items.has_more]
        if cut:
            await asyncio.gather(*(self._rest_of(owner, items) for owner, items in cut))

    async def _rest_of(self, owner: str, items: Items) -> None:
        while items.has_more and items.data:
            last = items.data[-1].id
            async with self._places:
                try:
                    reply = await self._api.page(
                        ITEMS,
                        {"subscription": owner, "limit": 100, "starting_after": last},
                        _read_items,
                    )
                except StripeProblem as problem:
                    if problem.kind in (ProblemKind.MISSING, ProblemKind.CURSOR_GONE):
                        return  # it just changed, and its event brings the whole
                    raise
            items.data += reply.body.objects
            items.has_more = reply.body.has_more and bool(reply.body.objects)
