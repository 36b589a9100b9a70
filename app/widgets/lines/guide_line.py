"""One line above the footer that says what to press next."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

KEY = re.compile(r"`([^`]*)`")


@dataclass(frozen=True)
class GuideState:
    """``step`` is as in "2/5", or what the line is. In ``text``, keys stand between backticks.
    ``leave`` is how to close the line, and is left out where there is no room."""

    step: str = ""
    text: str = ""
    leave: str = ""


class GuideLine(StateWidget[GuideState]):
    """It takes a line of its own, so that it covers nothing. Without a text it is not there."""

    DEFAULT_CSS = """
    GuideLine {
        dock: bottom; height: 1; margin: 0 0 1 0; padding: 0 1; display: none;
        background: $surface;
    }
    """

    def __init__(self) -> None:
        super().__init__(GuideState())

    def show(self, state: GuideState) -> None:
        self.display = bool(state.text)
        super().show(state)

    def draw(self, state: GuideState, width: int) -> list[Content]:
        left = words((f"{state.step}  ", "bold $primary"), *_parts(state.text))
        right = words(*_parts(state.leave, "$muted"))
        gap = width - left.cell_length - right.cell_length
        if not state.leave or gap < 2:
            return [left]
        return [words(left, " " * gap, right)]


def _parts(text: str, style: str = "") -> list[tuple[str, str]]:
    """The text, with its keys in bold."""
    return [
        (part, "bold $primary" if place % 2 else style)
        for place, part in enumerate(KEY.split(text))
        if part
    ]
