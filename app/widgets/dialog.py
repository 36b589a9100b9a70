"""Dialogs: a question that no stray Enter can answer, and the help."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from app.widgets.words import Content, para

DEAF = 0.3  # seconds in which the keys still belong to whatever was there before


class Question(ModalScreen[bool]):
    """Asks one thing. Cancel has the focus, ``y`` is the only key that says yes.

    The app drops every key while :attr:`deaf`, so that a repeated key answers nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="question.yes", tooltip="Do it"),
        Binding("n", "answer(False)", "No", id="question.no", tooltip="Do nothing"),
        Binding("escape", "answer(False)", "Cancel", id="question.cancel", tooltip="Do nothing"),
        Binding(
            "left,right",
            "app.focus_next",
            "Other button",
            id="question.other",
            show=False,
            tooltip="Move between the buttons",
        ),
    ]
    help_text = "y does it, escape or Enter on Cancel does nothing."

    def __init__(self, lines: Sequence[Content], yes: str) -> None:
        super().__init__()
        self._lines = lines
        self._yes = yes
        self.opened = time.monotonic()

    @property
    def deaf(self) -> bool:
        """Too young to be answered: the key was meant for what was there before."""
        return time.monotonic() - self.opened < DEAF

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(para(self._lines), id="question")
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(f"{self._yes} (y)", id="yes", variant="error")

    def on_mount(self) -> None:
        self.query_one("#cancel").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_answer(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        if not self.deaf and self.is_current:
            self.dismiss(yes)


class Help(ModalScreen[None]):
    """What the focused thing is, and every key that does something there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,question_mark,q", "close", "Close", id="help.close", tooltip="Close the help"
        ),
    ]
    help_text = "Any of escape, ? and q closes the help."

    def __init__(self, lines: Sequence[Content]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog"):
            yield Static(para(self._lines))

    def on_mount(self) -> None:
        self.query_one("#dialog").focus()

    def action_close(self) -> None:
        if self.is_current:
            self.dismiss()
