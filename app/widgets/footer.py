"""The line of keys at the bottom: the keys that work in this state.

Textual's Footer remounts a widget for each key whenever the focus moves, which takes longer
than the move. This one draws a line, and only when it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from textual import events

from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

GAP = 2  # cells between two keys; 1 if that lets all of them fit


@dataclass(frozen=True)
class FooterHints:
    """What a screen knows about its keys in its state now. ``first``: the ids of the actions to
    begin with, which are urgent. ``names``: what actions are called now. ``without``: the ids of
    actions that would do nothing."""

    first: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FooterKey:
    """A key that works now: its name, its label and what it does."""

    key: str
    shown: str
    does: str
    stays: bool = False  # it is at the end, and never cut
    urgent: bool = False

    @property
    def width(self) -> int:
        return len(self.shown) + len(self.does) + 1


class KeyFooter(StateWidget[tuple[FooterKey, ...]]):
    """The keys that work now. A click on one presses it."""

    DEFAULT_CSS = "KeyFooter { dock: bottom; height: 1; background: $panel; padding: 0 1; }"

    def __init__(self, fixed: tuple[FooterKey, ...] = ()) -> None:
        """``fixed``: the keys of a screen whose bindings have no ids, as Textual's own."""
        super().__init__(fixed)
        self._fixed, self._hints = bool(fixed), FooterHints()

    def on_mount(self) -> None:
        self.watch(self.screen, "focused", self._read_bindings)
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._read_bindings())

    def hint(self, hints: FooterHints) -> None:
        """Tell what the keys do in the state of the screen."""
        if hints != self._hints:
            self._hints = hints
            self._read_bindings()

    def _read_bindings(self) -> None:
        if self._fixed or not self.screen.is_current:
            return
        hints, found = self._hints, dict[str, FooterKey]()
        for key, active in self.screen.active_bindings.items():
            binding, name = active.binding, active.binding.id or ""
            if name in found or name in hints.without:
                continue
            if name and (binding.show or name in hints.names):
                shown = self.app.get_key_display(binding)
                does = hints.names.get(name, binding.description)
                stays = name.endswith((".help", ".back"))
                found[name] = FooterKey(key, shown, does, stays, name in hints.first)
        urgent = [found[name] for name in hints.first if name in found]
        others = [one for one in found.values() if not one.urgent]
        stay = sorted((one for one in others if one.stays), key=lambda one: one.key != "escape")
        self.show((*urgent, *(one for one in others if not one.stays), *stay))

    def draw(self, state: tuple[FooterKey, ...], width: int) -> list[Content]:
        kept, gap = _fitting(state, width)
        parts = [
            words((one.shown, "bold $primary" + " reverse" * one.urgent), f" {one.does}")
            for one in kept
        ]
        return [words(" " * gap).join(parts)]

    def on_click(self, event: events.Click) -> None:
        for one, (begin, end) in self._places():
            if begin <= event.x - 1 < end:  # one cell of padding
                self.app.simulate_key(one.key)

    def _places(self) -> list[tuple[FooterKey, tuple[int, int]]]:
        kept, gap = _fitting(self.state, self.content_size.width)
        places, at = [], 0
        for one in kept:
            places.append((one, (at, at + one.width)))
            at += one.width + gap
        return places


def _fitting(keys: tuple[FooterKey, ...], width: int) -> tuple[tuple[FooterKey, ...], int]:
    """The keys that fit, and the number of cells between two of them. What does not fit goes from
    the end, whole, but for the keys that stay."""
    kept = list(keys)
    leaving = [one for one in keys if not one.stays]
    while leaving and _gap(kept, width) is None:
        kept.remove(leaving.pop())
    return tuple(kept), _gap(kept, width) or 1


def _gap(keys: list[FooterKey], width: int) -> int | None:
    for gap in (GAP, 1):
        if sum(one.width + gap for one in keys) - gap <= width:
            return gap
    return None
