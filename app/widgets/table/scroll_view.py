"""A view of a million lines under a header. It leaves out what Textual does for each line that is
scrolled or arrives, because nobody can see it, and because it takes longer than the lines."""

from __future__ import annotations

from typing import Any

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

HEADER = 1  # lines that do not scroll
# Drawing the bar costs as much as drawing all rows, and Textual does it for every row that is
# scrolled or arrives. The bar shows eighths of a cell: among a million rows, one in thousands.
EIGHTHS = 8


class LongView(ScrollView):
    """The part of a table that scrolls. Subclasses draw lines in ``render_line``."""

    ALLOW_SELECT = False
    # The bar is always there: its coming and going would move the columns.
    DEFAULT_CSS = """
    LongView { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._page = 1  # how many lines there is room for below the header

    def scrolled(self) -> None:
        """Other lines are to be drawn than before."""
        raise NotImplementedError

    @property
    def top(self) -> int:
        """The first line below the header."""
        return round(self.scroll_y)

    def set_length(self, count: int) -> None:
        """So many lines there are now."""
        size = Size(self.scrollable_content_region.width, count + HEADER)
        if size == self.virtual_size:
            return
        # Not by the property: it lays out the whole screen, where only the thumb may change.
        wider = size.width != self.virtual_size.width
        self.set_reactive(Widget.virtual_size, size)
        bar = self.vertical_scrollbar
        if wider or _thumb_resized(size.height, bar.window_virtual_size, self._page):
            self._scroll_update(size)
        else:
            self.scroll_y = self.validate_scroll_y(self.scroll_y)
        self._place_thumb()

    def _place_thumb(self) -> None:
        bar = self.vertical_scrollbar
        if _thumb_moved(self.scroll_y, bar.position, self.max_scroll_y, self._page):
            bar.position = self.scroll_y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """As ScrollView has it, but the bar is drawn only where its thumb moves to be seen."""
        self._place_thumb()
        if round(old_value) != round(new_value):
            self.scrolled()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Without a border the strips go to the terminal as they are, and so the same ones again
        and again: what Textual remembers in them saves two thirds of the work."""
        styles = self.styles
        if styles.gutter.totals != (0, 0) or self.opacity != 1 or styles.tint.a:
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in crop.line_range]
        _, background = self.background_colors
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        begin, end = crop.column_span
        if (begin, end) != (0, self.size.width):
            strips = [strip.crop(begin, end) for strip in strips]
        return strips

    def scroll_to(
        self, x: float | None = None, y: float | None = None, *, animate: bool = True, **more: Any
    ) -> None:
        """As ScrollView has it, at once: on the way to a far line lie thousands of screens."""
        super().scroll_to(x, y, animate=False, **more)

    def scroll_page_down(self, **_: Any) -> None:
        """What a click below the bar's thumb does; the header hides no line."""
        self.scroll_to(y=self.top + self._page)

    def scroll_page_up(self, **_: Any) -> None:
        """What a click above the bar's thumb does."""
        self.scroll_to(y=self.top - self._page)


def _thumb_moved(top: float, shown: float, last: int, lines: int) -> bool:
    """Whether a bar of ``lines``, of which ``shown`` is the row on top, is to be drawn for
    ``top``; ``last`` is the last that can be."""

    def place(row: float) -> int:
        return int(row) * EIGHTHS * lines // max(1, last)

    return place(top) != place(shown)


def _thumb_resized(height: int, shown: int, lines: int) -> bool:
    """Whether the thumb is to be seen as longer or shorter for so many rows."""
    return abs(height - shown) * EIGHTHS * lines >= height
