"""The time since an account's first customer as one strip, which a first sync fills.

It promises no total: a part that was not fetched yet is dotted, and a part that was is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.panel.labels import day
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

DAY = 86_400
BLOCKS = " ▁▂▃▄▅▆▇█"
LEAST_WIDTH, LEAST_DAYS = 20, 2


@dataclass(frozen=True)
class StripState:
    """``days``: (day since 1970, number created), the oldest first. ``missing``: (first, last) days
    that were not all fetched. ``height`` in lines, without the axis."""

    days: tuple[tuple[int, int], ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    today: int = 0
    height: int = 6


class CreationStrip(StateWidget[StripState]):
    """Bars from the oldest day to today: as high as many participants were created then."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(StripState(), id=id)

    def draw(self, state: StripState, width: int) -> list[Content]:
        if not state.days or width < LEAST_WIDTH:
            return []
        first = min(state.days[0][0], state.today - LEAST_DAYS)
        span = max(LEAST_DAYS, state.today - first + 1)
        bars = _bars(state, first, span, width)
        dotted = _dotted(state.missing, first, span, width)
        most = max(bars) or 1
        # A day with one participant is seen beside a day with a million.
        eighths = [-(-number * state.height * 8 // most) for number in bars]
        lines = [
            _line(eighths, dotted, row, state.height) for row in range(state.height - 1, -1, -1)
        ]
        oldest, newest = day(first * DAY), "today"
        gap = " " * max(1, width - len(oldest) - len(newest))
        return [*lines, words(("─" * width, "$line")), words((f"{oldest}{gap}{newest}", "$muted"))]


def _bars(state: StripState, first: int, span: int, width: int) -> list[int]:
    bars = [0] * width
    for one, number in state.days:
        bars[min(width - 1, max(0, (one - first) * width // span))] += number
    return bars


def _dotted(missing: Sequence[tuple[int, int]], first: int, span: int, width: int) -> list[bool]:
    """For each column whether something of it was not fetched yet."""
    dotted = [False] * width
    for low, high in missing:
        if high < first:
            continue
        begin = max(0, (max(low, first) - first) * width // span)
        end = min(width - 1, (high - first) * width // span)
        dotted[begin : end + 1] = [True] * max(0, end + 1 - begin)
    return dotted


def _line(eighths: Sequence[int], dotted: Sequence[bool], row: int, height: int) -> Content:
    """One line of the strip; row 0 is the lowest."""
    parts: list[tuple[str, str]] = []
    for column, level in enumerate(eighths):
        block = BLOCKS[min(8, max(0, level - row * 8))]
        if block == " " and dotted[column] and (row + column) % 2 == 0:
            part = ("·", "$line")
        else:
            part = (block, "$primary")
        if parts and parts[-1][1] == part[1]:
            parts[-1] = (parts[-1][0] + part[0], part[1])
        else:
            parts.append(part)
    return words(*parts)
