"""The keys of everything that only scrolls."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.keys.dialogs import ROWS
from app.widgets.bindings import bindings


class Scrolling(Widget):
    """The base of a widget that scrolls by the keys of lists."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ROWS)

    def action_half_page(self, pages: int) -> None:
        """Scroll half a page down (1) or up (-1)."""
        half = max(1, self.scrollable_content_region.height // 2)
        self.scroll_relative(y=pages * half, animate=False)
