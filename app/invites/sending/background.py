"""Sending in the background: a thread for the batches that were started in this app."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.errors import RestoreSuspected
from app.invites.sending.sender import Sender, SendInProgress
from app.settings import SettingsError

GRACE = 1.0  # seconds to finish with a mail server; after that the invite stays uncertain


class BackgroundSending:
    """``make``: creates a sender for an account. ``tell``: takes a sentence for a person. Both are
    called in the thread."""

    def __init__(
        self, store: Store, make: Callable[[int], Sender], tell: Callable[[str], None]
    ) -> None:
        self._store, self._make, self._tell = store, make, tell
        self._runs: dict[int, int] = {}  # batch -> account
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self.busy = False  # it is sending, or waits until it may

    def send(self, connection_id: int, run: int) -> None:
        """Send this batch as soon as it is due. Returns at once."""
        self._runs = {**self._runs, run: connection_id}
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
                self._wake.wait()
                self._wake.clear()
                if self._stop.is_set():
                    return
                self.busy = True
                for account in dict.fromkeys(self._runs.values()):
                    self._work(account)
                self.busy = False
        finally:
            self._store.close()

    def _work(self, account: int) -> None:
        try:
            self._make(account).work(self._stop, self._of(account))
        except (SendInProgress, RestoreSuspected, DatabaseProblem, SettingsError) as problem:
            self._tell(str(problem))

    def _of(self, account: int) -> Callable[[], tuple[int, ...]]:
        return lambda: tuple(run for run, of in self._runs.items() if of == account)
