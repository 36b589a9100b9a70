"""The line of keys at the bottom.

Textual's Footer remounts a widget for each key whenever the focus moves, which takes longer
than the move. This one draws a line, and only when it changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import events

from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

STAY = ("question_mark", "q")
PALETTE = ("ctrl+p", "^p", "Palette")


@dataclass(frozen=True)
class FooterKey:
    """A key that works now: its name, its label and what it does."""

    key: str
    shown: str
    does: str

    @property
    def width(self) -> int:
        return len(self.shown) + len(self.does) + 1


class KeyFooter(StateWidget[tuple[FooterKey, ...]]):
    """The keys that work now. A click on one presses it."""

    DEFAULT_CSS = "KeyFooter { dock: bottom; height: 1; background: $panel; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__(())

    def on_mount(self) -> None:
        self.watch(self.screen, "focused", self._read_bindings)
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._read_bindings())

    def _read_bindings(self) -> None:
        screen, found = self.screen, []
        if screen.is_current:
            for key, active in screen.active_bindings.items():
                binding = active.binding
                if binding.show and binding.id:
                    shown = self.app.get_key_display(binding)
                    found.append(FooterKey(key, shown, binding.description))
            self.show((*found, FooterKey(*PALETTE)))

    def draw(self, state: tuple[FooterKey, ...], width: int) -> list[Content]:
        kept, gap = _fitting(state, width)
        parts = [words((one.shown, "bold $primary"), f" {one.does}") for one in kept]
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
    """The keys that fit, and the number of cells between two of them.

    If not all fit, the keys of the modes go first, because they are the same everywhere. Then
    the palette and the screen's own keys go. Help, which lists all keys, and quit always stay.
    """
    kept = list(keys)
    leaving = [one for one in keys if one.key not in STAY and not one.key.isdigit()]
    leaving += [one for one in keys if one.key.isdigit()]
    while leaving and _gap(kept, width) is None:
        kept.remove(leaving.pop())
    return tuple(kept), _gap(kept, width) or 1


def _gap(keys: list[FooterKey], width: int) -> int | None:
    for gap in (2, 1):
        if sum(one.width + gap for one in keys) - gap <= width:
            return gap
    return None
