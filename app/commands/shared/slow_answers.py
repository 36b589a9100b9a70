"""Says what a command waits for, if it waits for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.commands.shared.console import say

SLOW = 3.0  # seconds without a word after which a person wonders

STRIPE = "Stripe has not responded yet. Panelist keeps trying."


@contextmanager
def say_if_slow(sentence: str) -> Iterator[None]:
    """Print this to standard error if the block takes more than a few seconds."""
    timer = threading.Timer(SLOW, say, (sentence,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
