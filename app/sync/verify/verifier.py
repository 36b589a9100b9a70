"""Compares the panel with Stripe, completely or by a sample.

It only reads, so it may run while another process syncs. :mod:`app.sync.verify.recheck` tells such
changes from errors. Memory hardly grows with the account: objects are compared page by page, and
each compared row needs only one bit.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.db import connections, membership
from app.db.rows import Fetched, PriceRow
from app.db.store import Store
from app.panel.audit import consistency
from app.panel.audit.stored import TABLES, RowIds, StoredRef, every, number, set_aside, some, stored
from app.problems import Problem
from app.sync.events import RETENTION
from app.sync.stripe.client import ProblemKind, Reply, StripeApi, StripeProblem
from app.sync.stripe.endpoints import LISTINGS, NEEDS, Listing
from app.sync.stripe.pages import ListPage
from app.sync.stripe.retrieve import Retriever
from app.sync.verify.compare import TABLE_OF, Key, Standing, StripeObject, differences, objects_in
from app.sync.verify.findings import Difference, Finding, SetAside, Skipped, VerifyProgress
from app.sync.verify.list_reader import ListReader, first_page
from app.sync.verify.recheck import Recheck
from app.text import when

PATIENCE = 5.0  # seconds: Stripe shows most events sooner
AT_ONCE = 500  # objects that look different before they are checked again
FEW = 100  # products, and prices, that every sample compares
GROUP = 100

_STEP = {listing.table: listing.step for listing in LISTINGS.values()}


class NotReady(Problem):
    """The data cannot be compared yet. The text says what to do."""


Tell = Callable[[Finding | Skipped], None]


class Verifier:
    """Compares one connection. ``tell`` is called with each finding, and ``on_progress`` often."""

    def __init__(
        self,
        api: StripeApi,
        store: Store,
        connection_id: int,
        tell: Tell,
        on_progress: Callable[[], None] = lambda: None,
        *,
        patience: float | None = None,
    ) -> None:
        self._api = api
        self._store = store
        self._connection_id = connection_id
        self._tell = tell
        self._on_progress = on_progress
        self._fetcher = Retriever(api)
        steps = connections.steps(store, connection_id)
        self._steps = {name: step.state for name, step in steps.items()}
        self._skipped: set[str] = set()
        followed = [name for name, state in self._steps.items() if state != "skipped"]
        self._recheck = Recheck(
            api, store, connection_id, followed, PATIENCE if patience is None else patience
        )
        self._suspects: dict[Key, StripeObject] = {}
        self._unstorable: set[Key] = set()
        self._settling = asyncio.Lock()
        self._compared: dict[str, RowIds] = {table: RowIds() for table in TABLES}
        self._prices: set[PriceRow] = set()
        self._people: list[int] | None = None  # the row ids of a sample
        self._counted = 0  # requests that are stored in the connection's count
        self.progress = VerifyProgress()

    async def run(self, sample: int | None) -> None:
        """Compare this many objects, or all. Raises NotReady, StripeProblem, DatabaseProblem."""
        self._check_ready()
        rows = {table: number(self._store, self._connection_id, table) for table in TABLES}
        self.progress.total = sum(rows.values())
        try:
            for name, state in self._steps.items():
                if state == "skipped" and name in NEEDS:
                    self._skip(name, sync=True)
            if sample is None:
                await self._all()
            else:
                await self._sample(sample, rows)
            await self._settle()
            # Objects that were synced during the comparison are not in the first count.
            self.progress.total = max(self.progress.total, self.progress.compared)
            if sample is not None:
                self._report_set_aside()
            await self._check_segments()
        finally:
            self._count_requests()

    def _check_ready(self) -> None:
        state = connections.sync_state(self._store, self._connection_id)
        if state.status != "complete":
            raise NotReady(
                "The first sync has not finished, so there is nothing to compare yet. Run"
                " panelist sync first."
            )
        through = state.events_through or 0
        if time.time() - through > RETENTION:
            raise NotReady(
                f"The last check for changes was on {when(through)}, so recent changes cannot be "
                f"told from errors. Run panelist sync first."
            )

    # All

    async def _all(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for listing in LISTINGS.values():
                    if listing.step not in self._skipped:
                        group.create_task(self._walk(listing))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        for table in TABLES:
            if _STEP[table] not in self._skipped:
                await self._find_unlisted(table)

    async def _walk(self, listing: Listing) -> None:
        try:
            async with ListReader(self._api, listing) as walk:
                async for reply in walk:
                    await self._take_page(listing, reply)
        except StripeProblem as problem:
            if problem.kind is not ProblemKind.FORBIDDEN:
                raise
            self._skip(listing.step)

    async def _find_unlisted(self, table: str) -> None:
        """Compare the rows that no page had. Those deleted here are right; check the others."""
        for rows in every(self._store, self._connection_id, table):
            for row in rows:
                if self._compared[table].add(row.id):
                    self.progress.compared += 1
                    if not row.deleted:
                        self._suspects[table, row.stripe_id] = StripeObject(Standing.UNLISTED)
            await self._pause()

    # A sample

    async def _sample(self, wanted: int, rows: Mapping[str, int]) -> None:
        self._people = []
        for listing in LISTINGS.values():
            if listing.step in self._skipped:
                continue
            try:
                await self._take_page(listing, await first_page(self._api, listing))
            except StripeProblem as problem:
                if problem.kind is not ProblemKind.FORBIDDEN:
                    raise
                self._skip(listing.step)
        # Draw from both tables together, so that each object has the same chance.
        people, all_of_both = rows["participant"], rows["participant"] + rows["subscription"]
        drawn = random.sample(range(all_of_both), min(wanted, all_of_both))
        self.progress.drawn, self.progress.drawn_from = len(drawn), all_of_both
        of_people = sum(one < people for one in drawn)
        for table, count in (
            ("product", FEW),
            ("price", FEW),
            ("participant", of_people),
            ("subscription", len(drawn) - of_people),
        ):
            if _STEP[table] in self._skipped or not count:
                continue
            await self._ask_for(table, some(self._store, self._connection_id, table, count))

    async def _ask_for(self, table: str, rows: Sequence[StoredRef]) -> None:
        """Retrieve these rows from Stripe by id and compare them, except those already compared."""
        keys = [(table, row.stripe_id) for row in rows if row.id not in self._compared[table]]
        for start in range(0, len(keys), GROUP):
            self._compare(await self._recheck.ask(keys[start : start + GROUP]))
            await self._pause()

    def _report_set_aside(self) -> None:
        """Report the objects that the sync could not store. They have no row to draw."""
        for (listing, key), reason in set_aside(self._store, self._connection_id).items():
            table = TABLE_OF.get(listing)
            if table is None:  # an event
                continue
            if (table, key) not in self._unstorable and _STEP[table] not in self._skipped:
                self._report(SetAside(table, key, reason))

    # Both

    async def _take_page(self, listing: Listing, reply: Reply[ListPage[Any]]) -> None:
        if listing.table == "subscription":
            await self._fetcher.complete_items(reply.body)
        self._compare(objects_in(self._without_seen_prices(listing.rows(reply.body, reply.seq))))
        await self._pause()

    def _without_seen_prices(self, answer: Fetched) -> Fetched:
        """Drop the prices that came unchanged before. Every page of subscriptions has the same
        few."""
        answer.prices = [one for one in answer.prices if one not in self._prices]
        self._prices.update(answer.prices)
        return answer

    def _compare(self, theirs: Mapping[Key, StripeObject]) -> None:
        by_table: dict[str, dict[str, StripeObject]] = defaultdict(dict)
        for (table, key), one in theirs.items():
            if _STEP[table] not in self._skipped:
                by_table[table][key] = one
        for table, objects in by_table.items():
            ours = stored(self._store, self._connection_id, table, objects)
            for key, one in objects.items():
                row = ours.get(key)
                if row is None or self._compared[table].add(row.id):
                    self.progress.compared += 1
                    self.progress.total += row is None
                    if row and table == "participant" and self._people is not None:
                        self._people.append(row.id)
                if one.standing is Standing.UNSTORABLE:
                    self._report(SetAside(table, key, one.reason))
                elif differences((table, key), one, row):
                    self._suspects.setdefault((table, key), one)

    async def _pause(self) -> None:
        """Let other tasks run, and check the suspects again once there are many."""
        self.progress.doubtful = len(self._suspects)
        self._on_progress()
        if sum(self._api.requests.values()) - self._counted >= 1_000:
            self._count_requests()
        if len(self._suspects) >= AT_ONCE:
            await self._settle()
        await asyncio.sleep(0)

    async def _settle(self) -> None:
        async with self._settling:
            suspects, self._suspects = self._suspects, {}
            if suspects:
                for finding in await self._recheck.settle(suspects):
                    self._report(finding)
            if self._recheck.blind:
                self._skip("events")
            self.progress.doubtful = len(self._suspects)

    def _report(self, finding: Finding) -> None:
        self.progress.note(finding)
        if isinstance(finding, SetAside):
            self._unstorable.add((finding.object, finding.id))
        self._tell(finding)

    def _skip(self, step: str, *, sync: bool = False) -> None:
        if step not in self._skipped:
            self._skipped.add(step)
            skipped = Skipped(step, NEEDS[step].label, sync)
            self.progress.skipped.append(skipped)
            self._tell(skipped)

    def _count_requests(self) -> None:
        self._counted = sum(self._api.requests.values())
        with self._store.transaction():
            connections.count_reads(self._store, self._connection_id, self._api.take_count())

    async def _check_segments(self) -> None:
        store, connection = self._store, self._connection_id
        by_subscription = (
            membership.has_subscription_segments(store, connection)
            or self._steps["subscriptions"] == "done"
        )
        for found in consistency.contradictions(
            store, connection, by_subscription=by_subscription, ids=self._people
        ):
            for one in found:
                self._report(_as_difference(one))
            await self._pause()


def _as_difference(found: consistency.Contradiction) -> Difference:
    match found:
        case consistency.WrongMembership(who, segment, member):
            return Difference("participant", who, "member" if member else "not_member", segment)
        case consistency.WrongCount(segment, name, remembered, members):
            return Difference("segment", segment, "count", name, None, remembered, members)
        case consistency.WrongReference(segment, here):
            return Difference("segment", segment, "superfluous" if here else "missing_here")
