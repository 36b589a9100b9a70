"""Lets at most one Panelist sync a database at a time.

The process that gets the lock takes a number. A sync's writes are refused once a newer number was
taken. A process that lost its lock unnoticed, because the server ended its session or the lock file
was removed, therefore cannot write beside its successor.
"""

from __future__ import annotations

import contextlib
import os
import socket

from app.db.errors import DatabaseProblem
from app.db.lock import Lock, LockTaken
from app.db.store import Store
from app.problems import Problem


class LeaseTaken(Problem):
    """Another Panelist, named by ``who``, syncs this database. The text is shown to the user."""

    def __init__(self, who: str) -> None:
        self.who = who or "another Panelist"
        super().__init__(
            f"Another Panelist{f' ({who})' if who else ''} is syncing this database. Nothing"
            " was changed. This one is read-only until the other one stops."
        )


class LeaseLost(Exception):
    """This Panelist lost the lease unnoticed, and another one syncs now."""


class Lease:
    """The right to sync. As a context manager, it takes the right and gives it back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock(store, "sync-lock", 1)

    def __enter__(self) -> Lease:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Take the right until :meth:`give_back`, which must also be called after a refusal. Raises
        LeaseTaken and DatabaseProblem."""
        try:
            self._lock.take()
        except LockTaken:
            raise LeaseTaken(self._who()) from None
        with self._store.transaction():
            self._store.execute("UPDATE syncer SET turn = turn + 1, who = ?", (this_process(),))
            (self._store.turn,) = self._store.row("SELECT turn FROM syncer")

    def give_back(self) -> None:
        """Let others sync."""
        turn, self._store.turn = self._store.turn, None
        try:
            if turn is not None:
                with contextlib.suppress(DatabaseProblem), self._store.transaction():
                    self._store.execute("UPDATE syncer SET who = '' WHERE turn = ?", (turn,))
        finally:
            self._lock.free()

    def check(self) -> None:
        """Check that the right is still held. Raises LeaseLost."""
        if not self._lock.holds():
            raise LeaseLost
        check_turn(self._store)

    def _who(self) -> str:
        (who,) = self._store.row("SELECT who FROM syncer")
        return str(who)


def this_process() -> str:
    """The name of this process, for display."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def check_turn(store: Store) -> None:
    """Refuse the writes of a sync that lost its turn, inside its transaction. A process that wants
    the turn then waits for that transaction. Raises LeaseLost."""
    if store.turn is None:
        return  # not a sync's write
    (turn,) = store.row("SELECT turn FROM syncer" + (" FOR SHARE" if store.postgres else ""))
    if turn != store.turn:
        raise LeaseLost


def hold_off_syncs(store: Store) -> None:
    """Wait for a running sync transaction, and block new ones until the caller's ends, because the
    two must see each other's writes. SQLite has one writer at a time anyway."""
    if store.postgres:
        store.rows("SELECT turn FROM syncer FOR UPDATE")
