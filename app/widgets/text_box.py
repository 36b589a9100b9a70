"""A field of several lines. It has its own file: importing it would delay the first frame."""

from __future__ import annotations

from contextlib import suppress

from textual.app import ScreenStackError
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from app.text import plain_lines


class TextBox(TextArea):
    """A field of several lines. Control characters never get into it."""

    def __init__(self, text: str = "", *, id: str, wrap: bool = True) -> None:  # noqa: A002
        super().__init__(plain_lines(text), id=id, soft_wrap=wrap)

    def edit(self, edit: Edit) -> EditResult:
        edit.text = plain_lines(edit.text)
        return super().edit(edit)

    def load_text(self, text: str) -> None:
        super().load_text(plain_lines(text))

    def on_unmount(self) -> None:
        """Empty the field, so that no text outlives the screen."""
        with suppress(ScreenStackError):  # the app is ending
            self.load_text("")
