"""Sending in the background: a thread for the batches that were started in this app."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.sending.sender import Sender
from app.problems import Problem

AGAIN = 5.0  # seconds until a database that was away is tried again
GRACE = 1.0  # seconds to finish with a mail server; after that the invite stays uncertain


class BackgroundSending:
    """``make``: creates a sender. ``tell``: takes a sentence for a person. ``fault``: records a
    fault in Panelist and returns a sentence about it. All are called in the thread."""

    def __init__(
        self,
        store: Store,
        make: Callable[[], Sender],
        tell: Callable[[str], None],
        fault: Callable[[Exception], str],
    ) -> None:
        self._store, self._make, self._tell, self._fault = store, make, tell, fault
        self._runs: tuple[int, ...] = ()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._told = ""
        self.busy = False  # it is sending, or waits until it may

    def send(self, run: int) -> None:
        """Send this batch as soon as it is due. Returns at once."""
        self._runs = (*(one for one in self._runs if one != run), run)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
            self._thread.start()
        self._wake.set()

    def has(self, run: int) -> bool:
        """Whether this process sends the batch, now or when it is due."""
        return run in self._runs

    def close(self) -> None:
        """Stop. An email that is being sent at this moment may end as uncertain."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(GRACE)

    def _run(self) -> None:
        try:
            while True:
                self._wake.wait(AGAIN if self._told and self._runs else None)
                self._wake.clear()
                if self._stop.is_set():
                    return
                self.busy = True
                self._say(self._work())
                self.busy = False
        finally:
            self._store.close()

    def _work(self) -> str:
        """Send. Returns why it ended, for a person, or "" if nothing is left. A database that is
        away is tried again. For anything else a person must do something first."""
        try:
            self._make().work(self._stop, lambda run: run.id in self._runs)
        except DatabaseProblem as problem:
            return f"{problem} Panelist tries again automatically."
        except Problem as problem:
            self._runs = ()
            return str(problem)
        except Exception as error:  # this thread must live, for what is sent later
            self._runs = ()
            return self._fault(error)
        return ""

    def _say(self, sentence: str) -> None:
        if sentence and sentence != self._told:
            self._tell(sentence)
        self._told = sentence
