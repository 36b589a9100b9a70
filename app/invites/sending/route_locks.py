"""The locks of the routes by which invites leave, so that two senders do not share a rate limit.

A route is a mail server, or a folder of one computer. Senders by different routes never wait for
each other. A lock protects no invite from being sent twice: its attempt number does
(:mod:`app.invites.sending.jobs`).
"""

from __future__ import annotations

from hashlib import sha256

from app.db.lock import Lock, LockTaken
from app.db.schema import APPLICATION_ID
from app.db.store import Store

_FIRST = 1 << 8  # on PostgreSQL the smaller numbers are those of other locks


class RouteLocks:
    """The locks that one sender holds or waits for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._locks: dict[str, Lock] = {}
        self._held = set[str]()

    def has(self, route: str) -> bool:
        """Whether this sender holds the lock."""
        return route in self._held

    def take(self, route: str) -> bool:
        """Take the lock until :meth:`free`. False if another sender holds it. Raises
        DatabaseProblem."""
        lock = self._locks.get(route)
        if lock is None:
            lock = self._locks[route] = _lock(self._store, route)
        try:
            lock.take()
        except LockTaken:
            return False
        self._held.add(route)
        return True

    def check(self) -> None:
        """Forget the locks that were lost, as when a PostgreSQL server ended their sessions."""
        for route in [one for one in self._held if not self._locks[one].holds()]:
            self._held.discard(route)
            self._locks.pop(route).free()

    def free(self) -> None:
        """Let others send."""
        self._held.clear()
        while self._locks:
            _, lock = self._locks.popitem()
            lock.free()


def are_held(store: Store) -> bool:
    """Whether a sender holds the lock of a route, on PostgreSQL. Raises DatabaseProblem."""
    return bool(
        store.rows(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint = ?"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            f" AND objid::bigint & {_FIRST} <> 0 LIMIT 1",
            (APPLICATION_ID,),
        )
    )


def _lock(store: Store, route: str) -> Lock:
    digest = sha256(route.encode()).digest()
    number = int.from_bytes(digest[:4], "big", signed=True) | _FIRST
    return Lock(store, f"send-lock-{digest[:4].hex()}", number)
