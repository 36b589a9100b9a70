"""The dialog that asks why, before something is done that needs a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Input, Static

from app.keys.dialogs import REASON
from app.widgets.bindings import bindings
from app.widgets.content import Content, para
from app.widgets.dialog import DecisionDialog
from app.widgets.inputs import TextField


class ReasonDialog(DecisionDialog["str | None"]):
    """Asks for a reason. Returns it, or None if the person cancels."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(REASON)
    help_text = "Type the reason and press Enter. The ledger keeps it. Escape changes nothing."

    def __init__(self, lines: Sequence[Content], yes: str) -> None:
        super().__init__()
        self._lines, self._yes = lines, yes

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(para(self._lines), id="question")
            yield TextField("The reason. The ledger keeps it", id="reason", longest=300)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(f"{self._yes} (Enter)", id="yes", variant="error")

    def on_mount(self) -> None:
        self.query_one(TextField).focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._answer()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "yes":
            self._answer()
        else:
            self.action_cancel()

    def _answer(self) -> None:
        reason = self.query_one(TextField).value.strip()
        if reason and not self.deaf and self.is_current:
            self.dismiss(reason)

    def action_cancel(self) -> None:
        """Do nothing."""
        if self.is_current:
            self.dismiss(None)
