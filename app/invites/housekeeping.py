"""What the clock brings: invites that nobody answered end, and who is due is erased."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import erasure, expiry
from app.invites.restore_guard import RestoreGuard

EVERY = 60.0  # seconds


def tidy(store: Store, home: Path) -> int:
    """Do it for every account; how many were erased. Raises DatabaseProblem and OSError."""
    accounts = [key for (key,) in store.rows("SELECT id FROM connection ORDER BY id")]
    for account in accounts:
        expiry.expire(store, account)
    erased = erasure.perform(store, home)
    for account in accounts:
        RestoreGuard(store, account, home).follow()
    return erased


class Housekeeping:
    """Does :func:`tidy` in a thread, at once and every minute."""

    def __init__(self, store: Store, home: Path) -> None:
        self._store, self._home = store, home
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidying", daemon=True)

    def __enter__(self) -> Housekeeping:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                with suppress(DatabaseProblem, OSError):  # tried again soon
                    tidy(self._store, self._home)
                self._stop.wait(EVERY)
        finally:
            self._store.close()
