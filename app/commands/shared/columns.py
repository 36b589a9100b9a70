"""Lists for a person: lines in columns. On a terminal they have headings, fit its width, and are
bold and dim. Anywhere else the lines are plain and have their full width, for scripts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TextIO, TypeAlias

from app.commands.shared.progress import NARROWEST, cells, terminal_width
from app.text import plain

Style: TypeAlias = Literal["", "bold", "dim", "good", "waits", "warns", "bad"]

_CODES = {
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "good": "\x1b[32m",
    "waits": "\x1b[36m",
    "warns": "\x1b[33m",
    "bad": "\x1b[31m",
}  # the terminal's own colours, whose meanings are those of docs/looks.md
# By the words of states of invites and studies, of participants, and of an answer.
STATES: Mapping[str, Style] = {
    **dict.fromkeys(("completed", "active", "yes"), "good"),
    **dict.fromkeys(("sent", "handed over", "started", "trialing"), "waits"),
    **dict.fromkeys(("uncertain", "to confirm", "failed", "paused", "past due"), "warns"),
    **dict.fromkeys(("bounced", "deleted"), "bad"),
    **dict.fromkeys(("no", "closed", "archived", "declined", "expired", "withdrawn"), "dim"),
}
_END = "\x1b[0m"
BETWEEN = "  "
NARROW = 6  # cells to which a column shrinks


@dataclass(frozen=True)
class Column:
    """``width``: in cells. ``whole``: never cut, as an ID is something to copy. ``styles``: by the
    text, in place of ``style``. The last column is not padded."""

    heading: str
    width: int
    right: bool = False
    whole: bool = False
    style: Style = ""
    styles: Mapping[str, Style] = field(default_factory=dict)


def has_style(out: TextIO) -> bool:
    """Whether text may be bold and coloured there (no-color.org; terminfo's "dumb" has neither)."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(out: TextIO, text: str, style: Style) -> str:
    """The text in this style, if the output has styles."""
    return f"{_CODES[style]}{text}{_END}" if style and text and has_style(out) else text


class ColumnWriter:
    """Writes lines in columns. The heading comes with the first line."""

    def __init__(self, out: TextIO, columns: Sequence[Column]) -> None:
        self._out, self._columns = out, columns
        self._terminal = out.isatty()
        self._widths = [one.width for one in columns]
        self._begun = False
        if self._terminal:
            self._shrink(terminal_width() - 1)

    def line(self, *values: object) -> None:
        """Write one line. The values may be foreign."""
        if self._terminal and not self._begun:
            self._write([one.heading for one in self._columns], "bold")
        self._begun = True
        self._write([plain(one, 4_000) for one in values])

    def _write(self, texts: Sequence[str], style: Style = "") -> None:
        parts, last = [], len(self._columns) - 1
        for number, (column, text) in enumerate(zip(self._columns, texts, strict=True)):
            width = self._widths[number]
            if not column.whole and (self._terminal or number < last):
                text = cut(text, width)
            space = "" if number == last and not column.right else " " * (width - cells(text))
            meaning = column.styles.get(text, column.style)
            shown = styled(self._out, text, style or meaning)
            parts.append(space + shown if column.right else shown + space)
        self._out.write(BETWEEN.join(parts).rstrip() + "\n")

    def _shrink(self, whole: int) -> None:
        """Make the widest columns narrower until a line fits. A whole last one may wrap."""
        widths, last = self._widths, self._columns[-1]
        wanted = sum(widths[:-1]) + (cells(last.heading) if last.whole else widths[-1])
        left = max(whole, NARROWEST) - len(BETWEEN) * (len(widths) - 1) - wanted
        may = [number for number, one in enumerate(self._columns) if not one.whole]
        while left < 0 and may:
            widest = max(may, key=lambda number: widths[number])
            if widths[widest] <= NARROW:
                return
            widths[widest] -= 1
            left += 1


def cut(text: str, width: int) -> str:
    """As much of a text as fits into so many cells. It ends in "…" if it is not all of it."""
    if len(text) <= width and (text.isascii() or cells(text) <= width):
        return text
    used = 0
    for at, letter in enumerate(text):
        used += cells(letter)
        if used > width:
            kept = at
            while kept and cells(text[:kept]) > width - 1:
                kept -= 1
            return f"{text[:kept]}…"
    return text
