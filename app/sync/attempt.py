"""One attempt of the sync: list what is missing, apply what changed during that, then poll again
and again. ``pending → syncing → segments_synced → complete``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from app.db import connections, event_hints, sync_messages
from app.db.rows import EventRow
from app.db.store import Store
from app.panel.overview import allowance, reads
from app.panel.segments import custom
from app.settings import Settings
from app.sync import relist_interval, stripe_clock
from app.sync.backfill import Backfill
from app.sync.committer import Committer
from app.sync.events import EventGap, EventPoller, PollResult
from app.sync.poll_interval import PollInterval
from app.sync.stripe.access import Access
from app.sync.stripe.client import StripeApi
from app.sync.stripe.endpoints import LISTINGS
from app.sync.stripe.large_answers import fitting_page
from app.text import when

DEEP = 300.0  # seconds after which a poll goes far back again
GLANCE = 1.0  # seconds between two checks for a reason to stop waiting
ASLEEP = 60.0  # a jump of the clock, in seconds, that means that the computer slept


class ReportProgress(Protocol):
    def __call__(
        self, doing: str, *, problem: bool = False, next_poll_at: float | None = None
    ) -> None:
        """Report what the sync is doing."""


class SyncAttempt:
    """``check`` raises Relieved if another Panelist syncs now. ``wait`` waits, and returns True at
    once if a person asks for a poll. ``full``: list everything again."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        access: Access,
        connection_id: int,
        *,
        requests: Counter[str],
        pace: PollInterval,
        check: Callable[[], None],
        wait: Callable[[float], Awaitable[bool]],
        tell: ReportProgress,
        changed: Callable[[], None],
        full: bool,
    ) -> None:
        self._store = store
        self._connection_id = connection_id
        self._pace = pace
        self._check, self._wait, self._tell = check, wait, tell
        self._full = full
        self._deep_at = -DEEP
        self._clock_is_wrong: bool | None = None  # as last told
        self._api = StripeApi(
            settings.stripe_api_base,
            access,
            settings.rate,
            first_seq=self._state().request_seq + 1,
            on_trouble=self._on_trouble,
        )
        self._api.requests = requests
        self._committer = Committer(store, connection_id, changed)
        self._poller = EventPoller(self._api, store, connection_id, self._committer)

    async def run(self, *, once: bool) -> None:
        """Bring the panel up to date, then keep it current unless ``once``.

        Raises StripeProblem, DatabaseProblem, Disconnected, Relieved.
        """
        async with self._api, self._committer:
            if self._full or self._state().due or self._listing_due():
                await self._begin(await self._clock())
            await self._look(listed=await self._list())
            # The list of events may not show these yet, or never.
            hints = event_hints.waiting(self._store, self._connection_id)
            if hints and await self._apply_hints(hints):
                await self._look(asked=True)  # a person asked during the first look
            await self._do(
                connections.set_status, ("pending", "syncing", "segments_synced"), "complete"
            )
            while not once:
                await self._watch()

    def _listing_due(self) -> bool:
        """Whether everything must be listed because of customers without events. A listing that
        was not finished goes on instead."""
        state = self._state()
        done = state.status == "complete" and state.settled == state.generation
        return done and relist_interval.due(self._store, self._connection_id, time.time())

    async def _clock(self) -> int:
        """The time by Stripe's clock."""
        self._tell("Checking Stripe's clock")
        customers = LISTINGS["customers"]
        reply = await fitting_page(self._api, customers.path, {"limit": 1}, customers.read_page)
        return reply.date

    async def _begin(self, date: int) -> None:
        await self._committer.do(partial(Backfill.begin, self._store, self._connection_id, date))

    async def _list(self) -> bool:
        """Continue an incomplete listing. False if there is none."""
        state = self._state()
        if state.settled == state.generation:
            return False
        self._tell("Syncing with Stripe")
        await Backfill(self._api, self._store, self._connection_id, self._committer).run()
        return True

    async def _look(self, *, asked: bool = False, listed: bool = False) -> None:
        """Apply what changed. List everything again if the events are no longer enough."""
        if self._state().status == "disconnected":
            raise connections.Disconnected
        self._tell(self._asking())
        try:
            look = await self._poll(listed)
        except EventGap as gap:
            self._tell("Offline for too long, so listing everything again")
            await self._begin(gap.date)
            await self._list()
            look = await self._poll(listed=True, gapless=True)
        self._pace.looked(look.changes, look.pages, asked=asked)
        key = (self._store, self._connection_id)
        self._pace.over = reads(*key) > allowance(*key)
        await self._do(sync_messages.say_quarantined)
        await self._do(relist_interval.record_interval)
        wrong = stripe_clock.difference(self._api.ahead) is not None
        if wrong != self._clock_is_wrong:
            self._clock_is_wrong = wrong
            await self._do(stripe_clock.record_clock_error, self._api.ahead)

    async def _poll(self, listed: bool, gapless: bool = False) -> PollResult:
        deep = time.monotonic() - self._deep_at >= DEEP
        look = await self._poller.poll(deep=deep, listed=listed, gapless=gapless)
        if deep:
            self._deep_at = time.monotonic()
            await self._do(custom.keep)
        return look

    def _asking(self) -> str:
        at = connections.last_look(self._store, self._connection_id)
        if at and time.time() - at > 2 * DEEP:
            return f"Catching up on what changed since {when(at, time.time())}"
        return "Checking for changes"

    async def _watch(self) -> None:
        """Wait until the next poll is due and do it. Apply the events of a webhook as soon as they
        arrive."""
        hints: Sequence[EventRow] = ()
        asked, shown, wall = False, "", time.time()
        while self._pace.seconds_left > 0 and not asked and not hints:
            due = time.time() + self._pace.seconds_left
            if self._pace.words != shown:
                shown = self._pace.words
                self._tell("Watching for changes", next_poll_at=due)
            asked = await self._wait(min(GLANCE, self._pace.seconds_left))
            slept, wall = time.time() - wall, time.time()
            if slept > ASLEEP:  # the computer slept, and its monotonic clock stood still
                break
            hints = event_hints.waiting(self._store, self._connection_id)
        self._check()
        if self._listing_due():
            await self._begin(await self._clock())
            await self._list()
            await self._look(asked=asked, listed=True)
            return
        if hints:
            asked |= await self._apply_hints(hints)
        if asked or not hints:
            await self._look(asked=asked)

    async def _apply_hints(self, hints: Sequence[EventRow]) -> bool:
        """Apply the events of webhooks. True if a person asked for a poll."""
        events = [event for event in hints if event != event_hints.ASK]
        if events:
            self._pace.note_webhook()
            self._tell("Processing a webhook")
            await self._poller.apply(events)

        def done() -> None:
            with self._store.transaction():
                event_hints.drop(self._store, self._connection_id, hints)

        await self._committer.do(done)
        return len(events) < len(hints)

    async def _do(self, work: Callable[..., None], *arguments: object) -> None:
        await self._committer.do(partial(work, self._store, self._connection_id, *arguments))

    def _state(self) -> connections.SyncState:
        return connections.sync_state(self._store, self._connection_id)

    def _on_trouble(self, text: str) -> None:
        self._tell(text or "Syncing with Stripe", problem=bool(text))
