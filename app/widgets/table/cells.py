"""The cells of a table: what they hold, how wide their columns are, and text cut to a width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rich.cells import cell_len, split_graphemes

from app.text import plain

GAP = 2  # cells between two columns
JOINER = "\N{ZERO WIDTH JOINER}"


class Cell(NamedTuple):
    """A text, foreign or not, and a style such as ``bold $success``."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Column:
    """A column and the room it wants.

    ``width`` is what it needs; ``grow`` its share of the room that is left, up to ``most``
    cells. Where the room is too small the column of the highest ``priority`` goes first; one
    of priority 0 always stays. ``sort`` names what a click on the title asks for.
    """

    title: str
    width: int
    grow: int = 0
    most: int = 1_000
    align: Literal["left", "right"] = "left"
    sort: str | None = None
    priority: int = 0


class VisibleColumn(NamedTuple):
    """A column that is shown: which one, from which cell on, how wide."""

    column: int
    x: int
    width: int


def fit(text: str, width: int, align: Literal["left", "right"] = "left") -> str:
    """Any text as exactly ``width`` cells, made safe; a text that is cut ends in "…"."""
    # A joiner at an edge would take the neighbour's place when the line is measured whole.
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
    """Where the columns stand that fit; ``skip`` of those that may go are left out first."""
    return _place(columns, _chosen(columns, room, skip), room)


def hidden_after(columns: Sequence[Column], room: int, skip: int) -> bool:
    """Whether skipping one more column brings another one into sight."""
    movable = [index for index, one in enumerate(columns) if one.priority]
    return len(_chosen(columns, room, skip)) + len(movable[:skip]) < len(columns)


def _chosen(columns: Sequence[Column], room: int, skip: int) -> list[int]:
    """The indexes of the columns to show, in their order; never none."""
    skipped = [index for index, one in enumerate(columns) if one.priority][:skip]
    left = [index for index in range(len(columns)) if index not in skipped] or skipped[-1:]
    while len(left) > 1 and _needed(columns, left) > room:
        # After skipping, what a person looks for is the next columns, in their order.
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
