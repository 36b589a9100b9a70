"""The sync as a whole: one at a time, in its own thread, from where it stopped.

If another Panelist syncs, an engine is read-only until it may take over. A problem never changes
the status: it is a message, the position is kept, and the sync tries again from there.
:mod:`app.sync.attempt` has what one attempt does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from app.db import connections, event_hints, sync_messages
from app.db.errors import DatabaseProblem
from app.db.lease import Lease, LeaseLost, LeaseTaken
from app.db.store import Store
from app.settings import Settings
from app.sync.attempt import SyncAttempt
from app.sync.ended_access import ENDINGS, confirmed, end_by_stripe
from app.sync.poll_interval import PollInterval
from app.sync.stripe.access import Access
from app.sync.stripe.client import ProblemKind, StripeProblem
from app.text import plain

RETRY, LONGEST_RETRY = 5.0, 120.0
DOUBTS = 3  # refusals that Stripe did not repeat, after which a single sync gives up
STAND_BY = 1.0  # seconds between two tries to take over

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """Something was committed. ``revision`` increases each time."""

    revision: int


@dataclass(frozen=True)
class Activity:
    """What the sync is doing now, in one sentence. ``next_poll_at``: seconds since 1970. ``pace``:
    how often it polls, in words. ``looking_on``: another Panelist syncs, so this one is
    read-only."""

    doing: str
    problem: bool = False
    next_poll_at: float | None = None
    requests: int = 0
    pace: str = ""
    looking_on: bool = False


class Engine:
    """Syncs one connection. ``on_change`` is called in the engine's thread."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        access: Access,
        connection_id: int,
        on_change: Callable[[Change], None] | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._access = access
        self._connection_id = connection_id
        self._on_change = on_change or (lambda _: None)
        self._revision = 0
        self._activity = Activity("Starting")
        self._lease = Lease(store)
        self._pace = PollInterval(settings.poll_seconds)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._stopped = False
        self._asked: asyncio.Event | None = None
        self.requests: Counter[str] = Counter()

    @property
    def activity(self) -> Activity:
        """What the engine is doing. Safe to read from any thread."""
        return self._activity

    @property
    def running(self) -> bool:
        """Whether the engine's thread is alive, syncing or read-only."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Sync in a thread until :meth:`stop`, as soon as no other Panelist does."""
        self._thread = threading.Thread(target=self._in_thread, name="sync", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> bool:
        """End the thread. True if it ended in time. What is committed stays."""
        self._stopped = True  # first, for a thread that has not come to its loop yet
        thread, loop, main = self._thread, self._loop, self._main
        if thread is None:
            return True
        if loop and main:
            with contextlib.suppress(RuntimeError):  # the loop has already ended
                loop.call_soon_threadsafe(main.cancel)
        thread.join(timeout)
        return not thread.is_alive()

    def ask_now(self) -> None:
        """Poll now instead of at the next time. Safe to call from any thread."""
        loop, asked = self._loop, self._asked
        if loop and asked:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(asked.set)

    def attend(self) -> None:
        """Note that a person is looking at the screen. Safe to call from any thread."""
        self._pace.attend()

    async def run(self, *, once: bool, full: bool = False) -> None:
        """Sync on the caller's loop. ``once``: until the backfill and the events so far are
        applied. A failure is then raised and not tried again, and so is Busy. ``full``: list
        everything again.

        Raises Busy, StripeProblem, DatabaseProblem.
        """
        self._asked = asyncio.Event()
        try:
            if once:
                self._lease.take()
                await self._sync(once=True, full=full)
            else:
                await self._follow(full)
        finally:
            self._lease.give_back()

    def _in_thread(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._as_main())
        except Exception as fault:
            log.exception("The sync stopped")
            self._tell(f"The sync stopped: {_said(fault)}", problem=True)
        finally:
            self._store.close()

    async def _as_main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        if not self._stopped:
            await self.run(once=False)

    async def _follow(self, full: bool) -> None:
        """Sync whenever no other Panelist does, until the account is disconnected."""
        while await self._take_over():
            try:
                await self._sync(once=False, full=full)
                return
            except LeaseLost:
                log.warning("another Panelist has taken over")
                self._lease.give_back()

    async def _take_over(self) -> bool:
        """Wait for this engine's turn to sync. False if the account was disconnected."""
        shown = ""
        while True:
            away = False
            try:
                self._lease.take()
                return True
            except LeaseTaken as busy:
                text = (
                    f"Read-only: {plain(busy.who)} is syncing. This Panelist takes over when"
                    " it stops."
                )
            except DatabaseProblem as problem:
                text, away = str(problem), True
            if text != shown:
                shown = text
                self._activity = Activity(text, problem=away, looking_on=True)
                self._changed()
            asked = await self._wait(STAND_BY)
            with contextlib.suppress(DatabaseProblem):  # the next try reports it
                if asked:
                    event_hints.leave_hints(self._store, self._connection_id, [event_hints.ASK])
                if self._left():
                    self._tell("Disconnected. Existing data is still available.", problem=True)
                    return False

    async def _sync(self, *, once: bool, full: bool) -> None:
        pause, doubts = RETRY, 0
        while True:
            try:
                self._lease.check()
                if self._left():
                    raise connections.Disconnected
                await self._course(full).run(once=once)
                return
            except connections.Disconnected:
                self._tell("Disconnected. Existing data is still available.", problem=True)
                return
            except StripeProblem as problem:
                if problem.kind in ENDINGS:
                    certain = await self._confirmed(problem)
                    if self._left():
                        return
                    if certain is None:
                        doubts += 1
                        if once and doubts > DOUBTS:
                            raise _doubtful(problem) from None
                        self._tell(f"{_doubtful(problem)} Trying again", problem=True)
                        await self._wait(0 if once else pause)
                        continue
                    problem = certain
                    end_by_stripe(self._store, self._connection_id, problem.kind, self._access)
                    self._tell(f"Disconnected. {problem}", problem=True)
                    raise problem from None
                self._record(problem)
                if once:
                    raise
                self._tell(f"{problem} Trying again in {pause:.0f} s", problem=True)
            except DatabaseProblem as problem:
                if once:
                    raise
                self._tell(f"{problem} Trying again in {pause:.0f} s", problem=True)
            full = False
            await self._wait(pause * random.uniform(0.8, 1.2))
            pause = min(LONGEST_RETRY, pause * 2)

    async def _confirmed(self, problem: StripeProblem) -> StripeProblem | None:
        """The problem, if it is certain that Stripe no longer accepts the access."""
        self._tell("Stripe refused access. Checking once more", problem=True)
        return await confirmed(self._settings, self._access, problem)

    def _course(self, full: bool) -> SyncAttempt:
        return SyncAttempt(
            self._store,
            self._settings,
            self._access,
            self._connection_id,
            requests=self.requests,
            pace=self._pace,
            check=self._lease.check,
            wait=self._wait,
            tell=self._tell,
            changed=self._changed,
            full=full,
        )

    def _left(self) -> bool:
        """Whether the account was disconnected, perhaps in another Panelist."""
        return connections.sync_state(self._store, self._connection_id).status == "disconnected"

    async def _wait(self, seconds: float) -> bool:
        """Wait these seconds, or until a person asks for a poll. True if one did."""
        assert self._asked
        try:
            await asyncio.wait_for(self._asked.wait(), seconds)
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    def _tell(
        self, doing: str, *, problem: bool = False, next_poll_at: float | None = None
    ) -> None:
        requests = sum(self.requests.values())
        self._activity = Activity(doing, problem, next_poll_at, requests, self._pace.words)
        self._changed()

    def _changed(self) -> None:
        self._revision += 1
        self._on_change(Change(self._revision))

    def _record(self, problem: StripeProblem) -> None:
        text = str(problem)
        if problem.request_id:
            text += f" (Stripe's request id is {problem.request_id})"
        log.warning("%s: %s %s", problem.kind.value, text, problem.detail)
        sync_messages.record_message(self._store, self._connection_id, "error", None, text)


def _doubtful(problem: StripeProblem) -> StripeProblem:
    return StripeProblem(
        ProblemKind.UNREACHABLE,
        "Stripe refused access once, but not when Panelist checked again. Everything"
        " synced so far and the credentials are kept.",
        detail=problem.detail,
        request_id=problem.request_id,
    )


def _said(fault: Exception) -> str:
    known = isinstance(fault, StripeProblem | DatabaseProblem)
    return str(fault) if known else f"an internal error ({type(fault).__name__}). See the log."
