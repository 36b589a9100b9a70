"""The line on top of every mode: the account, its mode, its participants and their age."""

from __future__ import annotations

from dataclasses import dataclass

from app.text import plain
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

BADGES = {  # word -> (glyph, style); the word alone says everything
    "connected": ("●", "$completed"),
    "trouble": ("▲", "$warn"),
    "looking on": ("◌", "$completed"),
    "not syncing": ("○", "$warn"),
    "not connected": ("○", "$muted"),
    "disconnected": ("✗", "$never"),
}
LEAST_NAME = 12


@dataclass(frozen=True)
class HeaderState:
    """Everything that the header shows. ``account`` is foreign text."""

    badge: str = "not connected"
    account: str = ""
    mode: str = ""  # "live", "test" or ""
    demo: bool = False
    participants: int | None = None
    as_of: str = ""
    masking: bool = False


class HeaderLine(StateWidget[HeaderState]):
    """One line that drops its least important words first when the terminal is narrow."""

    DEFAULT_CSS = "HeaderLine { dock: top; height: 1; background: $panel; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__(HeaderState())

    def draw(self, state: HeaderState, width: int) -> list[Content]:
        for brevity in range(4):
            line = self._line(state, width, brevity)
            if line is not None:
                return [line]
        return [self._line(state, width, 4) or words()]

    def _line(self, state: HeaderState, width: int, brevity: int) -> Content | None:
        """The line at one brevity, or None when the account's name has too little room."""
        glyph, style = BADGES[state.badge]
        left = [words((glyph, style), (f" {state.badge}", "bold"))]
        if brevity < 1:
            left.insert(0, words(("Panelist", "bold $primary")))
        right = []
        if state.mode == "live":
            right.append(words((" LIVE ", "bold reverse $never")))
        elif state.mode:
            right.append(words((state.mode.upper(), "bold")))
        if state.demo:
            right.append(words(("DEMO", "bold")))
        if state.participants is not None:
            unit = " participants" if brevity < 3 else ""
            right.append(words(f"{state.participants:,}{unit}"))
        if state.as_of and brevity < 4:
            right.append(words((("as of " if brevity < 2 else "") + state.as_of, "$muted")))
        if state.masking:
            right.append(words(("MASKED", "bold reverse")))
        name = plain(state.account)
        taken = sum(part.cell_length + 2 for part in (*left, *right))
        room = width - taken
        whole = words((name, "bold"))
        if name and room < min(LEAST_NAME, whole.cell_length) and brevity < 4:
            return None
        if not name and room < -2 and brevity < 4:
            return None
        middle = [whole.truncate(room, ellipsis=True)] if name and room > 1 else []
        return words("  ").join([*left, *middle, *right])
