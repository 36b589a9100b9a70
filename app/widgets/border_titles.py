"""What stands in a pane's border. Textual draws a whole pane anew for the title that it has."""

from __future__ import annotations

from textual.widget import Widget

from app.widgets.content import Content


def entitle(pane: Widget, title: Content | None = None, below: Content | None = None) -> None:
    """Set the title, the words below the pane, or both."""
    if title is not None and pane.border_title != title.markup:
        pane.border_title = title
    if below is not None and pane.border_subtitle != below.markup:
        pane.border_subtitle = below
