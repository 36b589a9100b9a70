"""How far a command is, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TypeVar

REFRESH = 0.5  # seconds between two looks of the line that says it

Thing = TypeVar("Thing")


def counted(
    things: Iterator[Thing], total: int, output: str | None, each: int = 1
) -> Iterator[Thing]:
    """The same things, with a line on standard error that says how many of ``total`` there were.

    Only where that is a terminal, and not the one that the results go to: ``output`` is the file
    that they are written to, None: standard output. ``each``: what one thing counts for."""
    shown = sys.stderr.isatty() and (output is not None or not sys.stdout.isatty())
    started = told = time.monotonic()
    number = 0
    for thing in things:
        yield thing
        number = min(total, number + each)
        if shown and time.monotonic() - told >= REFRESH:
            told = time.monotonic()
            rate = number / (told - started)
            print(
                f"\r{number:,} of {total:,}, {rate:,.0f}/s",
                end="\x1b[K",
                file=sys.stderr,
                flush=True,
            )
    if shown and total:
        print(f"\r{total:,} of {total:,}", end="\x1b[K\n", file=sys.stderr)
