"""What a widget needs that scrolls by the keys of lists."""

from __future__ import annotations

from typing import cast

from textual.widget import Widget


class Scrolling:
    """Half a page for a widget whose bindings are those of ``ROWS``. It is no widget itself,
    because Textual takes styles and bindings only from the first of several."""

    def action_half_page(self, pages: int) -> None:
        """Scroll half a page down (1) or up (-1)."""
        widget = cast(Widget, self)
        half = max(1, widget.scrollable_content_region.height // 2)
        widget.scroll_relative(y=pages * half, animate=False)
