"""A field of a form that is on or off."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.binding import BindingType
from textual.message import Message

from app.keys.dialogs import TOGGLE
from app.widgets.bindings import bindings
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget


class ToggleState(NamedTuple):
    """The toggle's value, the effect of turning it on, and whether it has the focus."""

    on: bool
    does: str
    focused: bool = False


class ToggleField(StateWidget[ToggleState], can_focus=True):
    """Shows whether something is on. Enter or space changes it."""

    DEFAULT_CSS = """
    ToggleField { width: 1fr; border-left: blank; padding: 0 1; }
    ToggleField:focus { border-left: outer $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(TOGGLE)
    help_text = "Enter or Space switches it on or off."

    class Changed(Message):
        """A person switched it."""

    def __init__(self, does: str, on: bool = False, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(ToggleState(on, does), id=id)

    @property
    def value(self) -> bool:
        """Whether it is on."""
        return self.state.on

    def draw(self, state: ToggleState, width: int) -> list[Content]:
        style = "bold" if state.focused else ""
        if state.on:
            return [words(("━━● ", "$primary"), ("on ", "bold"), ("  " + state.does, style))]
        return [words(("●━━ ", "$line"), ("off", "$muted"), ("  " + state.does, style))]

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.show(self.state._replace(focused=has_focus))

    def action_switch(self) -> None:
        """Switch it."""
        self.show(self.state._replace(on=not self.state.on))
        self.post_message(self.Changed())

    def on_click(self) -> None:
        self.action_switch()
