"""The only writer: it stores deliveries in order, and reports when they are permanent.

Fetching and writing overlap: while a transaction runs in the writer's thread, more pages arrive,
and the next transaction takes all of them. The queue is short, so that a kill costs no more than
the pages in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

from app.db.apply import deliver
from app.db.rows import SyncDelivery
from app.db.store import Store
from app.panel.segments.custom import rules

PENDING = 32
PATIENCE = 0.1  # seconds that stopping waits for a transaction

T = TypeVar("T")


class Committer:
    """Use it as an async context manager. Leaving it drops what is not written yet.

    ``on_commit`` is called in the loop's thread after each transaction.
    """

    def __init__(self, store: Store, connection_id: int, on_commit: Callable[[], None]) -> None:
        self._store = store
        self._connection_id = connection_id
        self._on_commit = on_commit
        self._rules = partial(rules, store, connection_id)
        self._queue: asyncio.Queue[SyncDelivery] = asyncio.Queue(PENDING)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._failure: Exception | None = None
        self._analyze_at = 4  # deliveries; then eight times as many, and so on
        self._stored = 0

    async def __aenter__(self) -> Committer:
        self._interrupt = self._writer.submit(self._begin)
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        if kind is asyncio.CancelledError:
            self._break_off()
        self._writer.submit(self._store.end_bulk)
        self._writer.shutdown(wait=True)

    def _begin(self) -> Callable[[], None]:
        self._store.write_in_bulk()
        return self._store.interrupter()

    def _break_off(self) -> None:
        """Interrupt the writer and roll back its transaction, which could take seconds. A person
        who stops the sync does not wait for it."""
        interrupt, idle = self._interrupt.result(), self._writer.submit(lambda: None)
        while wait([idle], PATIENCE).not_done:
            interrupt()

    async def put(self, delivery: SyncDelivery) -> None:
        """Queue a delivery. Waits while many are pending. Raises the failure of an earlier one."""
        await self._queue.put(delivery)
        if self._failure:
            raise self._failure

    async def flush(self) -> None:
        """Return when everything in the queue is permanent."""
        await self._queue.join()
        if self._failure:
            raise self._failure

    async def do(self, work: Callable[[], T]) -> T:
        """Run a function with one short transaction in the writer's thread, after the queue."""
        await self.flush()
        result = await asyncio.get_running_loop().run_in_executor(self._writer, work)
        self._on_commit()
        return result

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                if not self._failure:
                    await loop.run_in_executor(self._writer, self._commit, batch)
                    self._on_commit()
            except Exception as failure:
                self._failure = failure
            finally:
                for _ in batch:
                    self._queue.task_done()

    def _commit(self, batch: list[SyncDelivery]) -> None:
        deliver(self._store, self._connection_id, batch, self._rules)
        self._stored += len(batch)
        if self._stored >= self._analyze_at:
            self._analyze_at *= 8
            self._store.analyze()
