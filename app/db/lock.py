"""A lock that one Panelist per database can hold at a time.

On SQLite a lock on a file beside the database, on PostgreSQL an advisory lock. Both are freed
by the system the moment their holder dies, however it dies, and both are still held while it
is merely asleep; a file with a process id in it can promise neither.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import IO, Any

from app.db.errors import DatabaseProblem, explained
from app.db.store import APPLICATION_ID, Store


class LockTaken(Exception):
    """Somebody else holds it."""


class Lock:
    """``name`` ends the file's name, ``number`` tells the lock from others on PostgreSQL."""

    def __init__(self, store: Store, name: str, number: int) -> None:
        self._store, self._name, self._number = store, name, number
        self._file: IO[str] | None = None
        self._session: Any = None

    def take(self) -> None:
        """Take it, until :meth:`free`, which is also due after a refusal. Raises Taken,
        DatabaseProblem."""
        if self._store.postgres:
            self._take_postgres()
        else:
            self._take_file()

    def free(self) -> None:
        """Let others have it."""
        if self._file:
            self._file.close()
            self._file = None
        self._end_session()

    def holds(self) -> bool:
        """Whether it is still there, as far as that can be lost: a server may end the session."""
        if self._session:
            import psycopg

            try:
                self._session.execute("SELECT 1")
            except psycopg.Error:
                return False
        return True

    def _take_file(self) -> None:
        name = f"{self._store.where}.{self._name}"
        with explained(self._store.where):
            file = os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise LockTaken from None
        self._file = file

    def _take_postgres(self) -> None:
        """On a session of its own: the lock lives exactly as long as the session. The session
        of one that is refused stays for its next try."""
        try:
            self._session = self._session or self._store.session()
            with explained(self._store.where):
                found = self._session.execute(
                    "SELECT pg_try_advisory_lock(%s, %s)", (APPLICATION_ID, self._number)
                )
                held = found.fetchone()
        except DatabaseProblem:
            self._end_session()
            raise
        if not held or not held[0]:
            raise LockTaken

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session:
            with contextlib.suppress(Exception):
                # A server frees the locks of a closed session a moment later: it is not waited for.
                session.execute("SELECT pg_advisory_unlock_all()")
            with contextlib.suppress(Exception):
                session.close()
