"""Builds what the schema leaves out of a first copy: the order indexes and the search index. A
separate thread builds them in small pieces, and never during a first copy."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from app.db.errors import DatabaseProblem
from app.db.indexes import order_indexes, search_index
from app.db.lock import Lock, LockTaken
from app.db.store import Store

LOOK = 2.0  # seconds between checks for new rows. A search finds the newest rows anyway
PAUSE = 0.02  # minimum seconds between transactions, more if the last one took longer


def may_work(store: Store) -> bool:
    """Whether there are participants and no first copy is running, which must not be slowed."""
    return not store.rows(
        "SELECT 1 FROM connection WHERE status IN ('syncing', 'segments_synced')"
    ) and bool(store.rows("SELECT 1 FROM participant LIMIT 1"))


def work(store: Store, rest: Callable[[float], bool]) -> None:
    """Bring every index up to date. ``rest`` waits for a number of seconds and returns whether to
    stop. Raises DatabaseProblem. Finished work is kept."""
    if store.postgres:
        _work_postgres(store, rest)
        return
    for column in order_indexes.COLUMNS:
        if not may_work(store) or rest(0):
            return
        if column not in order_indexes.ready(store):
            order_indexes.build(store, column)
    builder, more = search_index.SearchIndexBuilder(store), True
    while more and may_work(store):
        started = time.perf_counter()
        more = builder.step()
        if rest(max(PAUSE, time.perf_counter() - started)):
            return


def _work_postgres(store: Store, rest: Callable[[float], bool]) -> None:
    missing = [one for one in order_indexes.COLUMNS if one not in order_indexes.ready(store)]
    if not may_work(store) or (not missing and search_index.ready(store)):
        return
    lock = Lock(store, "index-lock", 2)
    try:
        lock.take()
        for column in missing:
            if rest(0):
                return
            if column not in order_indexes.ready(store):
                order_indexes.build(store, column)
        if not search_index.ready(store):
            search_index.build_postgres(store)
    except LockTaken:
        return  # another process builds them
    finally:
        lock.free()


class IndexBuilder:
    """Runs :func:`work` in a thread, immediately and whenever it is woken."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._end: Callable[[], None] = lambda: None
        self._wake.set()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Report a write, because the index may miss participants now. Returns at once."""
        self._wake.set()

    def close(self) -> None:
        """Stop within moments, even in the middle of building an index. That index is then left
        out."""
        self._stopped.set()
        self._wake.set()
        while self._thread.is_alive():  # a new statement may start just as one is ended
            self._end()
            self._thread.join(0.05)

    def __enter__(self) -> IndexBuilder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            while True:
                self._wake.wait()
                self._wake.clear()
                if self._stopped.is_set():
                    return
                with contextlib.suppress(DatabaseProblem):  # retried at the next wake
                    self._end = self._store.interrupter()
                    if not self._store.postgres:  # an index can be rebuilt
                        self._store.rows("PRAGMA synchronous = normal")
                    work(self._store, self._stopped.wait)
                self._stopped.wait(LOOK)
        finally:
            self._store.close()
