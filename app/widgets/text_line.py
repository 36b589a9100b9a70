"""Texts that are drawn only when they change: a line, and the titles in a pane's border.

Textual redraws the whole pane whenever a title is set, even to the same text.
"""

from __future__ import annotations

from textual.widget import Widget
from textual.widgets import Static

from app.widgets.content import Content, words


class TextLine(Static):
    """A Static for a text made by ``words``. It is hidden while it is empty."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(words(), id=id)
        self._shown = words()
        self.display = False

    def show(self, content: Content) -> None:
        """Show this text."""
        if self._shown.is_same(content):
            return
        self._shown = content
        self.display = bool(content)
        self.update(content)


def entitle(pane: Widget, title: Content | None = None, below: Content | None = None) -> None:
    """Set a pane's title, the text in its bottom border, or both."""
    if title is not None and pane.border_title != title.markup:
        pane.border_title = title
    if below is not None and pane.border_subtitle != below.markup:
        pane.border_subtitle = below
