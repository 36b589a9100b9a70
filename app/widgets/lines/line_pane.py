"""A text to read whose lines are made for its width, and made again when that changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events

from app.widgets.content import Content, words
from app.widgets.row_list import Row, RowList

LEAST = 20  # columns in which lines can be made


class LinePane(RowList):
    """A :class:`RowList` of lines that a function makes for a width and a height."""

    DEFAULT_CSS = """
    LinePane { border: none; padding: 0 0 0 1; scrollbar-gutter: stable; }
    """

    def __init__(self, help_text: str, *, id: str) -> None:  # noqa: A002
        super().__init__("", help_text, "", wrap=False, id=id)
        self._make: Callable[[int, int], Sequence[Content]] = lambda _width, _height: ()

    def make(self, make: Callable[[int, int], Sequence[Content]]) -> None:
        """Show the lines that this function makes for a width and a height."""
        self._make = make
        self._fill()

    def _fill(self) -> None:
        width, height = self.text_width, self.scrollable_content_region.height
        if width >= LEAST:
            self.show([Row(words(), line) for line in self._make(width, height)])

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self._fill()
