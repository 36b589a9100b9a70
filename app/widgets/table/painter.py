"""Makes the lines of a table as strips, once for each content, and caches them.

It builds segments directly, because a line through ``Content`` takes ten times as long. So text
reaches a widget here too, not only through ``words``. :func:`app.widgets.table.cells.fit` makes
it safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.cache import LRUCache
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from app.widgets.table.cells import GAP, Cell, Column, VisibleColumn, arrange, fit, hidden_after

GUTTER = 2  # cells on the left: the marker of the current row and a space
CACHED = 1_024  # lines


class Mark(Enum):
    """The state of a row: its marker and the component class that styles it."""

    NONE = (" ", "table--row")
    CURRENT = ("▸", "table--cursor")
    AWAY = ("▹", "table--away")  # the current row while the focus is elsewhere


class SortedColumn(NamedTuple):
    """The order of the rows: a column's ``sort`` and the direction."""

    by: str
    descending: bool = False


class Painter:
    """Makes the lines of one widget at its width."""

    def __init__(self, widget: Widget, columns: Sequence[Column]) -> None:
        self._widget = widget
        self.columns = columns
        self.width = 0
        self.skip = 0  # the number of columns moved out of sight to the left
        self.placed: list[VisibleColumn] = []
        self._strips: LRUCache[object, Strip] = LRUCache(CACHED)
        self._styles: dict[tuple[str, str], RichStyle] = {}

    def forget(self) -> None:
        """Drop the cache, because the colours changed."""
        self._strips.clear()
        self._styles.clear()

    def arrange(self, width: int, skip: int) -> None:
        """Fit the columns into a width, after skipping the first ``skip``."""
        self.width = width
        self.skip = max(0, skip) if self._hides(0) else 0
        while self.skip and not self._hides(self.skip - 1):
            self.skip -= 1
        self.placed = arrange(self.columns, width - GUTTER, self.skip)
        self._strips.clear()

    def _hides(self, skip: int) -> bool:
        return hidden_after(self.columns, self.width - GUTTER, skip)

    def column_at(self, x: int) -> Column | None:
        """The column at a cell of the line. A gap belongs to the column before it."""
        for index, begin, width in self.placed:
            if begin <= x - GUTTER < begin + width + GAP:
                return self.columns[index]
        return None

    def header(self, sorted_by: SortedColumn | None) -> Strip:
        """The line of titles. An arrow shows the order; ‹ and › show that columns are hidden."""
        strip = self._strips.get(sorted_by)
        if strip is None:
            more = ("‹" if self.skip else " ") + ("›" if self._hides(self.skip) else " ")
            cells = [self._title(one, sorted_by) for one in self.columns]
            strip = self._strips[sorted_by] = self._strip(more, cells, "table--header")
        return strip

    def row(self, cells: tuple[Cell, ...], mark: Mark) -> Strip:
        """A row. Equal content gives the same strip, so that ``is`` finds what changed."""
        key = (cells, mark)
        strip = self._strips.get(key)
        if strip is None:
            glyph, name = mark.value
            strip = self._strips[key] = self._strip(glyph.ljust(GUTTER), cells, name)
        return strip

    def note(self, text: str) -> Strip:
        """A line with a sentence in its middle in place of a row, or with nothing."""
        strip = self._strips.get(text)
        if strip is None:
            room = max(0, self.width - GUTTER)
            line = fit(" " * max(0, (room - len(text)) // 2) + text, room)
            segment = Segment(" " * GUTTER + line, self._style("table--note", ""))
            strip = self._strips[text] = Strip([segment], self.width)
        return strip

    def _title(self, column: Column, sorted_by: SortedColumn | None) -> Cell:
        if sorted_by is None or column.sort != sorted_by.by:
            return Cell(column.title)
        return Cell(("▾" if sorted_by.descending else "▴") + " " + column.title, "underline")

    def _strip(self, gutter: str, cells: Sequence[Cell], name: str) -> Strip:
        plain_style = self._style(name, "")
        segments, x = [Segment(gutter, plain_style)], 0
        for index, begin, width in self.placed:
            cell = cells[index] if index < len(cells) else Cell("")
            if begin > x:
                segments.append(Segment(" " * (begin - x), plain_style))
            fitted = fit(cell.text, width, self.columns[index].align)
            style = self._style(name, cell.style)
            if cell.tail and fitted.rstrip().endswith(cell.text[-cell.tail :]):
                end = len(fitted.rstrip()) - cell.tail
                segments.append(Segment(fitted[:end], style))
                fitted, style = fitted[end:], self._style(name, cell.tail_style)
            segments.append(Segment(fitted, style))
            x = begin + width
        rest = self.width - GUTTER - x
        if rest > 0:
            segments.append(Segment(" " * rest, plain_style))
        strip = Strip(segments, GUTTER + x + max(0, rest))
        return strip if rest >= 0 else strip.crop(0, self.width)

    def _style(self, name: str, style: str) -> RichStyle:
        known = self._styles.get((name, style))
        if known is None:
            base = self._widget.get_visual_style(name)
            if self._widget.get_component_styles(name).text_style.reverse:
                base += Style(reverse=True)  # Textual drops it
            more = Style.parse(style)
            if name == Mark.CURRENT.value[1]:  # some colours are too close to that ground
                more = more.without_color
            known = (base + more if style else base).rich_style
            self._styles[name, style] = known
        return known
