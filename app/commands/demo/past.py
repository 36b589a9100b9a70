"""Writes the demo's past: what a Panelist that was connected for 18 months would have stored.

It is stored by the code that stores a sync, a study and a reply, with the store's clock set to when
each happened. So causes, counts and the ledger's seals are those of a real account, and
``panelist verify`` finds nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from app.commands.demo.past_studies import Happening, draft, past_studies
from app.db import connections, history, membership, people
from app.db.apply import deliver
from app.db.history import DELETED
from app.db.indexes import subscription_indexes
from app.db.rows import DeletedObject, EventRow, Fetched, StepRow, SyncDelivery
from app.db.store import Store
from app.sandbox.world.company import Company
from app.sandbox.world.event_log import RETENTION_SECONDS
from app.sandbox.world.seeded import Obj
from app.sync.stripe.endpoints import LISTINGS

SOURCE = "stripe"
HOUR = 3_600


class PastEvent(NamedTuple):
    """An event of the past, with the object as Stripe would have sent it then."""

    row: EventRow
    customer: str
    content: bytes


@dataclass(frozen=True)
class Past:
    """``events`` in the order of time. ``since`` is the first sync, ``until`` is now."""

    company: Company
    events: list[PastEvent]

    @property
    def since(self) -> int:
        return self.company.since

    @property
    def until(self) -> int:
        return self.company.until


def play(customers: int, seed: int, until: int) -> Past:
    """Play the company's life up to a second. The sandbox serves the same one."""
    events: list[PastEvent] = []

    def watch(identifier: str, kind: str, shown: Obj, second: int) -> None:
        customer = str(shown.get("customer") or shown["id"])
        row = EventRow(identifier, second, kind, str(shown["id"]))
        events.append(PastEvent(row, customer, msgspec.json.encode(shown)))

    company = Company(customers=customers, seed=seed, until=until, watch=watch)
    return Past(company, events)


def write_past(store: Store, past: Past) -> int:
    """Store the past in an empty database, all of it or nothing. Returns the connection's id.
    Raises DatabaseProblem."""
    try:
        with store.transaction():
            return _Writer(store, past).write()
    finally:
        store.clock = time.time


class _Writer:
    """Stores one past."""

    def __init__(self, store: Store, past: Past) -> None:
        self._store, self._past = store, past
        self._seq = 0
        self._waiting = iter(past.events)
        self._next: PastEvent | None = next(self._waiting, None)
        self._here = 0

    def write(self) -> int:
        past = self._past
        self._at(past.since)
        company = past.company
        self._here = connections.record(
            *(self._store, SOURCE, company.account_id, company.livemode),
            *(company.account_name, "restricted_key"),
        )
        self._first_sync()
        for at, happen in self._happenings():
            self._follow(at)
            self._at(at)
            happen()
        self._follow(past.until)
        self._at(past.until)
        self._list_again()
        return self._here

    def _happenings(self) -> Iterable[Happening]:
        """What researchers did, in the order of time. A study's replies become known only when it
        was sent, so each study is finished before the next one begins."""
        yield from past_studies(self._store, self._here, self._past.until, self._past.company.seed)
        yield self._past.until - HOUR, lambda: draft(self._store, self._here)

    def _at(self, second: int) -> None:
        self._store.clock = lambda: second

    # What the sync stored

    def _first_sync(self) -> None:
        """The listing with which the account was connected: everything as it was then."""
        then: dict[str, PastEvent] = {}
        for event in self._taken(self._past.since):
            then[event.row.object_id] = event
        living = [one for one in then.values() if one.row.type != DELETED]
        self._list(
            [one.content for one in living if one.row.object_id == one.customer],
            [one.content for one in living if one.row.object_id != one.customer],
            first=True,
        )

    def _list_again(self) -> None:
        """A full listing as of now, as `panelist sync --full` makes one. Renewals send no event
        that is told here, and their dates come with it."""
        company = self._past.company
        self._list(
            [msgspec.json.encode(one) for one in company.customers()],
            [msgspec.json.encode(one) for one in company.subscriptions()],
            first=False,
        )
        events = [one.row for one in self._past.events]
        newest = events[-1].created if events else None
        kept = self._past.until - RETENTION_SECONDS
        deliver(
            *(self._store, self._here),
            [SyncDelivery(events=[one for one in events if one.created >= kept])],
        )
        connections.polled(self._store, self._here, self._past.until, newest, kept)

    def _list(self, customers: list[bytes], subscriptions: list[bytes], *, first: bool) -> None:
        store, here, company = self._store, self._here, self._past.company
        connections.begin_listing(store, here, store.now(), ())
        products = [msgspec.json.encode(one) for one in company.products()]
        prices = [msgspec.json.encode(one) for one in company.prices()]
        self._page("products", products)
        self._page("prices", prices)
        self._page("subscriptions", subscriptions)
        subscription_indexes.build(store)
        if first:
            cause = history.listing_cause(store, here)
            membership.create_subscription_segments(store, here, cause)
            for chunk in people.chunks(store, here):
                membership.fill(store, chunk, cause)
        self._page("customers", customers)
        (segments,) = store.row("SELECT count(*) FROM segment WHERE connection_id = ?", (here,))
        numbers = (len(products), len(prices), len(subscriptions), segments, len(customers))
        done = [
            StepRow(name, "done", number, number, None)
            for name, number in zip(connections.STEPS, numbers, strict=True)
        ]
        deliver(store, here, [SyncDelivery(steps=done)])
        connections.set_status(store, here, ("syncing", "segments_synced"), "complete")
        connections.settle(store, here)

    def _page(self, name: str, objects: list[bytes]) -> None:
        if not objects:
            return
        listing = LISTINGS[name]
        content = b'{"object":"list","has_more":false,"data":[' + b",".join(objects) + b"]}"
        answer = listing.rows(listing.read_page(content), self._number())
        deliver(self._store, self._here, [SyncDelivery([answer])])

    def _follow(self, until: int) -> None:
        """Store the events up to a second. Those of one customer come one after another, because
        each explains a move. Events of different customers don't depend on each other, so the
        first of each are one transaction, then the second of each."""
        lives: defaultdict[str, list[PastEvent]] = defaultdict(list)
        for event in self._taken(until):
            lives[event.customer].append(event)
        turn = 0
        while some := [life[turn] for life in lives.values() if turn < len(life)]:
            some.sort(key=lambda one: one.row.created)
            answers = [self._answer(one) for one in some]
            deliver(self._store, self._here, [SyncDelivery(answers)])
            turn += 1

    def _answer(self, event: PastEvent) -> Fetched:
        row = event.row
        if row.type == DELETED:
            gone = [DeletedObject("participant", row.object_id)]
            return Fetched(self._number(), gone=gone, event=row)
        name = "customers" if row.object_id == event.customer else "subscriptions"
        answer: Fetched = LISTINGS[name].rows(
            LISTINGS[name].read_one(event.content), self._number()
        )
        answer.event = row
        return answer

    def _taken(self, until: int) -> Iterable[PastEvent]:
        """The next events, up to and with this second."""
        while self._next is not None and self._next.row.created <= until:
            yield self._next
            self._next = next(self._waiting, None)

    def _number(self) -> int:
        self._seq += 1
        return self._seq
