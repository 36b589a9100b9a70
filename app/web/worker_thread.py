"""A thread for work that may wait for a database or a keyring."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from app.db.errors import DatabaseProblem
from app.db.store import Store

T = TypeVar("T")
Settle = Callable[[Any, Exception | None], None]


class WorkerThread:
    """One thread with its own database connection. It does its work in order.

    The process does not wait for it at exit. Work that is cut off was not answered yet, so Stripe
    sends the event again.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Settle] | None]
        self._queue = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(self, work: Callable[[], T]) -> T:
        """Run ``work`` after all earlier work. Returns its result or raises its error.

        A cancelled caller does not stop the work.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: Any, failure: Exception | None) -> None:
            if done.done():
                return
            if failure is None:
                done.set_result(result)
            else:
                done.set_exception(failure)

        def from_thread(result: Any, failure: Exception | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, so no one waits
                loop.call_soon_threadsafe(settle, result, failure)

        self._queue.put((work, from_thread))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return await done

    def end(self) -> None:
        """Finish the work that is queued, then end the thread and its connection."""
        if self._thread is not None:
            self._queue.put(None)

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            work, settle = job
            result, failure = None, None
            try:
                result = work()
            except Exception as problem:
                failure = problem
                if isinstance(problem, DatabaseProblem):
                    self._disconnect()  # a database that was restarted needs a new connection
            settle(result, failure)
            del job, work, settle, result, failure  # keep nothing of a request in memory
        self._disconnect()

    def _disconnect(self) -> None:
        with contextlib.suppress(Exception):  # the database may be gone
            self._store.close()
