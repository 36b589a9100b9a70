"""The help: what the focused thing is, and every action that works there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, BindingType
from textual.containers import Vertical
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, Static

from app.keys.dialogs import HELP
from app.keys.keymap_file import ACTIONS
from app.text import fold
from app.widgets.bindings import bindings
from app.widgets.content import para, words
from app.widgets.dialog import Dialog
from app.widgets.inputs import TextField
from app.widgets.lines.text_line import TextLine
from app.widgets.table.table import Cell, Column, Table

COLUMNS = (Column("Key", 9), Column("Action", 20), Column("What it does", 20, grow=1))
EVERYWHERE = ("app.", "dialog.")  # where the ids begin of what works everywhere
TEXTS = 2  # of the focused thing and of what it is in


@dataclass(frozen=True)
class HelpEntry:
    """One action that works now: its keys, its name, a sentence, and what runs it."""

    keys: str
    name: str
    about: str
    action: str
    node: DOMNode

    @property
    def found_by(self) -> str:
        return fold(f"{self.name} {self.about} {self.keys}")


def help_texts(screen: Screen[object]) -> list[str]:
    """The help texts of the focused widget and of what it is in."""
    focused, found = screen.focused, list[str]()
    for node in focused.ancestors_with_self if focused is not None else [screen]:
        text = getattr(node, "help_text", "")
        if text and text not in found:
            found.append(text)
    return found[:TEXTS]


def help_entries(screen: Screen[object]) -> list[HelpEntry]:
    """Every action that works now: first those of the screen, then those of the focused
    widget, then those that work everywhere."""
    found: dict[str, list[ActiveBinding]] = {}
    for active in screen.active_bindings.values():
        name = active.binding.id or ""
        if name in ACTIONS:
            found.setdefault(name, []).append(active)
    places = {name: at for at, name in enumerate(ACTIONS)}

    def turn(name: str) -> tuple[int, int]:
        if name.startswith(EVERYWHERE):
            return 2, places[name]
        return int(found[name][0].node is not screen), places[name]

    return [_entry(found[name], screen) for name in sorted(found, key=turn)]


def _entry(some: Sequence[ActiveBinding], screen: Screen[object]) -> HelpEntry:
    binding = some[0].binding
    keys = " ".join(screen.app.get_key_display(one.binding) for one in some)
    return HelpEntry(keys, binding.description, binding.tooltip, binding.action, some[0].node)


class _Entries:
    """The entries as the rows of a table. Their keys are their places among all entries."""

    def __init__(self, entries: Sequence[tuple[int, HelpEntry]]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, index: int) -> int:
        return self._entries[index][0]

    def index(self, key: int, near: int) -> int | None:
        return next((at for at, (one, _) in enumerate(self._entries) if one == key), None)

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        return [
            (Cell(one.keys, "bold $primary"), Cell(one.name, "bold"), Cell(one.about))
            for _, one in self._entries[start:stop]
        ]


class HelpField(TextField):
    """The field that narrows the list. Up and down move in the list."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(HELP)
    help_text = "Type part of a name, key or description."

    async def _on_key(self, event: events.Key) -> None:
        moves = {"down": 1, "up": -1, "pagedown": 10, "pageup": -10}
        if event.key in moves:
            event.stop()
            event.prevent_default()
            self.screen.query_one(Table).action_move(moves[event.key])
        else:
            await super()._on_key(event)


class HelpDialog(Dialog[HelpEntry | None]):
    """Lists every action that works now. Returns the one that a person runs, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(HELP)
    help_text = "Type to find an action. Enter runs the current one."

    def __init__(self, texts: Sequence[str], entries: Sequence[HelpEntry]) -> None:
        super().__init__()
        self._texts, self._entries = texts, list(entries)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="help"):
            yield Static(para([words(text) for text in self._texts]), id="help-texts")
            yield HelpField("Find an action", id="help-find")
            yield Table(COLUMNS, "Every action.", empty="No action found.", id="help-list")
            yield TextLine(id="help-about")

    def on_mount(self) -> None:
        self.query_one("#help-texts").display = bool(self._texts)
        self._fill("")
        self.query_one(HelpField).focus()

    def _fill(self, text: str) -> None:
        parts = fold(text).split()
        found = [
            (at, one)
            for at, one in enumerate(self._entries)
            if all(part in one.found_by for part in parts)
        ]
        self.query_one(Table).show(_Entries(found), reset=True)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value)

    @on(Table.CursorMoved)
    def _moved(self, message: Table.CursorMoved) -> None:
        message.stop()
        about = "" if message.key is None else self._entries[message.key].about
        self.query_one("#help-about", TextLine).show(words(about))

    @on(Input.Submitted)
    @on(Table.RowChosen)
    def _chosen(self, message: Input.Submitted | Table.RowChosen) -> None:
        message.stop()
        self.action_run()

    def action_run(self) -> None:
        """Close the help, and run the current action."""
        current = self.query_one(Table).current
        if current is not None and self.is_current:
            self.dismiss(self._entries[current])

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
