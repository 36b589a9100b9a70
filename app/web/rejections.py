"""Rejected requests: the answer to their sender, and the lines about them in the log."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

EVERY = 60.0  # seconds between two lines about the same thing

log = logging.getLogger(__name__)


class Rejected(Exception):
    """A request that had no effect. The text is one sentence for the sender, and ``why`` is the
    line for the log. Neither repeats anything of the request, and there is a fixed number of both.
    ``ahead``: the seconds by which this computer's clock is ahead of the sender's, if that is why.
    """

    def __init__(
        self, why: str, text: str, status: int = 400, *, ahead: float | None = None
    ) -> None:
        super().__init__(text)
        self.why = why
        self.status = status
        self.ahead = ahead


class RejectionTally:
    """Counts events and logs them, each text at most once in ``every`` seconds. Otherwise anyone
    who finds the port could fill the disk. ``clock`` returns seconds from any start."""

    def __init__(self, every: float = EVERY, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._mutex = threading.Lock()
        self._counts: Counter[tuple[int, str]] = Counter()
        self._logged: dict[tuple[int, str], float] = {}

    def count(self, words: str, level: int = logging.WARNING) -> None:
        """Count one more. ``words`` must be one of a fixed number of texts."""
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
