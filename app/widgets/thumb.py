"""The thumb of a long table's scroll bar: when it moves so far that it is to be seen.

To draw the bar costs as much as to draw all rows, and Textual does it for every row that is
scrolled or arrives. The bar shows eighths of a cell: among a million rows, one in thousands.
"""

from __future__ import annotations

EIGHTHS = 8


class Thumb:
    """Remembers what the bar shows."""

    def __init__(self) -> None:
        self._shown: tuple[int, bool] | None = None

    def moved(self, top: float, last: int, lines: int) -> bool:
        """Whether the bar of ``lines`` is to be drawn for this row on top; ``last`` is the last
        that can be."""
        step = last / (EIGHTHS * max(1, lines))
        now = (int(top / step) if step > 1 else int(top), top >= last)
        before, self._shown = self._shown, now
        return now != before

    @staticmethod
    def resized(height: int, shown: int, lines: int) -> bool:
        """Whether the thumb is to be seen as longer or shorter for so many rows."""
        return abs(height - shown) * EIGHTHS * lines >= height
