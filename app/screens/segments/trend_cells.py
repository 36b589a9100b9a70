"""How a segment grew, as two cells of its row: a line of blocks, and who joined and left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from app.panel.segments.trends import WEEKS, Trend
from app.widgets.table.table import Cell

Trends: TypeAlias = Mapping[str, Trend]  # by the segment's key

NO_TRENDS: Trends = MappingProxyType({})
BLOCKS = "▁▂▃▄▅▆▇"  # never a full one, or the rows would melt together
EVEN = 3  # the block of a segment that stayed as it was
SIDE = 6  # cells for who joined, and for who left
HEADING = f"{'Joined':>{SIDE}} {'Left':>{SIDE}}"
UNKNOWN = "·"  # a week before the first sync, or no one


def trend_cells(trend: Trend | None) -> tuple[Cell, Cell]:
    """The cells of one segment, or empty ones while its trend is being read."""
    if trend is None:
        return Cell(UNKNOWN * WEEKS, "$muted"), Cell("")
    sizes = Cell(blocks(trend.sizes), "$line", 1, "$primary")
    joined = f"+{short(trend.joined)}" if trend.joined else UNKNOWN
    left = f"−{short(trend.left)}" if trend.left else UNKNOWN
    text = f"{joined:>{SIDE}} {left:>{SIDE}}"
    colours = ["$completed" if trend.joined else "$muted", "$never" if trend.left else "$muted"]
    return sizes, Cell(text, colours[0], len(left), colours[1])


def blocks(sizes: Sequence[int | None]) -> str:
    """Each size as a block, between the smallest and the largest of them."""
    known = [one for one in sizes if one is not None]
    low, high = min(known, default=0), max(known, default=0)

    def block(size: int | None) -> str:
        if size is None:
            return UNKNOWN
        if high == low:
            return BLOCKS[EVEN if size else 0]
        return BLOCKS[round((len(BLOCKS) - 1) * (size - low) / (high - low))]

    return "".join(map(block, sizes))


def short(number: int) -> str:
    """A number in at most five cells: "9,999", "12k", "3.4M"."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1_000:.0f}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"
