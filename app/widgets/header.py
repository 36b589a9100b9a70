"""The line on top of every mode: tabs with the modes, then the account and how old its data is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from textual import events

from app.text import plain
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

BADGES = {  # state -> (glyph, words beside the time, style)
    "connected": ("●", "", "$completed"),
    "trouble": ("!", "", "bold $warn"),
    "no database": ("✗", "no database", "bold $never"),
    "read-only": ("◌", "read-only", "$completed"),
    "not syncing": ("○", "not syncing", "$warn"),
    "not connected": ("○", "not connected", "$muted"),
    "disconnected": ("✗", "disconnected", "$never"),
}
WIDE = 78  # cells inside a terminal of 80 columns
LEAST_NAME = 9  # cells of an account's name, or none


class Tab(NamedTuple):
    """A tab of the header: a mode with its key."""

    mode: str
    key: str
    name: str


@dataclass(frozen=True)
class HeaderState:
    """Everything that the header shows. ``account`` is foreign text. ``tab`` is the current
    mode."""

    badge: str = "not connected"
    account: str = ""
    mode: str = ""  # "live", "test" or ""
    demo: bool = False
    participants: int | None = None
    as_of: str = ""
    masking: bool = False
    tabs: tuple[Tab, ...] = ()
    tab: str = ""


@dataclass(frozen=True)
class _Room:
    """What is shown. The header gives up one after another of these."""

    brand: str = "◆ Panelist"
    people: bool = True
    state: bool = True  # the words of the state, beside its glyph
    names: bool = True  # of the tabs that are not current
    demo: bool = True
    account: bool = True
    time: bool = True


class HeaderLine(StateWidget[HeaderState]):
    """One line that drops its least important words first when the terminal is narrow. A click on
    a tab goes to its mode."""

    DEFAULT_CSS = "HeaderLine { dock: top; height: 1; background: $panel; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__(HeaderState())
        self._tabs_at: list[tuple[str, int, int]] = []

    def draw(self, state: HeaderState, width: int) -> list[Content]:
        name = words((plain(state.account), "bold"))
        for room in _rooms(width):
            left, right = self._left(state, room), _right(state, room)
            free = width - left.cell_length - right.cell_length - 1
            shown = words()
            if room.account and state.account:
                if free < min(LEAST_NAME, name.cell_length) + 2:
                    continue
                shown = words(name.truncate(free - 2, ellipsis=True), " ")
            if free >= shown.cell_length:
                return [words(left, " " * (free - shown.cell_length + 1), shown, right)]
        return [words(left, " ", right)]

    def _left(self, state: HeaderState, room: _Room) -> Content:
        parts = [words((f"{room.brand} ", "bold $primary"))] if room.brand else []
        at = len(room.brand) + 1 if room.brand else 0
        self._tabs_at = []
        for tab in state.tabs:
            current = tab.mode == state.tab
            text = f" {tab.key} {tab.name} " if room.names or current else f" {tab.key} "
            style = "bold reverse $primary" if current else ""
            drawn = words((text, style))
            if not current:
                drawn = words((f" {tab.key}", "bold $primary"), text.removeprefix(f" {tab.key}"))
            parts.append(drawn)
            self._tabs_at.append((tab.mode, at, at + len(text)))
            at += len(text)
        return words(*parts)

    def on_click(self, event: events.Click) -> None:
        for mode, begin, end in self._tabs_at:
            if begin <= event.x - 1 < end:  # one cell of padding
                self.app.call_later(self.app.run_action, f"app.go({mode!r})")


def _rooms(width: int) -> Iterator[_Room]:
    """What may be shown, the most first. With 80 columns all tabs keep their names."""
    room = _Room()
    yield room
    last: list[dict[str, Any]] = [{"account": False}, {"names": False}]
    if width < WIDE:
        last.reverse()
    changes: tuple[dict[str, Any], ...] = (
        {"people": False}, {"brand": "◆"}, {"state": False}, {"demo": False},
        {"brand": ""}, *last, {"time": False},
    )  # fmt: skip
    for change in changes:
        room = replace(room, **change)
        yield room


def _right(state: HeaderState, room: _Room) -> Content:
    parts: list[Content] = []
    if state.mode == "live":
        parts.append(words((" LIVE ", "bold reverse $never")))
    elif state.mode:
        parts.append(words((state.mode.upper(), "bold")))
    if state.demo and room.demo:
        parts.append(words(("DEMO", "bold")))
    if state.masking:
        parts.append(words(("MASKED", "bold reverse")))
    if state.participants is not None and room.people:
        parts.append(words(f"{state.participants:,} participants"))
    glyph, said, style = BADGES[state.badge]
    about = [said] if said and room.state else []
    about += [state.as_of] if state.as_of and room.time else []
    parts.append(words((glyph, style), f" {' '.join(about)}" if about else ""))
    return words(" ").join(parts)
