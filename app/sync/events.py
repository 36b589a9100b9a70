"""Later changes, from Stripe's events. Each event is a hint and never the truth.

An event says that an object changed. Its snapshot may be old, cut or of another API version, so the
object itself is retrieved, once for all events about it. If many objects changed, their list is
read again instead. Only the deletion of a customer is taken at its word, because it is final. Polls
overlap, because an event may become visible after newer ones. The ids of processed events are
stored in the transaction that stores their effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from app.db import connections
from app.db.history import DELETED
from app.db.rows import DeletedObject, Delivery, EventRow, Fetched, StepRow
from app.db.store import Store
from app.sync.committer import Committer
from app.sync.relist import Relisting
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.endpoints import EVENT_TYPES, EVENTS, LISTINGS, NEEDS
from app.sync.stripe.objects import Event, page_reader
from app.sync.stripe.retrieve import Retriever
from app.text import storable

# Seconds that an event may be late. Every poll goes back by the short overlap. The first poll, and
# then one in five minutes, goes back by the long one, as far as tap-stripe.
SHORT_OVERLAP, OVERLAP = 90, 600
RETENTION = 29 * 86_400  # Stripe keeps events for 30 days
MOST_PAGES = 1_000  # of events; a full listing then costs no more and needs less memory
GROUP = 100
FEW = 10  # objects, for which comparing the costs is not worthwhile

_read_events = page_reader(Event)
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

    async def poll(self, *, deep: bool = True, listed: bool = False) -> PollResult:
        """Poll once, and apply every new event.

        ``deep``: also find events that became visible very late. ``listed``: a full listing has
        just ended, so another one would not reduce the events. Raises EventGap, StripeProblem,
        DatabaseProblem. What was applied before stays applied.
        """
        through = connections.sync_state(self._store, self._connection_id).events_through or 0
        overlap = OVERLAP if deep else SHORT_OVERLAP
        try:
            date, events, pages = await self._new_events(through, overlap, listed)
        except StripeProblem as problem:
            if problem.kind is not ProblemKind.FORBIDDEN:
                raise
            await self._say_forbidden()
            return PollResult(0, 1, 0)
        await self.apply(events)
        newest = max((event.created for event in events), default=None)
        await self._committer.put(Delivery(requests=self._api.take_count()))
        await self._committer.do(
            partial(
                connections.polled,
                self._store,
                self._connection_id,
                date,
                newest,
                through - 2 * OVERLAP,
            )
        )
        return PollResult(len(events), pages, date)

    async def _new_events(
        self, through: int, overlap: int, listed: bool
    ) -> tuple[int, list[EventRow], int]:
        """(Stripe's clock before the first page, the events that are not stored, pages)."""
        query: dict[str, str | int] = {"limit": 100, "created[gte]": through - overlap}
        query |= {f"types[{n}]": kind for n, kind in enumerate(self._types())}
        found: dict[str, EventRow] = {}
        date, cursor, pages = None, None, 0
        while True:
            here = {**query, "starting_after": cursor} if cursor else query
            try:
                reply = await self._api.page(EVENTS, here, _read_events)
            except StripeProblem as problem:
                if problem.kind is not ProblemKind.CURSOR_GONE or not cursor:
                    raise
                cursor = None  # the event is too old now, so the list starts over
                continue
            date, pages, page = date or reply.date, pages + 1, reply.body
            if date - through > RETENTION or (pages >= MOST_PAGES and not listed):
                raise EventGap(date)
            found.update((one.id, _row(one)) for one in page.objects if one.type in _TABLE)
            if not page.has_more or page.last[0] in (None, cursor):
                break
            cursor = page.last[0]
        return date, self._unseen(found), pages

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

    async def _put(self, changes: Changes, answers: Mapping[str, Fetched]) -> None:
        """Queue Stripe's answers, by object, together with the events that they complete."""
        for key, answer in answers.items():
            answer.event = max(changes[key], key=lambda event: event.created)
        await self._committer.put(
            Delivery(
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
            f"The key lost the permission “{NEEDS[step].label}”: what was fetched stays, and"
            " later changes to it are not seen. Add it at Stripe and connect again."
        )
        old = connections.steps(self._store, self._connection_id)[step]
        skipped = StepRow(step, "skipped", old.done, old.total, text)
        await self._committer.put(Delivery(steps=[skipped]))
        await self._committer.do(
            partial(connections.say, self._store, self._connection_id, "warning", step, text)
        )

    async def _say_forbidden(self) -> None:
        need = NEEDS["events"]
        text = (
            f"The key lacks the permission “{need.label}”: {need.cost}. Add it at Stripe, or run"
            " “panelist sync --full” now and then."
        )
        await self._committer.do(
            partial(connections.say, self._store, self._connection_id, "warning", None, text)
        )


def _groups(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[start : start + GROUP] for start in range(0, len(keys), GROUP)]


def _row(event: Event) -> EventRow:
    return EventRow(storable(event.id), event.created, event.type, storable(event.data.object.id))
