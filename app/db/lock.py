"""A lock that one Panelist per database can hold at a time.

SQLite uses a lock on a file beside the database. PostgreSQL uses an advisory lock. The system frees
both the moment their holder dies, however it dies. Both are still held while it only sleeps. A file
that contains a process id can promise neither.
"""

from __future__ import annotations

import contextlib
import os
from typing import IO, Any

from app.db.errors import DatabaseProblem, explained
from app.db.schema import APPLICATION_ID
from app.db.store import Store
from app.files import NoLocks, lock

# Keeps the transaction of a lock open. The last statement must not be one with a result: PostgreSQL
# would keep its snapshot, for which vacuum and the building of indexes wait.
STAY = "SET LOCAL idle_in_transaction_session_timeout = 0"


class LockTaken(Exception):
    """Another process holds the lock."""


class Lock:
    """``name`` is the suffix of the lock file. ``number`` identifies the lock on PostgreSQL."""

    def __init__(self, store: Store, name: str, number: int) -> None:
        self._store, self._name, self._number = store, name, number
        self._file: IO[str] | None = None
        self._session: Any = None

    def take(self) -> None:
        """Take the lock until :meth:`free`, which must also be called after a refusal. Raises
        LockTaken and DatabaseProblem."""
        if self._store.postgres:
            self._take_postgres()
        else:
            self._take_file()

    def free(self) -> None:
        """Release the lock."""
        if self._file:
            self._file.close()
            self._file = None
        self._end_session()

    def holds(self) -> bool:
        """Whether the lock is still held. A PostgreSQL server may have ended the session."""
        if self._session:
            import psycopg

            try:
                self._session.execute(STAY)
            except psycopg.Error:
                return False
        return True

    def _take_file(self) -> None:
        name = f"{self._store.where}.{self._name}"
        with explained(self._store.where):
            file = os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            lock(file.fileno(), name, wait=False)
        except BlockingIOError:
            file.close()
            raise LockTaken from None
        except NoLocks as problem:
            file.close()
            raise DatabaseProblem(str(problem)) from problem
        self._file = file

    def _take_postgres(self) -> None:
        """Take the lock on a separate session, in a transaction that lasts as long as the lock. A
        pooler would give the lock of a session to whoever comes next. The transaction reads and
        writes nothing, so it holds up no vacuum. After a refusal the session is kept for the next
        try."""
        try:
            self._session = self._session or self._store.session()
            with explained(self._store.where):
                self._session.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                found = self._session.execute(
                    "SELECT pg_try_advisory_xact_lock(%s, %s)", (APPLICATION_ID, self._number)
                )
                held = found.fetchone()
                self._session.execute(STAY)
                if not held or not held[0]:
                    self._session.execute("ROLLBACK")
        except DatabaseProblem:
            self._end_session()
            raise
        if not held or not held[0]:
            raise LockTaken

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session:
            with contextlib.suppress(Exception):
                # A server frees a closed session's locks a little later. Ending the transaction
                # first avoids the wait.
                session.execute("ROLLBACK")
            with contextlib.suppress(Exception):
                session.close()
