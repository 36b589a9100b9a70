"""How long the tests by chance go on: ``PANELIST_DEEP=25 pytest -m deep`` takes 25 times as many
examples, and others every time."""

from __future__ import annotations

import os

DEPTH = int(os.environ.get("PANELIST_DEEP", "1"))
DEEP = DEPTH > 1


def examples(usual: int) -> int:
    """How many to take, where so many are usual."""
    return usual * DEPTH
