"""The progress of a command: a terminal line that replaces itself, or JSON lines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import TypeVar

REFRESH = 0.5  # seconds between two changes of the line

_LINE = "\r{}\x1b[K"  # overwrites the line and clears the rest of a longer one
_EMPTY_LINE = "\r\x1b[2K"

Thing = TypeVar("Thing")


class Progress:
    """For a program (``as_json``), JSON lines on standard output. Otherwise one line on standard
    error, if that is a terminal and not ``hidden``."""

    def __init__(self, *, as_json: bool = False, hidden: bool = False) -> None:
        self._json = as_json
        self._terminal = not (as_json or hidden) and sys.stderr.isatty()
        self._shown_at = 0.0

    @property
    def due(self) -> bool:
        """Whether to show progress now: at most twice a second, and only if someone can see it."""
        shown = self._json or self._terminal
        return shown and time.monotonic() - self._shown_at >= REFRESH

    def show(self, words: str, **facts: object) -> None:
        """Show progress. ``facts``: what programs read instead of the words."""
        self._shown_at = time.monotonic()
        if self._json:
            print(json.dumps({"type": "progress", **facts}), flush=True)
        elif self._terminal:
            self._write(_LINE.format(words))

    def clear(self) -> None:
        """Clear the line, for other output or at the end."""
        if self._terminal:
            self._write(_EMPTY_LINE)

    def finish(self, words: str) -> None:
        """Leave these words on the line."""
        if self._terminal:
            self._write(_LINE.format(words) + "\n")

    def _write(self, text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)


def counted(
    things: Iterator[Thing], total: int, output: str | None, each: int = 1
) -> Iterator[Thing]:
    """Yield the same things while a line shows how many of ``total`` there were.

    There is no line if the results go to the same terminal. ``output``: the file for the results,
    or None or "-" for standard output. ``each``: how much one thing counts."""
    shown = Progress(hidden=output in (None, "-") and sys.stdout.isatty())
    started = time.monotonic()
    number = 0
    for thing in things:
        yield thing
        number = min(total, number + each)
        if shown.due and (seconds := time.monotonic() - started) >= REFRESH:
            shown.show(f"{number:,} of {total:,}, {number / seconds:,.0f}/s")
    if total:
        shown.finish(f"{total:,} of {total:,}")


def step_words(state: str, done: int, total: int | None) -> str:
    """The progress of a step of a sync."""
    if state == "running" and total is not None:
        return f"{done:,} of ≈ {total:,}"
    return f"{done:,}" + (" ✓" if state == "done" else "")
