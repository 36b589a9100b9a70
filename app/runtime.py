"""How Python is set where a sync makes and drops millions of objects."""

from __future__ import annotations

import gc
import sys

TURN = 0.001  # seconds


def make_way() -> None:
    """Let no thread, and no look for cycles, hold up another for long.

    A thread that computes keeps the interpreter for 5 ms, as Python has it. The event loop has 17
    turns before a page down is painted, and waits for each: while a million customers come its
    p95 was 42 ms or, in four runs of ten, 170, the sync half as fast; with 1 ms never above 53.

    Rows and objects of a sync hold no cycles, and there are many: looking for some took 5% of
    its time, and 55 ms at once in the app, in which no key was painted. So it is done seldom, and
    never among what is imported.
    """
    sys.setswitchinterval(TURN)
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
