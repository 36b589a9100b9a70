"""Stripe's clock, as far as it can be believed."""

from __future__ import annotations

import time

# Seconds that an event may be late. A poll goes back this far now and then, as far as tap-stripe.
OVERLAP = 600


def lower(date: int) -> int:
    """The lower of Stripe's clock and this computer's, because one of them may be wrong, and events
    that are read twice do no harm. A difference that polls go back over does not matter."""
    now = int(time.time())
    return date if date - now <= OVERLAP else now
