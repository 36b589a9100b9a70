"""Who syncs: at most one Panelist per database at a time.

Whoever gets the lock takes a number, and what a sync stores is refused when a newer number was
taken: so even one whose lock was lost without its knowing (a session that the server ended, a file
that somebody removed) cannot write beside its successor.
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
    """Another Panelist syncs this database; the text is for a person. ``who``: which one."""

    def __init__(self, who: str) -> None:
        self.who = who or "another Panelist"
        super().__init__(
            f"Another Panelist{f' ({who})' if who else ''} is syncing this database. Nothing was"
            " changed; this one can look on, or sync once the other has ended."
        )


class LeaseLost(Exception):
    """Another Panelist syncs now, although this one thought that it did."""


class Lease:
    """The right to sync. As a context manager it is taken and given back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock(store, "sync-lock", 1)

    def __enter__(self) -> Lease:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Take it, until :meth:`give_back`, which is also due after a refusal. Raises Busy,
        DatabaseProblem."""
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
        """See that the lock is still there. Raises Relieved."""
        if not self._lock.holds():
            raise LeaseLost
        check_turn(self._store)

    def _who(self) -> str:
        (who,) = self._store.row("SELECT who FROM syncer")
        return str(who)


def this_process() -> str:
    """Which Panelist this is, for a person."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def check_turn(store: Store) -> None:
    """Refuse what a sync would store that was relieved; inside its transaction, which then holds
    up whoever wants to relieve it. Raises Relieved."""
    if store.turn is None:
        return  # what is written is not a sync's
    (turn,) = store.row("SELECT turn FROM syncer" + (" FOR SHARE" if store.postgres else ""))
    if turn != store.turn:
        raise LeaseLost
