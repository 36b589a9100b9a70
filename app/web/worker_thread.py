"""Work that may wait, for a database or a keyring, done in order in a thread of its own."""

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
    """One thread, with a connection of its own to the database. No exit waits for it: whatever
    is cut off was not answered for, and Stripe sends it again."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Settle] | None]
        self._queue = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(self, work: Callable[[], T]) -> T:
        """Do it after what was asked before; its result, or what it raised. One who no longer
        waits does not stop it."""
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
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, result, failure)

        self._queue.put((work, from_thread))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return await done

    def end(self) -> None:
        """No more is asked: the thread ends after what it has, and its connection with it."""
        if self._thread is not None:
            self._queue.put(None)

    def _run(self) -> None:
        while (asked := self._queue.get()) is not None:
            work, settle = asked
            result, failure = None, None
            try:
                result = work()
            except Exception as problem:
                failure = problem
                if isinstance(problem, DatabaseProblem):
                    self._hang_up()  # a server that started again needs a new connection
            settle(result, failure)
            del asked, work, settle, result, failure  # nothing of a request outlives it
        self._hang_up()

    def _hang_up(self) -> None:
        with contextlib.suppress(Exception):  # there may be nobody at the other end
            self._store.close()
