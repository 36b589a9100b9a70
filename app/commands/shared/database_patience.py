"""Sends on when a PostgreSQL server goes away and comes back, as when someone restarts it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.sending.runs import RunView
from app.invites.sending.sender import Sender

AGAIN = 5.0  # seconds between two tries
TRIES = 60  # in a row, unless the command stays: five minutes


class DatabasePatience:
    """Sends until nothing is left, also across failures of the database. ``tell`` gets a sentence
    when the database goes away and another one when it is back. ``stays``: the command runs until
    someone stops it, so it waits for as long as it takes."""

    def __init__(self, store: Store, tell: Callable[[str], None], *, stays: bool = False) -> None:
        self._tell = tell
        self._most = math.inf if stays else TRIES if store.postgres else 0
        self._failures = 0  # in a row

    def work(self, sender: Sender, stop: threading.Event, mine: Callable[[RunView], bool]) -> None:
        """As :meth:`Sender.work`. Raises DatabaseProblem if the database stays away."""
        while not stop.is_set():
            try:
                sender.work(stop, mine)
                self.answered()
                return
            except DatabaseProblem as problem:
                self._failures += 1
                if self._failures > self._most:
                    raise
                if self._failures == 1:
                    self._tell(f"{problem} Panelist tries again automatically.")
            stop.wait(AGAIN)

    def answered(self) -> None:
        """The database did what it was asked."""
        if self._failures:
            self._tell("The database responds again. Panelist continues.")
        self._failures = 0
