"""Bugs that syncs like ours have had, each put into the real code at one small place.

The machine must find every one of them; otherwise it proves nothing. A patch names what it
replaces, and fails with an AttributeError when that is gone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from app.db import apply, connections, membership
from app.db.people import ParticipantSet
from app.db.rows import DeletedObject, Fetched, SyncDelivery
from app.db.store import Store
from app.db.upserts import Upsert
from app.sync import events, stripe_clock
from app.sync.backfill import Backfill
from app.sync.stripe.client import StripeApi
from app.sync.stripe.endpoints import EVENTS, LISTINGS
from app.sync.stripe.retrieve import Retriever
from app.sync.windows import TimeWindow

Patch = AbstractContextManager[Any]
PLANTED: dict[str, Callable[[], list[Patch]]] = {}


def planted(make: Callable[[], list[Patch]]) -> Callable[[], list[Patch]]:
    """Add a bug under its function's name."""
    PLANTED[make.__name__.replace("_", " ")] = make
    return make


def plant(name: str) -> ExitStack:
    """The code with this bug, as a context."""
    stack = ExitStack()
    for one in PLANTED[name]():
        stack.enter_context(one)
    return stack


def _first(*fields: str) -> list[Patch]:
    """Commit these fields of each delivery in a transaction of their own, before the rest."""
    deliver = apply.deliver

    def early(
        store: Store, connection_id: int, deliveries: Iterable[SyncDelivery], *rules: Any
    ) -> None:
        deliveries = list(deliveries)
        empty = SyncDelivery()
        first = [SyncDelivery(**{f: getattr(one, f) for f in fields}) for one in deliveries]
        rest = [replace(one, **{f: getattr(empty, f) for f in fields}) for one in deliveries]
        deliver(store, connection_id, first, *rules)
        deliver(store, connection_id, rest, *rules)

    return [patch("app.sync.committer.deliver", early)]


@planted
def place_before_its_page() -> list[Patch]:
    return _first("open_windows", "closed_windows")


@planted
def events_seen_before_their_effects() -> list[Patch]:
    return _first("events")


@planted
def later_than_the_last_event() -> list[Patch]:
    """Strictly, and without an overlap: another one of the same second is never asked for."""
    page, overlap = StripeApi.page, stripe_clock.OVERLAP

    async def later(self: StripeApi, path: str, query: Any, read: Any) -> Any:
        if path == EVENTS and "created[gte]" in query:
            query = dict(query)
            query["created[gt]"] = int(query.pop("created[gte]")) + overlap
        return await page(self, path, query, read)

    return [patch.object(StripeApi, "page", later)]


@planted
def no_overlap() -> list[Patch]:
    return [patch.object(events, name, 0) for name in ("OVERLAP", "SHORT_OVERLAP")]


@planted
def no_guard() -> list[Patch]:
    """Whatever is written last wins."""
    found: list[Patch] = []
    for name in ("PARTICIPANT", "PRODUCT", "PRICE"):
        how: Upsert = getattr(apply, name)
        guard = f"excluded.seq > {name.lower()}.seq"
        assert guard in how.then
        found.append(patch.object(apply, name, replace(how, then=how.then.replace(guard, "true"))))
    return found


@planted
def guard_by_the_second() -> list[Patch]:
    """Rows are stamped with the time instead of the request's number."""
    attempt = StripeApi._attempt

    async def stamped(self: StripeApi, *asked: Any) -> Any:
        self._seq = int(time.time()) - 1
        return await attempt(self, *asked)

    return [patch.object(StripeApi, "_attempt", stamped)]


def _snapshots(kind: str) -> list[Patch]:
    """Store what the event shows of objects whose ids begin so, instead of asking for them."""
    page, one = StripeApi.page, StripeApi.one
    shown: dict[str, bytes] = {}

    async def remembering(self: StripeApi, path: str, query: Any, read: Any) -> Any:
        def remember(content: bytes) -> Any:
            answer = read(content)
            for event in reversed(json.loads(content)["data"]):
                if not event["type"].endswith("deleted"):
                    shown[event["data"]["object"]["id"]] = json.dumps(
                        event["data"]["object"]
                    ).encode()
            return answer

        return await page(self, path, query, remember if path == EVENTS else read)

    async def remembered(self: StripeApi, path: str, key: str, read: Any) -> Any:
        reply = await one(self, path, key, read)
        if key.startswith(kind) and key in shown and not reply.body.objects[0].deleted:
            return replace(reply, body=read(shown.pop(key)))
        return reply

    return [
        patch.object(StripeApi, "page", remembering),
        patch.object(StripeApi, "one", remembered),
    ]


@planted
def snapshots_of_customers() -> list[Patch]:
    return _snapshots("cus_")


@planted
def snapshots_of_subscriptions() -> list[Patch]:
    return _snapshots("sub_")


@planted
def no_tombstone() -> list[Patch]:
    """A deleted customer's row is deleted too, and a late page brings it back."""
    gone = apply._store_gone

    def delete(store: Store, connection_id: int, *rest: Any) -> None:
        gone(store, connection_id, *rest)
        store.execute(
            "DELETE FROM participant WHERE connection_id = ? AND deleted", (connection_id,)
        )

    return [patch.object(apply, "_store_gone", delete)]


@planted
def counts_stay_when_only_an_email_goes() -> list[Patch]:
    move, counts = membership._move_counts, membership.counts

    def lazily(store: Store, people: ParticipantSet, before: membership.Counts) -> None:
        after = counts(store, people)
        if {key: one[0] for key, one in after.items()} != {k: one[0] for k, one in before.items()}:
            move(store, people, before)

    return [patch.object(membership, "_move_counts", lazily)]


@planted
def missed_objects_are_not_asked_for() -> list[Patch]:
    async def nothing(self: Backfill) -> None:
        await self._committer.flush()

    return [patch.object(Backfill, "_check_missed", nothing)]


@planted
def missed_objects_count_as_deleted() -> list[Patch]:
    """Also after a 403, which a listing that saw nothing looks like."""

    async def delete(self: Backfill) -> None:
        await self._committer.flush()
        for listing in LISTINGS.values():
            missed = connections.missed(self._store, self._connection_id, listing.table)
            gone = [DeletedObject(listing.table, key) for key in missed]
            answer = Fetched(self._api._seq, gone=gone)
            await self._committer.put(SyncDelivery(answers=[answer] if gone else []))

    return [patch.object(Backfill, "_check_missed", delete)]


@planted
def the_rest_of_a_nested_list() -> list[Patch]:
    async def nothing(self: Retriever, subscriptions: Any) -> None:
        """Ten items are enough for everyone."""

    return [patch.object(Retriever, "complete_items", nothing)]


@planted
def away_for_too_long() -> list[Patch]:
    return [patch.object(events, "RETENTION", 10**9)]


@planted
def events_since_the_end_of_the_listing() -> list[Patch]:
    """Instead of since just before its first page."""
    settle = connections.settle

    def late(store: Store, connection_id: int) -> None:
        settle(store, connection_id)
        store.execute("UPDATE connection SET events_through = ?", (int(time.time()),))

    return [patch.object(connections, "settle", late)]


@planted
def the_rest_of_the_cursor_s_second() -> list[Patch]:
    """A window whose cursor is gone starts again below the cursor's second."""

    def late(window: TimeWindow) -> TimeWindow:
        assert window.position is not None
        return replace(window, high=window.position, cursor=None, position=None)

    return [patch("app.sync.windows.below", late)]
