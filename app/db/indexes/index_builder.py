"""What is built beside the schema once a first copy is complete: the indexes of orders, and the
one of texts. A thread of its own does it in small pieces, and never while a first copy runs."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from app.db.errors import DatabaseProblem
from app.db.indexes import order_indexes, search_index
from app.db.store import APPLICATION_ID, Store

LOOK = 2.0  # seconds between two looks at what was written; a search finds the newest without it
PAUSE = 0.02  # seconds between two transactions at least; else as long as the last one took


def may_work(store: Store) -> bool:
    """Whether no first copy is under way, which must not be slowed."""
    return not store.rows(
        "SELECT 1 FROM connection WHERE status IN ('syncing', 'segments_synced')"
    ) and bool(store.rows("SELECT 1 FROM participant LIMIT 1"))


def work(store: Store, rest: Callable[[float], bool]) -> None:
    """Bring everything up to date. ``rest`` waits for so many seconds and says whether to stop.
    Raises DatabaseProblem; what was done before is kept."""
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
    with _alone(store) as mine:
        if not mine or not may_work(store):
            return
        for column in order_indexes.COLUMNS:
            if rest(0):
                return
            if column not in order_indexes.ready(store):
                order_indexes.build(store, column)
        if not search_index.ready(store):
            search_index.build_postgres(store)


@contextlib.contextmanager
def _alone(store: Store) -> Iterator[bool]:
    """Whether nobody else builds on this server's database, as long as this is entered."""
    (mine,) = store.row("SELECT pg_try_advisory_lock(?, 2)", (APPLICATION_ID,))
    try:
        yield bool(mine)
    finally:
        if mine:
            with contextlib.suppress(DatabaseProblem):
                store.row("SELECT pg_advisory_unlock(?, 2)", (APPLICATION_ID,))


class IndexBuilder:
    """Does :func:`work` in a thread, at once and whenever it is woken."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._end: Callable[[], None] = lambda: None
        self._wake.set()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was written: people may be missing in the index. Returns at once."""
        self._wake.set()

    def close(self) -> None:
        """Stop within moments, also in the middle of an index, which is then not there."""
        self._stopped.set()
        self._wake.set()
        while self._thread.is_alive():  # a statement may begin just when the last was ended
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
                with contextlib.suppress(DatabaseProblem):  # tried again when it is woken
                    self._end = self._store.interrupter()
                    if not self._store.postgres:  # an index can be built again
                        self._store.rows("PRAGMA synchronous = normal")
                    work(self._store, self._stopped.wait)
                self._stopped.wait(LOOK)
        finally:
            self._store.close()
