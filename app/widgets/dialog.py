"""Dialogs: a question that no stray or held key can answer, and the help."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from app.widgets.content import Content, para

DEAF = 0.3  # seconds in which the keys still belong to whatever was there before
HELD = 1.0  # seconds without the same key after which it was let go: repeats begin before

Result = TypeVar("Result")


class DecisionDialog(ModalScreen[Result]):
    """A dialog in which a key decides something, so it takes only keys that are meant for it.

    The app asks :meth:`refuses` before it hands on a key. A terminal does not tell when a key is
    let go: the one that was pressed last before the dialog counts as held until it pauses.
    """

    def __init__(self) -> None:
        super().__init__()
        self.opened = time.monotonic()
        self._held: str | None = None  # None until the first key

    @property
    def deaf(self) -> bool:
        """Too young to be answered."""
        return time.monotonic() - self.opened < DEAF

    def refuses(self, key: str, before: str, pause: float) -> bool:
        """Whether a key belongs to what was there before. ``before``: the key before it, and
        ``pause`` seconds ago."""
        if self._held is None:
            self._held = before
        if self.deaf:
            self._held = key
        elif key != self._held or pause >= HELD:
            self._held = ""
        return bool(self._held)


class QuestionDialog(DecisionDialog[bool]):
    """Asks one thing. Cancel has the focus, ``y`` is the only key that says yes."""

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


class HelpDialog(ModalScreen[None]):
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
