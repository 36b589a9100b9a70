"""The sync as a whole: one at a time, in a thread of its own, from wherever it stood.

``pending → syncing → segments_synced → complete``; then it polls. A problem never changes the
status: it is a message beside it, the place is kept, and the sync tries again from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.credentials.store import CredentialProblem
from app.db import connections
from app.db.errors import DatabaseProblem
from app.db.lease import Lease
from app.db.store import Store
from app.settings import Settings
from app.sync.access import Access
from app.sync.backfill import Backfill
from app.sync.committer import Committer
from app.sync.events import RETENTION, Poller
from app.sync.listings import LISTINGS
from app.sync.stripe_api import Kind, StripeApi, StripeProblem

QUICK, QUIET = 15.0, 300.0  # seconds between polls: while things change, and when nothing does
RETRY, LONGEST_RETRY = 5.0, 120.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """Something was committed. ``revision`` counts up."""

    revision: int


@dataclass(frozen=True)
class Activity:
    """What the sync is doing now, in one sentence. ``next_poll_at``: seconds since 1970."""

    doing: str
    problem: bool = False
    next_poll_at: float | None = None
    requests: int = 0


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
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._asked: asyncio.Event | None = None
        self.requests: Counter[str] = Counter()

    @property
    def activity(self) -> Activity:
        """What it is doing; may be read from any thread."""
        return self._activity

    @property
    def running(self) -> bool:
        """Whether the engine's thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Sync in a thread until :meth:`stop`. Raises Busy when another Panelist does."""
        self._lease.__enter__()
        self._thread = threading.Thread(target=self._in_thread, name="sync", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> bool:
        """End the thread; True when it ended in time. What is committed stays."""
        thread, loop, main = self._thread, self._loop, self._main
        if thread is None:
            return True
        if loop and main:
            with contextlib.suppress(RuntimeError):  # it ended by itself meanwhile
                loop.call_soon_threadsafe(main.cancel)
        thread.join(timeout)
        return not thread.is_alive()

    def ask_now(self) -> None:
        """Poll at once instead of at the next time."""
        loop, asked = self._loop, self._asked
        if loop and asked:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(asked.set)

    async def run(self, *, once: bool, full: bool = False) -> None:
        """Sync on the caller's loop. ``once``: until the backfill and the events so far are
        applied; a failure is then raised and not tried again. ``full``: list everything anew.

        Raises Busy, StripeProblem, DatabaseProblem.
        """
        with self._lease:
            await self._sync(once=once, full=full)

    def _in_thread(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._as_main())
        except Exception as fault:
            log.exception("The sync stopped")
            self._tell(f"The sync stopped: {_said(fault)}", problem=True)
        finally:
            self._lease.__exit__()
            self._store.close()

    async def _as_main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        await self._sync(once=False, full=False)

    async def _sync(self, *, once: bool, full: bool) -> None:
        self._asked = asyncio.Event()
        pause = RETRY
        while True:
            try:
                await self._attempt(once=once, full=full)
                return
            except connections.Disconnected:
                self._tell("Disconnected. Everything fetched stays usable.", problem=True)
                return
            except StripeProblem as problem:
                if problem.kind in ENDINGS:
                    if self._left():
                        return
                    end_by_stripe(self._store, self._connection_id, problem.kind, self._access)
                    self._tell(f"Disconnected. {problem}", problem=True)
                    raise
                if once:
                    self._record(problem)
                    raise
                self._record(problem)
                self._tell(f"{problem} Trying again in {pause:.0f} s", problem=True)
            except DatabaseProblem as problem:
                if once:
                    raise
                self._tell(f"{problem} Trying again in {pause:.0f} s", problem=True)
            full = False
            await self._wait(pause * random.uniform(0.8, 1.2))
            pause = min(LONGEST_RETRY, pause * 2)

    async def _attempt(self, *, once: bool, full: bool) -> None:
        if self._left():
            raise connections.Disconnected
        state = connections.sync_state(self._store, self._connection_id)
        api = StripeApi(
            self._settings.stripe_api_base,
            self._access,
            self._settings.rate,
            first_seq=state.request_seq + 1,
            on_trouble=self._on_trouble,
        )
        api.requests = self.requests
        committer = Committer(self._store, self._connection_id, self._changed)
        async with api, committer:
            poller = Poller(api, self._store, self._connection_id, committer)
            await self._list_what_is_missing(api, committer, full)
            await self._poll(poller, committer)
            await committer.do(
                partial(
                    connections.set_status,
                    self._store,
                    self._connection_id,
                    ("pending", "syncing", "segments_synced"),
                    "complete",
                )
            )
            if not once:
                await self._keep_polling(poller, committer)

    async def _list_what_is_missing(self, api: StripeApi, committer: Committer, full: bool) -> None:
        state = connections.sync_state(self._store, self._connection_id)
        behind = time.time() - (state.events_through or 0) > RETENTION
        if full or behind or state.status == "pending":
            self._tell("Asking Stripe what time it is")
            customers = LISTINGS["customers"]
            reply = await api.page(customers.path, {"limit": 1}, customers.read_page)
            await committer.do(
                partial(Backfill.begin, self._store, self._connection_id, reply.date)
            )
            state = connections.sync_state(self._store, self._connection_id)
        if state.settled < state.generation:
            self._tell("Fetching from Stripe")
            await Backfill(api, self._store, self._connection_id, committer).run()

    def _left(self) -> bool:
        """Somebody disconnected the account meanwhile, perhaps in another Panelist."""
        return connections.sync_state(self._store, self._connection_id).status == "disconnected"

    async def _poll(self, poller: Poller, committer: Committer) -> int:
        if self._left():
            raise connections.Disconnected
        self._tell("Asking Stripe what changed")
        changes = await poller.poll()
        await committer.do(partial(connections.say_quarantined, self._store, self._connection_id))
        return changes

    async def _keep_polling(self, poller: Poller, committer: Committer) -> None:
        quick = self._settings.poll_seconds or QUICK
        pause = quick
        while True:
            self._tell("Watching for changes", next_poll_at=time.time() + pause)
            asked = await self._wait(pause)
            changes = await self._poll(poller, committer)
            quiet = not changes and not asked
            pause = min(max(QUIET, quick), pause * 1.5) if quiet else quick
            if self._settings.poll_seconds:
                pause = quick

    async def _wait(self, seconds: float) -> bool:
        """Wait, or less when somebody asks; True then."""
        assert self._asked
        try:
            await asyncio.wait_for(self._asked.wait(), seconds)
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    def _on_trouble(self, text: str) -> None:
        self._tell(text or "Fetching from Stripe", problem=bool(text))

    def _tell(
        self, doing: str, *, problem: bool = False, next_poll_at: float | None = None
    ) -> None:
        requests = sum(self.requests.values())
        self._activity = Activity(doing, problem, next_poll_at, requests)
        self._changed()

    def _changed(self) -> None:
        self._revision += 1
        self._on_change(Change(self._revision))

    def _record(self, problem: StripeProblem) -> None:
        text = str(problem)
        if problem.request_id:
            text += f" (Stripe's request id is {problem.request_id})"
        log.warning("%s: %s %s", problem.kind.value, text, problem.detail)
        connections.say(self._store, self._connection_id, "error", None, text)


# A key that worked and is unknown now was deleted or rolled.
ENDINGS = {
    Kind.REVOKED: ("by Stripe", "Disconnected by Stripe: access was revoked."),
    Kind.INVALID_KEY: ("by Stripe", "Disconnected by Stripe: the key was deleted or rolled."),
    Kind.EXPIRED: ("expired", "Disconnected: the key has expired."),
}


def end_by_stripe(store: Store, connection_id: int, kind: Kind, access: Access) -> None:
    """The access stopped working: it is deleted, the connection ends and its data stays."""
    reason, text = ENDINGS[kind]
    connections.disconnect(store, connection_id, reason)
    text += " Everything fetched stays usable; connect again to go on."
    try:
        access.forget()
    except CredentialProblem as problem:
        text += f" What was kept of the access could not be deleted: {problem}"
    connections.say(store, connection_id, "error", None, text)


def _said(fault: Exception) -> str:
    known = isinstance(fault, StripeProblem | DatabaseProblem)
    return str(fault) if known else f"a fault of its own ({type(fault).__name__}); see the log."
