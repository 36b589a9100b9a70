"""How often to poll Stripe for changes.

Polls are frequent while things change or a person looks, and rare otherwise: Stripe allows an
account at least 10,000 API requests a month (docs.stripe.com/rate-limits), and a poll every five
minutes takes 8,640 of them. Times are seconds of a monotonic clock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

QUICK = 15.0  # while things change
LOOKED_AT = 60.0  # at most, while a person looks
QUIET = 300.0  # at most
SLOWER = 1.5  # factor after each poll that found nothing
ATTENTION = 120.0  # how long after a key press a person counts as looking
TOLD = 3_600.0  # how long after a webhook more are expected

NEVER = -math.inf


class PollInterval:
    """When the next poll is due. ``fixed``: the demo's constant interval."""

    def __init__(
        self, fixed: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fixed = fixed
        self._clock = clock
        self._looked = clock()
        self._quiet = 0  # polls in a row that found nothing
        self._least = 0.0
        self._told = NEVER
        self._attended = NEVER
        self.over = False  # the month's API requests are used up

    def looked(self, changes: int, pages: int, *, asked: bool = False) -> None:
        """Note a poll that found this many changes. ``pages``: how many requests listed them. The
        next poll waits at least as many seconds."""
        self._looked = self._clock()
        self._quiet = 0 if changes or asked else self._quiet + 1
        self._least = float(pages - 1)

    def attend(self) -> None:
        """Note that a person looks at the screen or presses a key. Safe to call from any thread."""
        self._attended = self._clock()

    def note_webhook(self) -> None:
        """Note a change from a webhook. Polls are then needed only for lost webhooks."""
        self._told = self._clock()

    @property
    def attended(self) -> bool:
        """Whether a person looks at the screen."""
        return self._clock() - self._attended < ATTENTION

    @property
    def by_webhook(self) -> bool:
        """Whether webhooks report changes."""
        return self._clock() - self._told < TOLD

    @property
    def pause(self) -> float:
        """Seconds between the last poll and the next."""
        if self._fixed:
            return self._fixed
        most = LOOKED_AT if self.attended else QUIET
        if self.by_webhook or (self.over and not self.attended):
            return QUIET
        if self.over:
            return max(most, self._least)
        return max(min(most, QUICK * SLOWER**self._quiet), self._least)

    @property
    def seconds_left(self) -> float:
        """Seconds until the next poll, 0 if it is due."""
        return max(0.0, self._looked + self.pause - self._clock())

    @property
    def words(self) -> str:
        """The interval for a person: "every 15 s, while data changes"."""
        if self._fixed:
            why = "the demo's pace"
        elif self.by_webhook:
            why = "because webhooks report changes"
        elif self.over:
            why = "to save this month's API requests"
        elif self._least >= self.pause:
            why = "because so much changed"
        elif self._quiet == 0:
            why = "while data changes"
        else:
            why = "while little changes"
        return f"every {_span(self.pause)}, {why}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
