"""The thumb of a long table's scroll bar: when it moves so far that it is to be seen.

To draw the bar costs as much as to draw all rows, and Textual does it for every row that is
scrolled or arrives. The bar shows eighths of a cell: among a million rows, one in thousands.
"""

from __future__ import annotations

EIGHTHS = 8


def moved(top: float, shown: float, last: int, lines: int) -> bool:
    """Whether a bar of ``lines``, of which ``shown`` is the row on top, is to be drawn for
    ``top``; ``last`` is the last that can be."""

    def place(row: float) -> int:
        return int(row) * EIGHTHS * lines // max(1, last)

    return place(top) != place(shown)


def resized(height: int, shown: int, lines: int) -> bool:
    """Whether the thumb is to be seen as longer or shorter for so many rows."""
    return abs(height - shown) * EIGHTHS * lines >= height
