"""Prepares the demo's past in a thread of the app, after the first frame."""

from __future__ import annotations

import threading

from app.settings import Settings


class Preparation:
    """Plays the company and writes its past into the demo's database. Call it once."""

    def __init__(self, settings: Settings, customers: int, seed: int, until: int) -> None:
        self._settings = settings
        self._company = customers, seed, until
        self._writing = threading.Lock()
        self._left = False

    def __call__(self) -> None:
        """Do it, unless the app was left. Raises DatabaseProblem."""
        from app.commands.demo.past import play, write_past
        from app.db.engines.store_factory import open_store

        past = play(*self._company)
        with self._writing:
            if self._left:
                return
            # A store of its own, because its clock is in the past.
            store = open_store(self._settings)
            try:
                write_past(store, past)
            finally:
                store.close()

    def leave(self) -> None:
        """Wait until nothing is written any longer, because the folder will be deleted."""
        with self._writing:
            self._left = True
