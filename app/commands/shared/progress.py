"""The progress of a command: a terminal line that replaces itself, or JSON lines."""

from __future__ import annotations

import shutil
import sys
import time
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TypeVar

from app.commands.shared.console import print_json

REFRESH = 0.5  # seconds between two changes of the line

_CLEAR_REST = "\x1b[J"  # from the cursor to the end of the screen
NARROWEST = 10

Thing = TypeVar("Thing")


class Progress:
    """For a program (``as_json``), JSON lines on standard output. Otherwise one line on standard
    error, if that is a terminal and not ``hidden``."""

    def __init__(self, *, as_json: bool = False, hidden: bool = False) -> None:
        self._json = as_json
        self._terminal = not (as_json or hidden) and sys.stderr.isatty()
        self._shown_at = 0.0
        self._cells = 0  # of the line that is shown

    @property
    def due(self) -> bool:
        """Whether to show progress now: at most twice a second, and only if someone can see it."""
        shown = self._json or self._terminal
        return shown and time.monotonic() - self._shown_at >= REFRESH

    def show(self, words: str | Sequence[str], **facts: object) -> None:
        """Show progress: a sentence, or parts of which the first ones matter most. ``facts``: what
        programs read instead of the words."""
        self._shown_at = time.monotonic()
        if self._json:
            print_json({"type": "progress", **facts})
        elif self._terminal:
            self._draw(words)

    def show_rows(self, table: str, number: int) -> None:
        """Show how many rows of a table were copied so far, if it is due."""
        if self.due:
            self.show(f"{table}: {number:,} rows", table=table, rows=number)

    def clear(self) -> None:
        """Clear the line, for other output or at the end."""
        if self._terminal:
            self._write(self._beginning() + _CLEAR_REST)
            self._cells = 0

    def finish(self, words: str) -> None:
        """Leave these words on the line."""
        if self._terminal:
            self._draw(words)
            self._write("\n")
            self._cells = 0

    def _draw(self, words: str | Sequence[str]) -> None:
        line = fitting([words] if isinstance(words, str) else words, terminal_width() - 1)
        self._write(self._beginning() + line + _CLEAR_REST)
        self._cells = cells(line)

    def _beginning(self) -> str:
        """Moves to where the last line began. A terminal that became narrower has wrapped it."""
        rows = max(0, self._cells - 1) // terminal_width()
        return "\r" + (f"\x1b[{rows}A" if rows else "")

    def _write(self, text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)


def terminal_width() -> int:
    """The cells in a line of the terminal."""
    return max(NARROWEST, shutil.get_terminal_size().columns)


def cells(text: str) -> int:
    """The width of a line in terminal cells."""
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) > 0 for one in text)


def fitting(parts: Sequence[str], width: int) -> str:
    """As many of the parts as fit into so many cells, or the beginning of the first, which ends
    before a comma where that is possible."""
    shown = list(parts)
    while len(shown) > 1 and cells(" · ".join(shown)) > width:
        shown.pop()
    line = " · ".join(shown)
    while cells(line) > width and ", " in line:
        line = line[: line.rindex(", ")]
    while cells(line) > width:
        line = line[:-2] + "…" if line.endswith("…") else line[:-1] + "…"
    return line


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


def step_words(state: str, done: int, total: int | None, back_to: int | None = None) -> str:
    """The progress of a step of a sync. ``back_to``: everything created since then is here."""
    if state == "running" and total is not None:
        return f"{done:,} of ≈ {total:,}"
    if state == "running" and back_to is not None:
        return f"{done:,}, all since {time.strftime('%Y-%m-%d', time.localtime(back_to))}"
    return f"{done:,}" + (" ✓" if state == "done" else "")
