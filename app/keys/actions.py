"""Every action with a key, by the place where the key works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from app.keys.verbs import VERBS

Kind = Literal["app", "mode", "screen", "dialog", "list", "field"]


@dataclass(frozen=True)
class Action:
    """One action. ``does`` is what Textual runs, ``about`` one sentence. ``shown``: it may be in
    the footer. ``first``: its key works before those of the focused field."""

    id: str
    does: str
    key: str
    name: str
    about: str
    shown: bool = True
    first: bool = False

    @property
    def verb(self) -> str:
        return self.id.rpartition(".")[2]


@dataclass(frozen=True)
class KeyContext:
    """A screen, a dialog or a kind of widget, with its actions in the order of the footer. A screen
    that lies over a mode is opened by the action ``opener``."""

    id: str
    name: str
    kind: Kind
    actions: tuple[Action, ...]
    opener: str = ""


def place(kind: Kind, key: str, name: str, *rows: Row, opener: str = "") -> KeyContext:
    """A context from its rows."""
    return KeyContext(key, name, kind, tuple(row.action(key) for row in rows), opener)


@dataclass(frozen=True)
class Row:
    """An action without its place. ``does`` is the verb and ``name`` its label, if they are not
    given."""

    verb: str
    about: str
    does: str = ""
    name: str = ""
    shown: bool = True
    first: bool = False

    def action(self, key: str) -> Action:
        verb = VERBS[self.verb]
        does, name = self.does or self.verb, self.name or verb.label
        return Action(
            f"{key}.{self.verb}", does, verb.key, name, self.about, self.shown, self.first
        )


def actions(places: Iterable[KeyContext]) -> Iterator[Action]:
    """The actions of these places."""
    for one in places:
        yield from one.actions
