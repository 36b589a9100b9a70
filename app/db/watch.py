"""Tells whether another process wrote to the database, for screens that show others' changes.

SQLite counts writes for each connection (``PRAGMA data_version``). PostgreSQL notifies every
listener at the end of each of the store's transactions.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from app.db.store import CHANNEL, Store

POLL = 5.0  # seconds


class Watch:
    """Watches one database from one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version: object = None
        self._session: Any = None
        self._polled_at = -POLL

    def changed(self) -> bool:
        """Whether anything was written elsewhere since the last call. True when in doubt. Raises
        DatabaseProblem."""
        if self._store.postgres:
            pooled = self._store.database.pooled  # type: ignore[attr-defined]
            return self._polled() if pooled else self._heard()
        (version,) = self._store.row("PRAGMA data_version")
        before, self._version = self._version, version
        return bool(version != before)

    def close(self) -> None:
        """Stop listening."""
        session, self._session = self._session, None
        if session:
            with contextlib.suppress(Exception):
                session.close()

    def _polled(self) -> bool:
        """Through a pooler no one is notified, so others' writes show after some seconds."""
        due = time.monotonic() - self._polled_at >= POLL
        if due:
            self._polled_at = time.monotonic()
        return due

    def _heard(self) -> bool:
        import psycopg

        if self._session is None:
            self._session = self._store.session()
            self._session.execute(f"LISTEN {CHANNEL}")
            return True
        try:
            return bool(list(self._session.notifies(timeout=0)))
        except psycopg.Error:
            self.close()
            return True
