"""A scrolling view of up to a million lines under a header.

Textual does work for each line that scrolls or arrives. Most of it is invisible and takes longer
than the lines themselves, so this view leaves it out.
"""

from __future__ import annotations

from typing import Any

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

HEADER = 1  # lines that do not scroll
# Drawing the scrollbar takes as long as drawing all rows, and Textual does it for each row that
# scrolls or arrives. The thumb moves by eighths of a cell, so most rows do not move it.
EIGHTHS = 8


class LongView(ScrollView):
    """The part of a table that scrolls. Subclasses draw lines in ``render_line``."""

    ALLOW_SELECT = False
    # The scrollbar is always there, because the columns would move when it came or went.
    DEFAULT_CSS = """
    LongView { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._page = 1  # the number of lines below the header

    def scrolled(self) -> None:
        """Draw the lines that scrolled into view."""
        raise NotImplementedError

    @property
    def top(self) -> int:
        """The index of the first row below the header."""
        return round(self.scroll_y)

    def set_length(self, count: int) -> None:
        """Set the number of rows."""
        size = Size(self.scrollable_content_region.width, count + HEADER)
        if size == self.virtual_size:
            return
        # The property would lay out the whole screen, though only the thumb may have changed.
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
        """As in ScrollView, but the scrollbar is drawn only if its thumb visibly moves."""
        self._place_thumb()
        if round(old_value) != round(new_value):
            self.scrolled()

    def render_lines(self, crop: Region) -> list[Strip]:
        """As in Widget, but without a border the cached strips go to the terminal unchanged.
        What Textual caches in them then saves two thirds of the work."""
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
        """As in ScrollView, but without animation, which would draw thousands of screens."""
        super().scroll_to(x, y, animate=False, **more)

    def scroll_page_down(self, **_: Any) -> None:
        """Scroll down a page of rows, as a click below the scrollbar's thumb asks."""
        self.scroll_to(y=self.top + self._page)

    def scroll_page_up(self, **_: Any) -> None:
        """Scroll up a page of rows, as a click above the scrollbar's thumb asks."""
        self.scroll_to(y=self.top - self._page)


def _thumb_moved(top: float, shown: float, last: int, lines: int) -> bool:
    """Whether a scrollbar of ``lines`` looks different with ``top`` as first row than with
    ``shown``. ``last`` is the last row that can be first."""

    def eighth(row: float) -> int:
        return int(row) * EIGHTHS * lines // max(1, last)

    return eighth(top) != eighth(shown)


def _thumb_resized(height: int, shown: int, lines: int) -> bool:
    """Whether the thumb visibly changes its length for this number of rows."""
    return abs(height - shown) * EIGHTHS * lines >= height
