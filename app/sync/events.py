"""Later changes, from Stripe's events. Each event is a hint and never the truth.

An event says that an object changed. Its snapshot may be old, cut or of another API version, so the
object itself is retrieved, once for all events about it. If many objects changed, their list is
read again instead. Only the deletion of a customer is taken at its word, because it is final. Polls
overlap, because an event may become visible after newer ones. The ids of processed events are
stored in the transaction that stores their effect.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from app.db import connections, membership, sync_messages
from app.db.history import DELETED
from app.db.rows import DeletedObject, EventRow, Fetched, StepRow, SyncDelivery
from app.db.store import Store
from app.sync import stripe_clock
from app.sync.committer import Committer
from app.sync.event_list import event_pages
from app.sync.recomputation import recompute_memberships
from app.sync.relist import Relisting
from app.sync.stripe import normalise
from app.sync.stripe.client import ProblemKind, Reply, StripeApi, StripeProblem
from app.sync.stripe.endpoints import EVENT_TYPES, LISTINGS, NEEDS
from app.sync.stripe.objects import Event
from app.sync.stripe.pages import ListPage
from app.sync.stripe.retrieve import Retriever
from app.sync.stripe_clock import OVERLAP
from app.text import storable

# Every poll goes back by the short overlap, and the first and then one in five minutes by the long.
SHORT_OVERLAP = 90
RETENTION = 29 * 86_400  # Stripe keeps events for 30 days
MOST_PAGES = 1_000  # of events; a full listing then costs no more and needs less memory
PAGES_AT_ONCE = 50  # of events that are applied together
GROUP = 100
FEW = 10  # objects, for which comparing the costs is not worthwhile

_TABLE = {kind: LISTINGS[step].table for step, kinds in EVENT_TYPES.items() for kind in kinds}
_TABLES = ("product", "price", "participant", "subscription")

Changes = Mapping[str, Sequence[EventRow]]  # by the id of the object that changed


@dataclass(frozen=True)
class PollResult:
    """The result of one poll: how many new events, and how many requests listed them. ``date``:
    Stripe's clock before the poll."""

    changes: int
    pages: int
    date: int


class EventGap(Exception):
    """Events since the last poll are missing, or there are too many, so everything must be listed
    again. ``date``: Stripe's clock before the request."""

    def __init__(self, date: int) -> None:
        super().__init__()
        self.date = date


@dataclass
class _Found:
    """What a poll has found so far. ``date``: Stripe's clock before the first page. ``newest``: the
    creation time of the newest event in the list, and ``newest_new`` of those that were not
    stored."""

    date: int = 0
    pages: int = 0
    changes: int = 0
    newest: int = 0
    newest_new: int | None = None

    def note(self, reply: Reply[ListPage[Event]]) -> None:
        """Count a page."""
        self.date = self.date or reply.date
        self.pages += 1
        self.newest = max(self.newest, *(one.created for one in reply.body.objects), 0)

    def gap(self, through: int) -> bool:
        """Whether events are missing since ``through``. A mark that is ahead of both clocks came
        from a wrong one, so what happened before it was never asked for."""
        ahead = through - OVERLAP > max(self.date, time.time())
        return self.date - through > RETENTION or ahead

    def mark(self, through: int) -> int:
        """Every event until then was listed. The mark never moves beyond the lower of both clocks
        and the newest event, because either clock may be wrong."""
        mark = max(stripe_clock.lower(self.date), min(self.date, self.newest))
        return max(mark, through) if through <= time.time() else mark


class EventPoller:
    """Polls for events and applies their changes."""

    def __init__(
        self, api: StripeApi, store: Store, connection_id: int, committer: Committer
    ) -> None:
        self._api = api
        self._store = store
        self._connection_id = connection_id
        self._committer = committer
        self._fetcher = Retriever(api)
        self._owners: set[str] = set()  # customers of the subscriptions that changed

    async def poll(
        self, *, deep: bool = True, listed: bool = False, gapless: bool = False
    ) -> PollResult:
        """Poll once, and apply every new event.

        ``deep``: also find events that became visible very late. ``listed``: a full listing has
        just ended, so another one would not reduce the events. ``gapless``: that listing began a
        moment ago, so no event can be missing, whatever the clocks say. Raises EventGap,
        StripeProblem, DatabaseProblem. What was applied before stays applied.
        """
        through = connections.sync_state(self._store, self._connection_id).events_through or 0
        since = through - (OVERLAP if deep else SHORT_OVERLAP)
        found = _Found()
        try:
            await self._read(through, since, found, listed=listed, gapless=gapless)
        except StripeProblem as problem:
            if problem.kind is not ProblemKind.FORBIDDEN:
                raise
            await self._say_forbidden()
            return PollResult(0, 1, 0)
        await self._committer.put(SyncDelivery(requests=self._api.take_count()))
        await self._committer.do(
            partial(
                connections.polled,
                self._store,
                self._connection_id,
                found.mark(through),
                found.newest_new,
                through - 2 * OVERLAP,
            )
        )
        return PollResult(found.changes, found.pages, found.date)

    async def _read(
        self, through: int, since: int, found: _Found, *, listed: bool, gapless: bool
    ) -> None:
        """List the events and apply them, some pages at a time, so that any number of them takes
        the same memory."""
        waiting: dict[str, EventRow] = {}
        async for reply in event_pages(self._api, self._types(), since):
            found.note(reply)
            too_many = found.pages >= MOST_PAGES and not listed
            if too_many or (found.gap(through) and not gapless):
                raise EventGap(found.date)
            await self._set_aside(reply)
            events = (one for one in reply.body.objects if one.type in _TABLE)
            waiting.update((one.id, _row(one)) for one in events)
            if found.pages % PAGES_AT_ONCE == 0:
                await self._apply_new(waiting, found)
                waiting = {}
        await self._apply_new(waiting, found)

    async def _apply_new(self, listed: Mapping[str, EventRow], found: _Found) -> None:
        events = self._unseen(listed)
        await self.apply(events)
        found.changes += len(events)
        newest = max((event.created for event in events), default=None)
        if newest is not None:
            found.newest_new = max(newest, found.newest_new or newest)

    async def _set_aside(self, reply: Reply[ListPage[Event]]) -> None:
        """Record unreadable events, because the changes that they report are missed."""
        if reply.body.bad:
            bad = normalise.unusable("events", reply.body)
            await self._committer.put(SyncDelivery([Fetched(reply.seq, bad=bad)]))

    def _types(self) -> list[str]:
        steps = connections.steps(self._store, self._connection_id)
        return [
            kind
            for step, kinds in EVENT_TYPES.items()
            if steps[step].state != "skipped"
            for kind in kinds
        ]

    def _unseen(self, found: Mapping[str, EventRow]) -> list[EventRow]:
        new = connections.unseen(self._store, self._connection_id, list(found))
        return [event for key, event in found.items() if key in new]

    async def apply(self, events: Sequence[EventRow]) -> int:
        """Store the current state at Stripe of the objects in these events. Returns how many events
        were new. Raises StripeProblem, DatabaseProblem."""
        types = set(self._types())  # without those that the key may not read
        new = self._unseen({event.stripe_id: event for event in events if event.type in types})
        for table in _TABLES:
            changes: dict[str, list[EventRow]] = {}
            for event in new:
                if _TABLE[event.type] == table:
                    changes.setdefault(event.object_id, []).append(event)
            try:
                await self._apply_to(table, changes)
            except StripeProblem as problem:
                if problem.kind is not ProblemKind.FORBIDDEN:
                    raise
                await self._say_lost(table)
        return len(new)

    async def _apply_to(self, table: str, changes: Changes) -> None:
        gone = [key for key in changes if any(one.type == DELETED for one in changes[key])]
        for group in _groups(gone):
            seq = self._api.next_seq()
            await self._put(
                changes, {key: Fetched(seq, gone=[DeletedObject(table, key)]) for key in group}
            )
        left = set(changes).difference(gone)
        if len(left) > FEW:
            listing = Relisting(self._api, self._store, self._connection_id, self._committer, table)
            if len(left) > await listing.requests():
                await listing.run(left, partial(self._put, changes))
        for group in _groups(sorted(left)):
            answers = await self._fetcher.objects([(table, key) for key in group])
            await self._put(changes, dict(zip(group, answers, strict=True)))
        if table == "subscription" and self._owners:
            owners, self._owners = self._owners, set()
            await self._apply_accounts(owners)

    async def _apply_accounts(self, owners: set[str]) -> None:
        """Retrieve the customers of changed subscriptions that have no events of their own: those
        that are Accounts, and those that are not here yet."""
        asked = await self._committer.do(
            partial(connections.unknown_to_events, self._store, self._connection_id, owners)
        )
        for group in _groups(asked):
            answers = await self._fetcher.objects([("participant", key) for key in group])
            await self._committer.put(
                SyncDelivery(answers=answers, requests=self._api.take_count())
            )

    async def _put(self, changes: Changes, answers: Mapping[str, Fetched]) -> None:
        """Queue Stripe's answers, by object, together with the events that they complete."""
        for key, answer in answers.items():
            answer.event = max(changes[key], key=lambda event: event.created)
            self._owners.update(row.customer for row in answer.subscriptions)
        await self._committer.put(
            SyncDelivery(
                answers=list(answers.values()),
                events=[event for key in answers for event in changes[key]],
                requests=self._api.take_count(),
            )
        )

    async def _say_lost(self, table: str) -> None:
        """Record that the key lost a permission. The data it brought stays and is no longer
        updated."""
        (step,) = {one.step for one in LISTINGS.values() if one.table == table}
        text = (
            f"The key lost the permission “{NEEDS[step].label}”. Existing data is kept, but"
            " later changes to it do not arrive. Add the permission in Stripe and connect"
            " again."
        )
        old = connections.steps(self._store, self._connection_id)[step]
        skipped = StepRow(step, "skipped", old.done, old.total, text)
        await self._committer.put(SyncDelivery(steps=[skipped]))
        await self._committer.do(
            partial(
                sync_messages.record_message,
                self._store,
                self._connection_id,
                "warning",
                step,
                text,
            )
        )
        if table == "subscription":
            await self._committer.do(self._forget_subscriptions)
            await recompute_memberships(self._store, self._connection_id, self._committer)

    def _forget_subscriptions(self) -> None:
        """Treat subscriptions as not known until the next listing."""
        with self._store.transaction():
            membership.set_known(self._store, self._connection_id, known=False)

    async def _say_forbidden(self) -> None:
        need = NEEDS["events"]
        text = (
            f"The key lacks the permission “{need.label}”: {need.cost}. Add it in Stripe, or"
            " run panelist sync --full from time to time."
        )
        await self._committer.do(
            partial(
                sync_messages.record_message,
                self._store,
                self._connection_id,
                "warning",
                None,
                text,
            )
        )


def _groups(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[start : start + GROUP] for start in range(0, len(keys), GROUP)]


def _row(event: Event) -> EventRow:
    return EventRow(storable(event.id), event.created, event.type, storable(event.data.object.id))
