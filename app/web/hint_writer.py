"""Makes an event permanent as a hint for whoever syncs, before Stripe is thanked for it."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Literal

from app.db import connections
from app.db import event_hints as hints
from app.db.rows import EventRow
from app.db.store import Store
from app.web.events import WebhookEvent
from app.web.worker_thread import WorkerThread

MOST = 500  # events in one transaction

Kept = Literal["kept", "nobody's"]


class _PendingHint:
    """An event on its way into the database."""

    def __init__(self, event: WebhookEvent) -> None:
        self.event = event
        self.outcome: Kept | Exception | None = None


class HintWriter:
    """Stores events as they come, those that came meanwhile in one transaction: a burst waits
    for the disk a few times and not once for each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._desk = WorkerThread(store, "hints")
        self._waiting: deque[_PendingHint] = deque()

    async def keep(self, event: WebhookEvent) -> Kept:
        """Returns when it is permanent, or found to be of no account connected here. Raises
        DatabaseProblem; one whose caller gives up may be kept all the same, and then changes
        nothing when it comes again."""
        one = _PendingHint(event)
        self._waiting.append(one)
        return await self._desk.do(partial(self._take, one))

    def end(self) -> None:
        """No more is asked."""
        self._desk.end()

    def _take(self, one: _PendingHint) -> Kept:
        """In the desk's thread; all who wait are served with the first."""
        if one.outcome is None:
            batch: list[_PendingHint] = []
            while self._waiting and len(batch) < MOST:
                batch.append(self._waiting.popleft())
            self._serve(batch)
        assert one.outcome is not None  # first in, first out
        if isinstance(one.outcome, Exception):
            raise one.outcome
        return one.outcome

    def _serve(self, batch: list[_PendingHint]) -> None:
        try:
            outcomes = self._store_all([one.event for one in batch])
        except Exception as problem:
            for one in batch:
                one.outcome = problem
        else:
            for one, outcome in zip(batch, outcomes, strict=True):
                one.outcome = outcome

    def _store_all(self, events: list[WebhookEvent]) -> list[Kept]:
        known = connections.connected(self._store)
        owners = [event.owner(known) for event in events]
        rows: dict[int, list[EventRow]] = {}
        for event, owner in zip(events, owners, strict=True):
            if owner is not None:
                rows.setdefault(owner[0], []).append(event.row)
        for connection, some in rows.items():
            hints.tell(self._store, connection, some)
        return ["nobody's" if owner is None else "kept" for owner in owners]
