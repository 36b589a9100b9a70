"""A field of several lines: apart, because importing Textual's delays the first frame."""

from __future__ import annotations

from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from app.text import plain_lines


class TextBox(TextArea):
    """Takes what a terminal could obey out of whatever is typed, pasted or loaded into it."""

    def __init__(self, text: str = "", *, id: str, wrap: bool = True) -> None:  # noqa: A002
        super().__init__(plain_lines(text), id=id, soft_wrap=wrap)

    def edit(self, edit: Edit) -> EditResult:
        edit.text = plain_lines(edit.text)
        return super().edit(edit)

    def load_text(self, text: str) -> None:
        super().load_text(plain_lines(text))

    def on_unmount(self) -> None:
        """Nothing of it outlives the screen, however that ends."""
        self.load_text("")
