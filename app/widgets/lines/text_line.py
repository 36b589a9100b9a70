"""A text that is drawn only when it changes."""

from __future__ import annotations

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
