"""Stores a webhook event as a hint for the process that syncs, before Stripe gets its 200."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Literal

from app.db import connections, event_hints
from app.db.rows import EventRow
from app.db.store import Store
from app.web.webhook_events import WebhookEvent
from app.web.worker_thread import WorkerThread

MOST = 500  # events in one transaction

Kept = Literal["kept", "nobody's"]


class _PendingHint:
    """An event that waits to be stored."""

    def __init__(self, event: WebhookEvent) -> None:
        self.event = event
        self.outcome: Kept | Exception | None = None


class HintWriter:
    """Stores events as they arrive. Events that arrive during a write share the next transaction,
    so a burst waits for the disk a few times and not once for each event."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._worker = WorkerThread(store, "hints")
        self._waiting: deque[_PendingHint] = deque()

    async def keep(self, event: WebhookEvent) -> Kept:
        """Store an event. Returns when it is permanent, or found to be of no connected account.

        Raises DatabaseProblem. If the caller gives up, the event may still be stored. It then has
        no effect when Stripe sends it again.
        """
        one = _PendingHint(event)
        self._waiting.append(one)
        return await self._worker.do(partial(self._take, one))

    def end(self) -> None:
        """End the worker thread. Call it when no more events arrive."""
        self._worker.end()

    def _take(self, one: _PendingHint) -> Kept:
        """In the worker's thread: the first event of a burst stores all that wait with it."""
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
        for connection, hints in rows.items():
            event_hints.leave_hints(self._store, connection, hints)
        return ["nobody's" if owner is None else "kept" for owner in owners]
