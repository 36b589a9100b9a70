"""Regular housekeeping: expires invites without a reply, and erases participants who are due."""

from __future__ import annotations

import threading
from contextlib import suppress

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import erasure, ledger
from app.invites.ending import end_invites
from app.invites.restore_guard import RestoreGuard
from app.paths import Folders

EVERY = 60.0  # seconds
BY = "the clock"
_ENDS = dict.fromkeys(("sent", "handed_over", "started"), "expired")


def tidy(store: Store, folders: Folders) -> int:
    """Do it for every account. Returns how many were erased. Raises DatabaseProblem and OSError."""
    accounts = [key for (key,) in store.rows("SELECT id FROM connection ORDER BY id")]
    for account in accounts:
        expire(store, account)
    erased = erasure.perform(store, folders)
    follow(store, folders)
    return erased


def follow(store: Store, folders: Folders) -> None:
    """Have the guard of every account follow its ledger. Raises DatabaseProblem."""
    for (account,) in store.rows("SELECT id FROM connection ORDER BY id"):
        RestoreGuard(store, account, folders).follow()


def expire(store: Store, connection_id: int) -> int:
    """Expire the invites whose time to reply is over. Returns how many. Raises DatabaseProblem."""
    due = (connection_id, store.now())
    which = "connection_id = ? AND expires_at <= ?"
    if not store.rows(
        f"SELECT 1 FROM invite WHERE {which} AND {store.among('state')} LIMIT 1",
        (*due, store.values(list(_ENDS))),
    ):
        return 0
    with store.transaction():
        ended = end_invites(store, which, due, _ENDS, "no response in time")
        ledger.append(store, connection_id, BY, ended)
    return len(ended)


class Housekeeping:
    """Runs :func:`tidy` in a thread, at once and then every minute."""

    def __init__(self, store: Store, folders: Folders) -> None:
        self._store, self._folders = store, folders
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def __enter__(self) -> Housekeeping:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                with suppress(DatabaseProblem, OSError):  # the next minute tries again
                    tidy(self._store, self._folders)
                self._stop.wait(EVERY)
        finally:
            self._store.close()
