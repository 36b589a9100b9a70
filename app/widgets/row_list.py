"""A list to read: rows of a short head and a text, scrolled by keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from app.keys.dialogs import ROWS
from app.widgets.bindings import bindings
from app.widgets.content import Content, hang, words
from app.widgets.scrolling import Scrolling

AIR = 1  # cells between the text and the scrollbar, or the edge


@dataclass(frozen=True)
class Row:
    """``head`` stands on the left, and ``body`` wraps beside it or is cut."""

    head: Content
    body: Content


class RowList(Scrolling, ScrollView, can_focus=True):
    """A list of up to about 500 rows. Only the lines on the screen are rendered."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ROWS)
    ALLOW_SELECT = False
    DEFAULT_CSS = "RowList { text-wrap: nowrap; overflow-x: hidden; }"

    def __init__(
        self,
        title: str,
        help_text: str,
        empty: str,
        *,
        wrap: bool = True,
        id: str,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.border_title = f"{title} " if title else ""
        self.help_text = help_text
        self._empty = empty
        self._wrap = wrap
        self._rows: tuple[Row, ...] = ()
        self._flat: list[Content] = []
        self._strips: dict[int, Strip] = {}
        self._wrapped: dict[Row, list[Content]] = {}  # the lines of the rows that are shown
        self._width = 0

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows. The row at the top stays there when rows arrive above it."""
        new = tuple(rows)
        if new == self._rows and self._flat:
            return
        above = self._arrived_above(new)
        self._rows = new
        self._lay_out()
        if above and self.scroll_offset.y > 0:
            self.scroll_to(y=self.scroll_offset.y + above, animate=False, immediate=True)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that are shown."""
        return self._rows

    @property
    def text_width(self) -> int:
        """Cells for the text, which keeps its distance from the scrollbar."""
        return max(0, self.scrollable_content_region.width - AIR)

    def _arrived_above(self, new: tuple[Row, ...]) -> int:
        if not self._rows or self._rows[0] not in new:
            return 0
        first = new.index(self._rows[0])
        return sum(len(self._row_lines(row)) for row in new[:first])

    def _lay_out(self) -> None:
        self._width = self.text_width
        if not self._width:
            return
        rows = self._rows or (Row(words(), words((self._empty, "$muted"))),)
        # Wrapping is slow, so rows that were shown before keep their lines.
        self._wrapped = {row: self._wrapped.get(row) or self._row_lines(row) for row in rows}
        self._flat = [line for row in rows for line in self._wrapped[row]]
        self._strips.clear()
        height = len(self._flat)
        taller = height != self.virtual_size.height
        if taller:
            self.virtual_size = Size(self._width, height)
        self.refresh(layout=taller and bool(self.styles.height and self.styles.height.is_auto))

    def _row_lines(self, row: Row) -> list[Content]:
        if self._wrap:
            return hang(row.head, row.body, self._width)
        return [words(row.head, row.body).truncate(self._width, ellipsis=True)]

    def on_resize(self, event: events.Resize) -> None:
        if self.text_width != self._width:
            self._wrapped.clear()
            self._lay_out()

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if index >= len(self._flat):
            return Strip.blank(width, self.rich_style)
        strip = self._strips.get(index)
        if strip is None:
            made = Visual.to_strips(
                self,
                self._flat[index],
                width,
                1,
                self.visual_style,
                pad=True,
                apply_selection=False,
            )
            strip = self._strips[index] = made[0] if made else Strip.blank(width)
        return strip
