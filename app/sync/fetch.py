"""Single objects of Stripe, and the rest of the lists inside them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from app.db.rows import Answer, Gone
from app.sync.listings import LISTINGS
from app.sync.stripe_api import Kind, StripeApi, StripeProblem

ITEMS = "/v1/subscription_items"
AT_A_TIME = 32

_BY_TABLE = {listing.table: listing for listing in LISTINGS.values()}


class Fetcher:
    """Asks Stripe for objects by their ids, many at a time."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api
        self._places = asyncio.Semaphore(AT_A_TIME)

    async def objects(self, keys: Sequence[tuple[str, str]]) -> list[Answer]:
        """One answer for each (table, Stripe id), as Stripe has it now; a missing or deleted
        object comes as gone. Raises StripeProblem."""
        return list(await asyncio.gather(*(self._object(table, key) for table, key in keys)))

    async def _object(self, table: str, key: str) -> Answer:
        listing = _BY_TABLE[table]
        async with self._places:
            try:
                reply = await self._api.one(listing.path, key)
            except StripeProblem as problem:
                if problem.kind is not Kind.MISSING:
                    raise
                return Answer(problem.seq, gone=[Gone(table, key)])
        if table == "subscription":
            await self.complete_items([reply.body])
        return listing.rows([reply.body], reply.seq)

    async def complete_items(self, subscriptions: Iterable[Any]) -> None:
        """Fetch the items that did not fit into the subscriptions' nested lists."""
        cut = [(one, items) for one in subscriptions if (items := _cut_items(one))]
        await asyncio.gather(*(self._rest_of(str(one["id"]), items) for one, items in cut))

    async def _rest_of(self, owner: str, items: dict[str, Any]) -> None:
        while items["has_more"]:
            last = items["data"][-1]["id"]
            query = {"subscription": owner, "limit": 100, "starting_after": last}
            async with self._places:
                try:
                    reply = await self._api.page(ITEMS, query)
                except StripeProblem as problem:
                    if problem.kind in (Kind.MISSING, Kind.CURSOR_GONE):
                        return  # it changed meanwhile; its event brings the whole
                    raise
            items["data"] += reply.body["data"]
            items["has_more"] = bool(reply.body.get("has_more")) and bool(reply.body["data"])


def _cut_items(subscription: Any) -> dict[str, Any] | None:
    """The nested list of a subscription when Stripe cut it and it can be followed."""
    if not isinstance(subscription, dict) or not isinstance(subscription.get("id"), str):
        return None
    items = subscription.get("items")
    if not isinstance(items, dict) or items.get("has_more") is not True:
        return None
    data = items.get("data")
    if not isinstance(data, list) or not data or not isinstance(data[-1], dict):
        return None
    return items if isinstance(data[-1].get("id"), str) else None
