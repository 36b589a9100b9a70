"""The line of holes between the two parts of a ticket."""

from __future__ import annotations

from textual.widget import Widget

from app.widgets.content import Content, para, words


class Perforation(Widget):
    """Two columns: the ends of the frames of both parts, and the holes between them."""

    DEFAULT_CSS = "Perforation { width: 2; height: 100%; }"

    def render(self) -> Content:
        holes = max(0, self.size.height - 2)
        rows = ("╮╭", *("┊ " for _ in range(holes)), "╯╰")
        return para([words((row, "$primary")) for row in rows])
