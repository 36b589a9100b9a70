"""The cells of a table, the widths of its columns, and text cut to a width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rich.cells import cell_len, split_graphemes

from app.text import plain

GAP = 2  # cells between two columns
JOINER = "\N{ZERO WIDTH JOINER}"


class Cell(NamedTuple):
    """A text, which may be foreign, and a style such as ``bold $completed``. The last ``tail``
    characters have the style ``tail_style``, unless the text is cut."""

    text: str
    style: str = ""
    tail: int = 0
    tail_style: str = ""


@dataclass(frozen=True)
class Column:
    """A column and the room it wants.

    ``width`` is the number of cells it needs. ``grow`` is its share of the room that is left, up
    to ``most`` cells. If the room is too small, the column of the highest ``priority`` is hidden
    first; a column of priority 0 always stays. ``sort`` is the order that a click on the title
    requests.
    """

    title: str
    width: int
    grow: int = 0
    most: int = 1_000
    align: Literal["left", "right"] = "left"
    sort: str | None = None
    priority: int = 0


class VisibleColumn(NamedTuple):
    """A column that is shown: its index, its first cell and its width."""

    column: int
    x: int
    width: int


def fit(text: str, width: int, align: Literal["left", "right"] = "left") -> str:
    """A text made safe and exactly ``width`` cells wide. A text that is cut ends in "…"."""
    # A joiner at an edge would merge with the next cell when the whole line is measured.
    line = _cut(plain(text).strip(JOINER), width)
    pad = " " * (width - cell_len(line))
    return pad + line if align == "right" else line + pad


def _cut(line: str, width: int) -> str:
    if cell_len(line) <= width:
        return line
    taken, end = 0, 0
    for _, stop, cells in split_graphemes(line)[0]:
        if taken + cells > width - 1:
            break
        taken, end = taken + cells, stop
    return line[:end] + "…"


def arrange(columns: Sequence[Column], room: int, skip: int = 0) -> list[VisibleColumn]:
    """The columns that fit, with their positions. The first ``skip`` movable ones are hidden."""
    return _place(columns, _chosen(columns, room, skip), room)


def hidden_after(columns: Sequence[Column], room: int, skip: int) -> bool:
    """Whether skipping one more column would show another one."""
    movable = [index for index, one in enumerate(columns) if one.priority]
    return len(_chosen(columns, room, skip)) + len(movable[:skip]) < len(columns)


def _chosen(columns: Sequence[Column], room: int, skip: int) -> list[int]:
    """The indexes of the columns to show, in order. There is always one."""
    skipped = [index for index, one in enumerate(columns) if one.priority][:skip]
    left = [index for index in range(len(columns)) if index not in skipped] or skipped[-1:]
    while len(left) > 1 and _needed(columns, left) > room:
        # A person who skips columns wants to see the next ones, in order.
        last = max(left, key=lambda at: (0 if skip else columns[at].priority, at))
        movable = [index for index in left if columns[index].priority]
        left.remove(max(movable) if skip and movable else last)
    return left


def _needed(columns: Sequence[Column], shown: Sequence[int]) -> int:
    return sum(columns[index].width for index in shown) + GAP * (len(shown) - 1)


def _place(columns: Sequence[Column], shown: Sequence[int], room: int) -> list[VisibleColumn]:
    widths = {index: min(columns[index].width, max(1, room)) for index in shown}
    spare = room - sum(widths.values()) - GAP * (len(shown) - 1)
    growing = [index for index in shown if columns[index].grow]
    while spare > 0 and growing:
        parts = sum(columns[index].grow for index in growing)
        share = spare / parts
        for index in growing:
            wanted = max(1, int(share * columns[index].grow))
            more = min(wanted, columns[index].most - widths[index], spare)
            widths[index] += max(0, more)
            spare -= max(0, more)
        growing = [index for index in growing if widths[index] < columns[index].most]
    placed, x = [], 0
    for index in shown:
        placed.append(VisibleColumn(index, x, widths[index]))
        x += widths[index] + GAP
    return placed
