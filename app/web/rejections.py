"""Requests that are turned away: what their sender is told, and how often the log says so."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

EVERY = 60.0  # seconds between two lines about the same thing

log = logging.getLogger(__name__)


class Rejected(Exception):
    """A request that nothing was made of. The text is one sentence for whoever sent it, and
    ``why`` the few words for the log: neither holds anything of what was sent, and there is a
    fixed number of both."""

    def __init__(self, why: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.why = why
        self.status = status


class RejectionTally:
    """Counts what happens and logs it, at most once every ``every`` seconds for the same words:
    whoever finds the port could fill the disk otherwise. ``clock``: seconds, from any start."""

    def __init__(self, every: float = EVERY, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._mutex = threading.Lock()
        self._counts: Counter[tuple[int, str]] = Counter()
        self._logged: dict[tuple[int, str], float] = {}

    def count(self, words: str, level: int = logging.WARNING) -> None:
        """It happened once more. ``words``: of a fixed number of texts."""
        key, now = (level, words), self._clock()
        with self._mutex:
            self._counts[key] += 1
            logged = self._logged.get(key)
            if logged is not None and now - logged < self._every:
                return
            self._logged[key] = now
            count = self._counts.pop(key)
        _write(level, words, count)

    def flush(self) -> None:
        """Log what was counted and not logged yet."""
        with self._mutex:
            counts, self._counts = self._counts, Counter()
        for (level, words), count in counts.items():
            _write(level, words, count)


def _write(level: int, words: str, count: int) -> None:
    log.log(level, "%s (%d since the last such line)", words, count)
