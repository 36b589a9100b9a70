"""Dialogs: what all of them share, and a question that no stray or held key answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from app.keys.dialogs import DIALOG, QUESTION
from app.widgets.bindings import bindings
from app.widgets.content import Content, para
from app.widgets.footer import FooterHints, KeyFooter

DEAF = 0.3  # seconds in which keys still belong to the screen below
HELD = 1.0  # seconds after which a key was released: a held key repeats sooner

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """A dialog over a screen, with its own keys in the footer and in the help."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(DIALOG)
    help_text = ""
    NAMES: ClassVar[Mapping[str, str]] = {}  # what keys are called here, by the ids of actions

    def _on_mount(self, event: events.Mount) -> None:
        self.app.clear_notifications()  # what was told about the screen below covers nothing here
        footer = KeyFooter()  # subclasses compose the rest
        self.mount(footer)
        footer.call_after_refresh(footer.hint, FooterHints(names=self.NAMES))


class DecisionDialog(Dialog[Result]):
    """A dialog in which a key decides something, so it accepts only keys that are meant for it.

    The app calls :meth:`refuses` before it passes a key on. A terminal does not say when a key
    is released. So the last key before the dialog counts as held until it pauses.
    """

    def __init__(self) -> None:
        super().__init__()
        self.opened = time.monotonic()
        self._held: str | None = None  # None until the first key

    @property
    def deaf(self) -> bool:
        """Whether the dialog is too new to accept an answer."""
        return time.monotonic() - self.opened < DEAF

    def refuses(self, key: str, before: str, pause: float) -> bool:
        """Whether a key belongs to the screen below. ``before`` is the key before it, and
        ``pause`` the seconds between the two."""
        if self._held is None:
            self._held = before
        if self.deaf:
            self._held = key
        elif key != self._held or pause >= HELD:
            self._held = ""
        return bool(self._held)


class QuestionDialog(DecisionDialog[bool]):
    """Asks one question. Cancel has the focus, and only ``y`` says yes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(QUESTION)
    help_text = "Press y to confirm. Press n or Escape to cancel."

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
