"""A field of a form that takes one of a few values. Its list opens in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from app.keys.dialogs import SELECT
from app.widgets.bindings import bindings
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget


@dataclass(frozen=True)
class SelectState:
    """``choices``: (value, label). ``chosen`` and ``at`` are indexes of the value and of the
    current row of the open list."""

    choices: tuple[tuple[str, str], ...]
    chosen: int = 0
    at: int = 0
    open: bool = False
    focused: bool = False


class SelectField(StateWidget[SelectState], can_focus=True):
    """Shows the chosen value. Enter or space opens the list, and takes its current row."""

    DEFAULT_CSS = """
    SelectField { width: auto; min-width: 24; max-width: 100%; background: $background;
        border-left: outer $line; padding: 0 1; }
    SelectField:focus { border-left: outer $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(SELECT)
    help_text = "Enter or Space opens the choices. Up and Down move, and Enter chooses."

    class Changed(Message):
        """A person chose another value."""

        def __init__(self, field: SelectField, value: str) -> None:
            super().__init__()
            self.field, self.value = field, value

        @property
        def control(self) -> SelectField:
            """The field, for the selector of a handler."""
            return self.field

    def __init__(
        self,
        choices: Sequence[tuple[str, str]],
        value: str,
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        chosen = next((at for at, (key, _) in enumerate(choices) if key == value), 0)
        super().__init__(SelectState(tuple(choices), chosen), id=id)
        self.styles.width = max(len(label) for _, label in choices) + 7

    @property
    def value(self) -> str:
        """The chosen value."""
        return self.state.choices[self.state.chosen][0]

    @value.setter
    def value(self, value: str) -> None:
        """Choose a value without a message."""
        keys = [key for key, _ in self.state.choices]
        if value in keys:
            self.show(replace(self.state, chosen=keys.index(value), open=False))

    def draw(self, state: SelectState, width: int) -> list[Content]:
        label = state.choices[state.chosen][1]
        style = "bold" if state.focused else ""
        room = max(1, width - 2)
        named = words((label, style)).truncate(room, ellipsis=True, pad=True)
        lines = [words(named, (" ▾" if not state.open else " ▴", "$primary"))]
        for at, (_, name) in enumerate(state.choices if state.open else ()):
            mark = ("▸ ", "bold $primary") if at == state.at else "  "
            lines.append(words(mark, (name, "bold" if at == state.at else "")))
        return lines

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.show(replace(self.state, focused=has_focus, open=self.state.open and has_focus))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key works: those of the list only while it is open."""
        return self.state.open or action not in ("move", "close")

    def action_open(self) -> None:
        """Open the list, or take its current row."""
        state = self.state
        if not state.open:
            self.show(replace(state, open=True, at=state.chosen))
        else:
            self._choose(state.at)

    def action_move(self, by: int) -> None:
        to = max(0, min(self.state.at + by, len(self.state.choices) - 1))
        self.show(replace(self.state, at=to))

    def action_close(self) -> None:
        """Close the list, and keep the value."""
        self.show(replace(self.state, open=False))

    def _choose(self, at: int) -> None:
        changed = at != self.state.chosen
        self.show(replace(self.state, chosen=at, open=False))
        if changed:
            self.post_message(self.Changed(self, self.value))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self.state.open and offset.y:
            self._choose(min(offset.y - 1, len(self.state.choices) - 1))
        else:
            self.action_open() if not self.state.open else self.action_close()
