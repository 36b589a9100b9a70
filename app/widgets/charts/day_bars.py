"""What was added and what went on each of the last days, as bars up and bars down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

BLOCKS = " ▁▂▃▄▅▆▇█"
LEAST_WIDTH, LEAST_HEIGHT = 24, 5
EIGHTHS = 8


@dataclass(frozen=True)
class DayBarsState:
    """``days``: (the first second of a day in UTC, number added, number gone), today last.
    ``height`` in lines, with the axis and the dates."""

    days: tuple[tuple[int, int, int], ...] = ()
    height: int = 9


class DayBars(StateWidget[DayBarsState]):
    """The last days that fit, one column each."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(DayBarsState(), id=id)

    def shown(self, width: int) -> int:
        """How many days fit into a width."""
        return max(0, min(len(self.state.days), width - _gutter(self.state.days)))

    def draw(self, state: DayBarsState, width: int) -> list[Content]:
        if not state.days or width < LEAST_WIDTH or state.height < LEAST_HEIGHT:
            return []
        gutter = _gutter(state.days)
        days = state.days[-(width - gutter) :]
        ups, downs = [one[1] for one in days], [one[2] for one in days]
        above, below = _rows(max(ups), max(downs), state.height - 2)
        label = f"{{:>{gutter - 1}}} "
        lines = []
        for row in range(above - 1, -1, -1):
            said = f"+{max(ups):,}" if row == above - 1 and any(ups) else ""
            bars = (_up(ups, row, above), "$completed")
            lines.append(words((label.format(said), "$muted"), bars))
        lines.append(words((label.format("0"), "$muted"), ("─" * len(days), "$line")))
        for row in range(below):
            said = f"−{max(downs):,}" if row == below - 1 and any(downs) else ""
            lines.append(words((label.format(said), "$muted"), _down(downs, row, below)))
        return [*lines, words((" " * gutter + _dates(days), "$muted"))]


def _gutter(days: Sequence[tuple[int, int, int]]) -> int:
    most = max((max(up, down) for _, up, down in days), default=0)
    return len(f"{most:,}") + 2


def _rows(up: int, down: int, room: int) -> tuple[int, int]:
    """How many lines the bars up and the bars down get: in proportion, but one at least."""
    below = round(room * down / (up + down)) if up + down else room // 3
    below = max(1, min(below, room - 1))
    return room - below, below


def _level(number: int, most: int, row: int, rows: int) -> int:
    """The eighths of a bar in one line. A bar of one is always seen."""
    return max(0, min(EIGHTHS, -(-number * rows * EIGHTHS // most) - row * EIGHTHS)) if most else 0


def _up(numbers: Sequence[int], row: int, rows: int) -> str:
    most = max(numbers)
    return "".join(BLOCKS[_level(one, most, row, rows)] for one in numbers)


def _down(numbers: Sequence[int], row: int, rows: int) -> Content:
    """Bars that hang from the axis: blocks in reverse, because none fill only the upper part."""
    most = max(numbers)
    parts: list[tuple[str, str]] = []
    for one in numbers:
        level = _level(one, most, row, rows)
        full = level in (0, EIGHTHS)
        sign, style = (
            BLOCKS[level if full else EIGHTHS - level],
            "$never" if full else "$never reverse",
        )
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + sign, style)
        else:
            parts.append((sign, style))
    return words(*parts)


def _dates(days: Sequence[tuple[int, int, int]]) -> str:
    """The first day, the first of each month while there is room, and today."""
    line = [" "] * len(days)
    last = len(days) - len("today")
    for index, (at, _, _) in enumerate(days):
        moment = datetime.fromtimestamp(at, UTC)
        text = f"{moment.day} {moment:%b}"
        free = index + len(text) < last and not "".join(line[max(0, index - 2) : index + 1]).strip()
        if (index == 0 or moment.day == 1) and free:
            line[index : index + len(text)] = text
    line[last:] = "today"
    return "".join(line)
