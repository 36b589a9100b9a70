"""A part of a screen under a heading: its name, and facts about what it shows.

The heading's line becomes heavy while the focus is inside, so that it shows without colours too.
"""

from __future__ import annotations

from textual.containers import Vertical

from app.widgets.content import Content, words


class Pane(Vertical):
    """One pane. Textual redraws all of it whenever its heading is set, so an equal one is not."""

    DEFAULT_CSS = """
    Pane {
        height: 1fr; border-top: solid $line; border-title-style: bold;
        border-title-color: $foreground;
        &:focus-within { border-top: heavy $primary; border-title-color: $primary; }
    }
    """

    _title, _facts = words(), words()

    def entitle(self, title: Content | None = None, facts: Content | None = None) -> None:
        """Set the heading's name, its facts, or both. None leaves that part as it is."""
        before = (self._title, self._facts)
        self._title = self._title if title is None else title
        self._facts = self._facts if facts is None else facts
        if (self._title, self._facts) != before:
            gap = "  " if self._title and self._facts else ""
            end = " " if self._title or self._facts else ""
            said = (self._facts.plain, "$muted not bold")
            self.border_title = words(self._title, gap, said, end)
