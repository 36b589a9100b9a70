"""How often Stripe is asked what changed.

Often while things change or somebody looks, seldom when neither is so: Stripe gives an account
10,000 reads a month at least (docs.stripe.com/rate-limits), and a look every five minutes takes
8,640 of them. Times are seconds of a clock that only goes forward.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

QUICK = 15.0  # while things change
LOOKED_AT = 60.0  # at most, while somebody looks
QUIET = 300.0  # at most
SLOWER = 1.5  # after each look that found nothing
ATTENTION = 120.0  # that a key press is taken for somebody looking
TOLD = 3_600.0  # that a webhook is taken for more to come

NEVER = -math.inf


class PollInterval:
    """When the next look is due. ``fixed``: the demo's pace, whatever happens."""

    def __init__(
        self, fixed: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fixed = fixed
        self._clock = clock
        self._looked = clock()
        self._quiet = 0  # looks in a row that found nothing
        self._least = 0.0
        self._told = NEVER
        self._attended = NEVER
        self.over = False  # the month's reads are used up

    def looked(self, changes: int, pages: int, *, asked: bool = False) -> None:
        """A look is done that found so many changes. ``pages``: requests that listing them
        took; so many seconds pass before they are listed again."""
        self._looked = self._clock()
        self._quiet = 0 if changes or asked else self._quiet + 1
        self._least = float(pages - 1)

    def attend(self) -> None:
        """Somebody looks at the screen, or presses a key; from any thread."""
        self._attended = self._clock()

    def told(self) -> None:
        """A webhook told of a change, so that looking is only for what gets lost."""
        self._told = self._clock()

    @property
    def attended(self) -> bool:
        """Whether somebody looks at the screen."""
        return self._clock() - self._attended < ATTENTION

    @property
    def by_webhook(self) -> bool:
        """Whether webhooks tell of changes."""
        return self._clock() - self._told < TOLD

    @property
    def pause(self) -> float:
        """Seconds between the last look and the next."""
        if self._fixed:
            return self._fixed
        most = LOOKED_AT if self.attended else QUIET
        if self.by_webhook or (self.over and not self.attended):
            return QUIET
        if self.over:
            return max(most, self._least)
        return max(min(most, QUICK * SLOWER**self._quiet), self._least)

    @property
    def left(self) -> float:
        """Seconds until the next look; 0 when it is due."""
        return max(0.0, self._looked + self.pause - self._clock())

    @property
    def words(self) -> str:
        """The pace for a person: "every 15 s, as things change"."""
        if self._fixed:
            why = "the demo's pace"
        elif self.by_webhook:
            why = "as webhooks tell of changes"
        elif self.over:
            why = "to spare the month's reads"
        elif self._least >= self.pause:
            why = "as so much changed"
        elif self._quiet == 0:
            why = "as things change"
        else:
            why = "as little changes"
        return f"every {_span(self.pause)}, {why}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
