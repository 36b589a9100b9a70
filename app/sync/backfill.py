"""The first copy, and every later full listing: all windows of all lists in parallel.

The segments need products, prices and subscriptions. Customers arrive in parallel. Each page is
committed with the position in its window, so that a listing continues after any interruption.
Objects that a complete listing did not see are retrieved one by one before they count as deleted.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import deque
from functools import partial
from typing import Any

from app.db import connections, history, membership, people, quarantine, sync_messages
from app.db.indexes import subscription_indexes
from app.db.people import ParticipantSet
from app.db.rows import PriceRow, StepRow, SyncDelivery, WindowRow
from app.db.store import Store
from app.settings import RequestRate
from app.sync import stripe_clock, windows
from app.sync.committer import Committer
from app.sync.recomputation import recompute_memberships
from app.sync.stripe.client import ProblemKind, Reply, StripeApi, StripeProblem
from app.sync.stripe.endpoints import LISTINGS, NEEDS, Listing
from app.sync.stripe.large_answers import fitting_page
from app.sync.stripe.pages import ListPage
from app.sync.stripe.retrieve import Retriever
from app.sync.tasks import cancelled, together
from app.sync.windows import PAGE, TimeWindow

COHORTS = ("products", "prices", "inactive_prices", "subscriptions")
UNLIMITED = RequestRate(None, None)
AT_ONCE = 0.02  # seconds; a faster answer does not count as waiting
SLOTS, SLOTS_AT_ONCE = 48, 12
WORTH_SPLITTING = 4 * PAGE  # splitting a smaller rest costs more than it saves


class Backfill:
    """One full listing, from where the last one stopped."""

    def __init__(
        self, api: StripeApi, store: Store, connection_id: int, committer: Committer
    ) -> None:
        self._api = api
        self._store = store
        self._connection_id = connection_id
        self._committer = committer
        self._fetcher = Retriever(api)
        self._steps = connections.steps(store, connection_id)
        self._open: dict[int, TimeWindow] = {
            row.id: TimeWindow(*row) for row in connections.windows(store, connection_id)
        }
        self._prices: set[PriceRow] = set()
        self._ids = itertools.count(max(self._open, default=0) + 1)

    @staticmethod
    def begin(store: Store, connection_id: int, date: int) -> None:
        """Start a new listing. ``date`` is Stripe's clock. The windows include that second, and
        later changes arrive as events. They count from the lower of both clocks."""
        connections.begin_listing(
            store,
            connection_id,
            stripe_clock.lower(date),
            (_row(TimeWindow(n, name, None, date + 1)) for n, name in enumerate(LISTINGS, 1)),
        )

    async def run(self) -> None:
        """Fetch everything that is missing. Raises StripeProblem, DatabaseProblem."""
        customers = LISTINGS["customers"]
        known = membership.has_subscription_segments(self._store, self._connection_id)
        # Where the segments exist already, a new customer must not come before their subscriptions,
        # or the panel would say that they have none.
        if self._waiting_counts() and not known:
            await together(self._cohorts(), self._list(customers))
        else:
            await self._cohorts()
            await self._list(customers)
        await self._check_missed()
        done = [name for name, step in self._steps.items() if step.state == "done"]
        await self._committer.do(
            partial(quarantine.drop_unseen, self._store, self._connection_id, [*done, "events"])
        )
        if connections.sync_state(self._store, self._connection_id).generation > 1:
            await recompute_memberships(self._store, self._connection_id, self._committer)
        await self._committer.do(partial(connections.settle, self._store, self._connection_id))

    def _waiting_counts(self) -> bool:
        """Whether waiting for Stripe takes the most time, so that parallel requests help. If this
        computer's work takes it, customers should come after the segments, because the memberships
        of earlier customers are computed twice."""
        return self._api.limits.rate != UNLIMITED or self._api.quickest > AT_ONCE

    async def _cohorts(self) -> None:
        await together(*(self._list(LISTINGS[name]) for name in COHORTS))
        if self._steps["segments"].state != "done":
            await self._make_segments()
        await self._committer.do(
            partial(
                connections.set_status,
                self._store,
                self._connection_id,
                ("pending", "syncing"),
                "segments_synced",
            )
        )

    async def _list(self, listing: Listing) -> None:
        """Fetch all windows of one list, as many at a time as its rate limit can use."""
        waiting = deque(w for w in self._open.values() if w.listing == listing.name)
        running: dict[asyncio.Task[Reply[ListPage[Any]] | None], TimeWindow] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self._slots():
                    window = waiting.popleft()
                    running[asyncio.create_task(self._fetch(listing, window))] = window
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    window = running.pop(task)
                    free = self._slots() - len(running) - len(waiting) - 1
                    rest = await self._take(listing, window, task.result(), free)
                    if rest and rest[0].position is None:
                        waiting.extendleft(reversed(rest))  # cut: to its end before any other
                    else:
                        waiting += rest
        except StripeProblem as problem:
            if problem.kind is not ProblemKind.FORBIDDEN:
                raise
            await self._skip(listing)
        finally:
            await cancelled(running)
        await self._finish_step(listing.step)

    async def _fetch(self, listing: Listing, window: TimeWindow) -> Reply[ListPage[Any]] | None:
        """The window's next page with its nested lists complete, or None if the object of its
        cursor is deleted."""
        try:
            query = {**listing.query, **window.parameters()}
            reply = await fitting_page(self._api, listing.path, query, listing.read_page)
        except StripeProblem as problem:
            if problem.kind is ProblemKind.CURSOR_GONE and window.cursor:
                return None
            raise
        if listing.table == "subscription":
            await self._fetcher.complete_items(reply.body)
        return reply

    async def _take(
        self, listing: Listing, window: TimeWindow, reply: Reply[ListPage[Any]] | None, free: int
    ) -> list[TimeWindow]:
        """Queue a page for storing, with the rest of its window."""
        delivery = SyncDelivery(requests=self._api.take_count())
        if reply is None:
            found, rest = 0, [windows.below(window)]
        else:
            found = len(reply.body.objects)
            answer = listing.rows(reply.body, reply.seq)
            # Every page of subscriptions has the same few prices; storing them once is enough.
            answer.prices = [one for one in answer.prices if one not in self._prices]
            self._prices.update(answer.prices)
            delivery.answers.append(answer)
            rest = self._rest(window, reply.body, free)
        del self._open[window.id]
        self._open.update((piece.id, piece) for piece in rest)
        delivery.open_windows = [_row(piece) for piece in rest]
        delivery.closed_windows = [] if rest else [window.id]
        delivery.steps = [self._progress(listing.step, found)]
        await self._committer.put(delivery)
        return rest

    def _rest(self, window: TimeWindow, page: ListPage[Any], free: int) -> list[TimeWindow]:
        if not page.has_more:
            return []
        cursor, created = page.last
        if cursor is None or cursor == window.cursor:
            pieces = windows.cut_window(window, next(self._ids))
            if not pieces:
                raise _senseless(
                    "the same object again"
                    if cursor
                    else "a page without a position to continue from"
                )
            return pieces
        rest = windows.advance(window, cursor, created, len(page.objects))
        largest = max(w.remaining for w in self._open.values() if w.listing == rest.listing)
        if rest.remaining < max(WORTH_SPLITTING, largest / 2):
            return [rest]
        parts = 1 + min(max(free, 0), int(rest.remaining / WORTH_SPLITTING * 2))
        return windows.split(rest, parts, [next(self._ids) for _ in range(parts - 1)])

    def _slots(self) -> int:
        """How many requests to one list may run at once: enough to use its rate limit at the
        current latency, and no more, because each window ends in a page that is not full."""
        rate = self._api.limits.rate.endpoint or self._api.limits.rate.account
        if rate is None:
            return SLOTS if self._waiting_counts() else SLOTS_AT_ONCE
        return min(SLOTS, 1 + math.ceil(1.4 * rate * self._api.latency))

    def _progress(self, step: str, more: int) -> StepRow:
        if self._steps[step].state == "skipped":
            return self._steps[step]
        done = self._steps[step].done + more
        names = [listing.name for listing in LISTINGS.values() if listing.step == step]
        left = [w for w in self._open.values() if w.listing in names]
        total = windows.known_total(done, left)
        before = self._steps[step].total
        if total is None and before is not None and done < before:
            total = before  # windows that were split off do not make it less known
        self._steps[step] = StepRow(step, "running", done, total, None)
        return self._steps[step]

    async def _finish_step(self, name: str) -> None:
        """Mark a step as done if none of its lists has anything left."""
        step = self._steps[name]
        lists = [one.name for one in LISTINGS.values() if one.step == name]
        if step.state == "skipped" or any(w.listing in lists for w in self._open.values()):
            return
        self._steps[name] = StepRow(name, "done", step.done, step.done, None)
        await self._committer.put(SyncDelivery(steps=[self._steps[name]]))
        await self._committer.do(
            partial(sync_messages.delete_message, self._store, self._connection_id, name)
        )

    async def _skip(self, listing: Listing) -> None:
        """Leave out a list that the key may not read, and record what is missing without it."""
        need = NEEDS[listing.step]
        text = f"The key lacks the permission “{need.label}”: {need.cost}."
        self._steps[listing.step] = StepRow(listing.step, "skipped", 0, 0, text)
        closed = [w.id for w in self._open.values() if w.listing == listing.name]
        for key in closed:
            del self._open[key]
        await self._committer.put(
            SyncDelivery(closed_windows=closed, steps=[self._steps[listing.step]])
        )
        await self._say("warning", listing.step, text + " Add it in Stripe and connect again.")

    async def _make_segments(self) -> None:
        """Make the segments that follow from subscriptions, with the members known so far."""
        store, connection = self._store, self._connection_id
        skipped = self._steps["subscriptions"].state == "skipped"

        def make() -> tuple[int, list[ParticipantSet]]:
            subscription_indexes.build(store)
            with store.transaction():
                cause = history.listing_cause(store, connection)
                if skipped:
                    membership.drop_subscription_segments(store, connection, cause)
                else:
                    membership.create_subscription_segments(store, connection, cause)
                (count,) = store.row(
                    "SELECT count(*) FROM segment WHERE connection_id = ?", (connection,)
                )
            return count, [] if skipped else list(people.chunks(store, connection))

        def sort(chunk: ParticipantSet) -> None:
            with store.transaction():
                membership.fill(store, chunk, history.listing_cause(store, connection))

        count, chunks = await self._committer.do(make)
        for number, chunk in enumerate(chunks):
            running = StepRow("segments", "running", count * number // len(chunks), count, None)
            await self._committer.put(SyncDelivery(steps=[running]))
            await self._committer.do(partial(sort, chunk))
        self._steps["segments"] = StepRow("segments", "done", count, count, None)
        await self._committer.put(SyncDelivery(steps=[self._steps["segments"]]))

    async def _check_missed(self) -> None:
        """Retrieve each row that the listing did not see. Only Stripe's answer deletes it."""
        await self._committer.flush()
        for listing in LISTINGS.values():
            if self._steps[listing.step].state != "done":
                continue
            missed = connections.missed(self._store, self._connection_id, listing.table)
            for start in range(0, len(missed), PAGE):
                keys = [(listing.table, key) for key in missed[start : start + PAGE]]
                answers = await self._fetcher.objects(keys)
                await self._committer.put(
                    SyncDelivery(answers=answers, requests=self._api.take_count())
                )
            await self._committer.flush()

    async def _say(self, level: str, step: str, text: str) -> None:
        work = partial(
            sync_messages.record_message, self._store, self._connection_id, level, step, text
        )
        await self._committer.do(work)


def _row(window: TimeWindow) -> WindowRow:
    return WindowRow(
        window.id,
        window.listing,
        window.low,
        window.high,
        window.cursor,
        window.position,
        window.density,
    )


def _senseless(what: str) -> StripeProblem:
    return StripeProblem(
        ProblemKind.UNREACHABLE,
        f"Stripe's list cannot be followed, because it returned {what}. Everything synced so"
        " far is kept. The sync tries again from there.",
    )
