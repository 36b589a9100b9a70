"""Who syncs: at most one Panelist per database at a time.

On SQLite a lock on a file beside the database, on PostgreSQL an advisory lock. Both are freed
by the system the moment their holder dies, however it dies, and both are still held while it
is merely asleep; a file with a process id in it can promise neither.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import IO, Any

from app.db.errors import explained
from app.db.store import APPLICATION_ID, Store


class Busy(Exception):
    """Another Panelist syncs this database; the text is for a person."""


class Lease:
    """The right to sync. Use as a context manager; entering raises Busy."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._file: IO[str] | None = None
        self._session: Any = None

    def __enter__(self) -> Lease:
        if self._store.postgres:
            self._lock_postgres()
        else:
            self._lock_file()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()
        if self._session:
            self._session.close()

    def _lock_file(self) -> None:
        name = self._store.where + ".sync-lock"
        with explained(self._store.where):
            file = os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = file.read(20).strip()
            file.close()
            raise Busy(_sentence(f"process {holder}" if holder.isdigit() else "")) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def _lock_postgres(self) -> None:
        """On a session of its own: the lock lives exactly as long as the session."""
        import psycopg

        with explained(self._store.where):
            database = self._store.database
            session = psycopg.connect(
                dbname=database.database, autocommit=True, **database.connect_params
            )
            found = session.execute("SELECT pg_try_advisory_lock(%s, 1)", (APPLICATION_ID,))
            held = found.fetchone()
        if not held or not held[0]:
            with contextlib.suppress(psycopg.Error):
                session.close()
            raise Busy(_sentence(""))
        self._session = session


def _sentence(who: str) -> str:
    return (
        f"Another Panelist{f' ({who})' if who else ''} is syncing this database. Nothing was"
        " changed; this one can look on, or sync once the other has ended."
    )
