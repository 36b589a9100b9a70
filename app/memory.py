"""How memory is looked after while a sync makes and drops millions of objects."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Look for cycles seldom, and never among what is imported.

    Rows and objects of a sync hold no cycles, and there are many: looking for some took 5% of
    its time, and 55 ms at once in the app, in which no key was painted.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
