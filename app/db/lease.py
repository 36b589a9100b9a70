"""Who syncs: at most one Panelist per database at a time.

On SQLite a lock on a file beside the database, on PostgreSQL an advisory lock. Both are freed
by the system the moment their holder dies, however it dies, and both are still held while it
is merely asleep; a file with a process id in it can promise neither. Whoever gets the lock takes
a number, and what a sync stores is refused when a newer number was taken: so even one whose lock
was lost without its knowing (a session that the server ended, a file that somebody removed)
cannot write beside its successor.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from typing import IO, Any

from app.db.errors import DatabaseProblem, explained
from app.db.store import APPLICATION_ID, Store


class Busy(Exception):
    """Another Panelist syncs this database; the text is for a person. ``who``: which one."""

    def __init__(self, who: str) -> None:
        self.who = who or "another Panelist"
        super().__init__(
            f"Another Panelist{f' ({who})' if who else ''} is syncing this database. Nothing was"
            " changed; this one can look on, or sync once the other has ended."
        )


class Relieved(Exception):
    """Another Panelist syncs now, although this one thought that it did."""


class Lease:
    """The right to sync. As a context manager it is taken and given back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._file: IO[str] | None = None
        self._session: Any = None

    def __enter__(self) -> Lease:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Take it, until :meth:`give_back`, which is also due after a refusal. Raises Busy,
        DatabaseProblem."""
        if self._store.postgres:
            self._lock_postgres()
        else:
            self._lock_file()
        name = f"process {os.getpid()} on {socket.gethostname()}"
        with self._store.transaction():
            self._store.execute("UPDATE syncer SET turn = turn + 1, who = ?", (name,))
            (self._store.turn,) = self._store.row("SELECT turn FROM syncer")

    def give_back(self) -> None:
        """Let others sync."""
        turn, self._store.turn = self._store.turn, None
        try:
            if turn is not None:
                with contextlib.suppress(DatabaseProblem), self._store.transaction():
                    self._store.execute("UPDATE syncer SET who = '' WHERE turn = ?", (turn,))
        finally:
            if self._file:
                self._file.close()
                self._file = None
            self._end_session()

    def check(self) -> None:
        """See that the lock is still there. Raises Relieved."""
        if self._session:
            import psycopg

            try:
                self._session.execute("SELECT 1")
            except psycopg.Error:
                raise Relieved from None
        check_turn(self._store)

    def _lock_file(self) -> None:
        name = self._store.where + ".sync-lock"
        with explained(self._store.where):
            file = os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise Busy(self._who()) from None
        self._file = file

    def _lock_postgres(self) -> None:
        """On a session of its own: the lock lives exactly as long as the session. The session
        of one that is refused stays for its next try."""
        try:
            self._session = self._session or self._store.session()
            with explained(self._store.where):
                found = self._session.execute(
                    "SELECT pg_try_advisory_lock(%s, 1)", (APPLICATION_ID,)
                )
                held = found.fetchone()
        except DatabaseProblem:
            self._end_session()
            raise
        if not held or not held[0]:
            raise Busy(self._who())

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session:
            with contextlib.suppress(Exception):
                # A server frees the locks of a closed session a moment later: it is not waited for.
                session.execute("SELECT pg_advisory_unlock_all()")
            with contextlib.suppress(Exception):
                session.close()

    def _who(self) -> str:
        (who,) = self._store.row("SELECT who FROM syncer")
        return str(who)


def check_turn(store: Store) -> None:
    """Refuse what a sync would store that was relieved; inside its transaction, which then holds
    up whoever wants to relieve it. Raises Relieved."""
    if store.turn is None:
        return  # what is written is not a sync's
    (turn,) = store.row("SELECT turn FROM syncer" + (" FOR SHARE" if store.postgres else ""))
    if turn != store.turn:
        raise Relieved
