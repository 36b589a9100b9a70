"""Checks every difference again before it is reported, because a recent change is not an error.

Both sides change during a comparison. So a row counts as wrong only in this case: it did not change
from before the object was requested until after Stripe's events were listed, and the effect of
every event about the object is stored. Then the sync has nothing left that would correct the row.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping

from app.db import connections
from app.db.quarantine import LISTING_OF
from app.db.store import Store
from app.panel.audit.stored import Stored, set_aside, sold, stored
from app.sync.event_list import event_pages
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.endpoints import EVENT_TYPES, LISTINGS
from app.sync.stripe.objects import Event
from app.sync.stripe.retrieve import AT_A_TIME, Retriever
from app.sync.stripe_clock import OVERLAP
from app.sync.verify.compare import Key, Standing, StripeObject, differences, objects_in
from app.sync.verify.findings import Difference, Finding, Pending, SetAside
from app.text import storable

ROUNDS = 5  # checks of an object that changes during each check
REFUSED = "the database refused it"  # the reason in app.db.apply starts with this

_BY_TABLE = {listing.table: listing for listing in LISTINGS.values()}
_TABLE = {kind: LISTINGS[step].table for step, kinds in EVENT_TYPES.items() for kind in kinds}
_GONE = (Standing.DELETED, Standing.UNKNOWN)


class Recheck:
    """Checks suspicious objects again.

    ``steps`` are the parts of a sync whose changes are followed. ``patience`` is how many seconds
    late an event of Stripe's may arrive.
    """

    def __init__(
        self,
        api: StripeApi,
        store: Store,
        connection_id: int,
        steps: Iterable[str],
        patience: float,
    ) -> None:
        self._api = api
        self._store = store
        self._connection_id = connection_id
        self._types = [kind for step in steps for kind in EVENT_TYPES.get(step, ())]
        self._patience = patience
        self._fetcher = Retriever(api)
        self._slots = asyncio.Semaphore(AT_A_TIME)
        self.blind = False  # True if the key may not read events

    async def ask(self, keys: Iterable[Key]) -> dict[Key, StripeObject]:
        """Retrieve these objects from Stripe, each by its id. Raises StripeProblem."""
        wanted = list(keys)
        found = await asyncio.gather(*(self._ask(*key) for key in wanted))
        return dict(zip(wanted, found, strict=True))

    async def _ask(self, table: str, key: str) -> StripeObject:
        listing = _BY_TABLE[table]
        async with self._slots:
            try:
                reply = await self._api.one(listing.path, key, listing.read_one)
            except StripeProblem as problem:
                if problem.kind is not ProblemKind.MISSING:
                    raise
                return StripeObject(Standing.UNKNOWN)
        if table == "subscription":
            await self._fetcher.complete_items(reply.body)
        answer = objects_in(listing.rows(reply.body, reply.seq))
        # An object that cannot be stored may not even have a readable id.
        bad = (one for one in answer.values() if one.standing is Standing.UNSTORABLE)
        return answer.get((table, key)) or next(bad, StripeObject(Standing.UNKNOWN))

    async def settle(self, suspects: Mapping[Key, StripeObject]) -> list[Finding]:
        """The findings about objects that looked different. Those that agree by now have none.

        Raises StripeProblem.
        """
        findings: list[Finding] = []
        waiting = await self._without_pending(suspects, findings)
        for _ in range(ROUNDS):
            if not waiting:
                return findings
            before = self._stored(waiting)
            asked = await self.ask(waiting)
            waiting = {
                key: first
                for key, first in waiting.items()
                if asked[key].standing is Standing.UNSTORABLE
                or self._differences(key, first, asked[key], before.get(key))
            }
            if waiting:
                await asyncio.sleep(self._patience)
            waiting = await self._without_pending(waiting, findings)
            after = self._stored(waiting)
            again = {}
            for key, first in waiting.items():
                ours = after.get(key)
                found = self._differences(key, first, asked[key], ours)
                if asked[key].standing is Standing.UNSTORABLE:
                    findings.append(SetAside(*key, asked[key].reason))
                elif found and ours != before.get(key):
                    again[key] = first
                elif found:
                    findings += self._explained(key, found, ours)
            waiting = again
        return findings + [Pending(*key, "changing") for key in waiting]

    def _stored(self, keys: Iterable[Key]) -> dict[Key, Stored]:
        by_table: dict[str, list[str]] = defaultdict(list)
        for table, key in keys:
            by_table[table].append(key)
        return {
            (table, key): row
            for table, ids in by_table.items()
            for key, row in stored(self._store, self._connection_id, table, ids).items()
        }

    def _differences(
        self, key: Key, first: StripeObject, asked: StripeObject, ours: Stored | None
    ) -> list[Difference]:
        """The differences now. Subscriptions still show a deleted price, so such a price may be
        stored as deleted or not."""
        if key[0] == "price" and asked.standing in _GONE and not (ours and ours.deleted):
            if first.shown_by:
                return differences(key, first, ours)
            if ours and sold(self._store, self._connection_id, key[1]):
                return []
        return differences(key, asked, ours)

    def _explained(self, key: Key, found: list[Difference], ours: Stored | None) -> list[Finding]:
        """The differences, unless the database refused the object or a full listing has not
        reached it yet. No pending event explains them."""
        table, stripe_id = key
        reasons = set_aside(self._store, self._connection_id)
        reason = reasons.get((LISTING_OF[table], stripe_id), "")
        if reason.startswith(REFUSED):
            return [SetAside(*key, reason)]
        state = connections.sync_state(self._store, self._connection_id)
        unreached = ours is None or ours.generation < state.generation
        if state.settled < state.generation and unreached:
            return [Pending(*key, "listing")]
        return [*found]

    async def _without_pending(
        self, waiting: Mapping[Key, StripeObject], findings: list[Finding]
    ) -> dict[Key, StripeObject]:
        """Those objects without an event that the sync has yet to process. The others are added to
        ``findings`` as pending."""
        if not waiting:
            return {}
        unseen = await self._unseen()
        rest = {}
        for key, theirs in waiting.items():
            names = [key, *(("subscription", one) for one in theirs.shown_by)]
            event = next((unseen[name] for name in names if name in unseen), None)
            if event is None:
                rest[key] = theirs
            else:
                findings.append(Pending(*key, event.type, event.created))
        return rest

    async def _unseen(self) -> dict[Key, Event]:
        """The newest event of each object whose effect is not stored yet."""
        # Read this every time: another syncing process advances it and deletes older events.
        through = connections.sync_state(self._store, self._connection_id).events_through or 0
        found: dict[str, Event] = {}
        try:
            await self._list_events(through - OVERLAP, found)
        except StripeProblem as problem:
            if problem.kind is not ProblemKind.FORBIDDEN:
                raise
            self.blind = True
        unseen = connections.unseen(self._store, self._connection_id, list(found))
        events = sorted((found[key] for key in unseen), key=lambda event: event.created)
        return {(_TABLE[event.type], storable(event.data.object.id)): event for event in events}

    async def _list_events(self, since: int, found: dict[str, Event]) -> None:
        if self.blind or not self._types:
            return
        async for reply in event_pages(self._api, self._types, since):
            found.update(
                (storable(one.id), one) for one in reply.body.objects if one.type in _TABLE
            )
