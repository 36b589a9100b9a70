"""Stripe's clock, as far as it can be believed."""

from __future__ import annotations

import time

from app.db import sync_messages
from app.db.store import Store
from app.text import duration

# Seconds that an event may be late. A poll goes back this far now and then, as far as tap-stripe.
OVERLAP = 600
NOTICED = 240.0  # seconds, before webhooks are refused (docs.stripe.com/webhooks#replay-attacks)
STEP = "clock"  # of the message about it


def lower(date: int) -> int:
    """The lower of Stripe's clock and this computer's, because one of them may be wrong, and events
    that are read twice do no harm. A difference that polls go back over does not matter."""
    now = int(time.time())
    return date if date - now <= OVERLAP else now


def record_clock_error(store: Store, connection_id: int, ahead: float) -> None:
    """Record for a person that this computer's clock is wrong, or that it no longer is. ``ahead``:
    seconds by which it is ahead of Stripe's, which is negative behind it."""
    text = difference(ahead)
    known = store.rows(
        "SELECT 1 FROM message WHERE connection_id = ? AND step = ?", (connection_id, STEP)
    )
    if text is None and known:
        sync_messages.delete_message(store, connection_id, STEP)
    elif text is not None and not known:
        sync_messages.record_message(store, connection_id, "warning", STEP, text)


def difference(ahead: float) -> str | None:
    """A sentence about a difference that matters, or None."""
    if abs(ahead) < NOTICED:
        return None
    minutes, side = round(abs(ahead) / 60), "ahead of" if ahead > 0 else "behind"
    return (
        f"This computer's clock is {duration(60 * minutes)} {side} Stripe's. Webhooks are refused"
        " if they differ by more than 5 minutes. Correct the clock."
    )
