"""A number over days as steps, with an axis, marks, and a cursor that walks the days."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import floor, log10
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from app.keys.dialogs import CHART
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

LEAST_WIDTH, LEAST_HEIGHT = 24, 4
TICKS = 6  # at most
TICK_GAP = 2  # lines between two ticks at least
GAP = 2  # cells between two labels of the axis at least
MONTH, MONTH_LABEL = 30.4, 11  # days of a month, and cells for its label and the gap
TURNS = {True: ("┛", "┏"), False: ("┓", "┗")}  # up or down -> where a step leaves and arrives
LABEL = 16  # cells of a mark's name


@dataclass(frozen=True)
class Scale:
    """What the lines of a chart stand for. ``unit`` is the difference between ``each`` lines, and
    ``step`` between two ticks."""

    low: int
    high: int
    unit: int
    each: int
    step: int

    @property
    def rows(self) -> int:
        return self.each * (self.high - self.low) // self.unit + 1

    def row(self, size: int) -> int:
        """The line of a number, from the top."""
        return round(self.each * (self.high - size) / self.unit)

    def ticks(self) -> range:
        """The numbers that have a tick."""
        return range(-(-self.low // self.step) * self.step, self.high + 1, self.step)

    @property
    def gutter(self) -> int:
        """Cells for the numbers at the left."""
        return max(len(f"{self.low:,}"), len(f"{self.high:,}")) + 2


@dataclass(frozen=True)
class ChartMark:
    """Something that happened on a day. ``name`` may be foreign text."""

    day: date
    name: str


@dataclass(frozen=True)
class ChartState:
    """``sizes``: the number at the end of each day, from ``first`` on. ``cursor`` is the index of a
    day. ``height`` in lines, with the axis and its labels."""

    first: date = date.min
    sizes: tuple[int, ...] = ()
    cursor: int = 0
    marks: tuple[ChartMark, ...] = ()
    height: int = 9
    focused: bool = False

    def day(self, index: int) -> date:
        """The day of an index."""
        return self.first + timedelta(days=index)


class StepChart(StateWidget[ChartState], can_focus=True):
    """Steps and a cursor. Left and right go from day to day."""

    class Walked(Message):
        """The cursor went to another day, by its index."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Entered(Message):
        """Enter was pressed: go to the people of the day."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(CHART)
    help_text = (
        "Left and right go to another day. The list shows who joined and left on that day, and why."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(ChartState(), id=id)

    def draw(self, state: ChartState, width: int) -> list[Content]:
        rows = state.height - 2
        if not state.sizes or width < LEAST_WIDTH or rows < LEAST_HEIGHT - 1:
            return []
        return _Drawing(state, width, scale(state.sizes, rows)).lines()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.show(replace(self.state, focused=has_focus))

    def walk(self, by: int) -> None:
        """Move the cursor by so many days, as far as there are days."""
        to = max(0, min(self.state.cursor + by, len(self.state.sizes) - 1))
        if self.state.sizes and to != self.state.cursor:
            self.show(replace(self.state, cursor=to))
            self.post_message(self.Walked(to))

    def action_walk(self, by: int) -> None:
        self.walk(by)

    def action_enter(self) -> None:
        self.post_message(self.Entered())

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or not self.state.sizes:
            return
        event.stop()
        gutter = scale(self.state.sizes, self.state.height - 2).gutter
        room = self.content_size.width - gutter
        if offset.x >= gutter and room > 0:
            to = (offset.x - gutter) * len(self.state.sizes) // room
            self.walk(to - self.state.cursor)


def scale(sizes: Sequence[int], rows: int) -> Scale:
    """The finest scale on which these numbers fit into so many lines, at least 3. A line stands for
    a whole, round number, and so does a tick."""
    low, high = min(sizes), max(sizes)
    unit = 1
    while True:
        bottom, top = low // unit * unit, -(-high // unit) * unit
        top = max(top, bottom + unit)
        if (top - bottom) // unit < rows:
            break
        unit = _rounder(unit)
    units = (top - bottom) // unit
    each = (rows - 1) // units
    times = next(many for many in (1, 2, 5, 10)
                 if (many * each >= TICK_GAP and units // many < TICKS) or many == 10)  # fmt: skip
    return Scale(bottom, top, unit, each, times * unit)


def _rounder(step: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    lead = step // 10 ** floor(log10(step))
    return step * 5 // 2 if lead == 2 else step * 2


class _Drawing:
    """One picture: cells that are filled from the back to the front."""

    def __init__(self, state: ChartState, width: int, fitting: Scale) -> None:
        self._state, self._scale = state, fitting
        self._gutter, self._width = fitting.gutter, width - fitting.gutter
        self._cells = [[(" ", "")] * self._width for _ in range(fitting.rows)]

    def lines(self) -> list[Content]:
        labels = self._grid()
        self._steps()
        self._cursor()
        drawn = []
        for row, cells in enumerate(self._cells):
            label = f"{labels.get(row, ''):>{self._gutter - 2}}  "
            drawn.append(words((label, "$muted"), _runs(cells)))
        margin = words(" " * self._gutter)
        return [*drawn, words(margin, self._axis()), words(margin, self._labels())]

    def _column(self, index: int) -> int:
        """The middle column of a day, or the one it shares with others."""
        number = len(self._state.sizes)
        first = -(-index * self._width // number)
        last = max(first, -(-(index + 1) * self._width // number) - 1)
        return min(self._width - 1, (first + last) // 2)

    def _grid(self) -> dict[int, str]:
        labels = {}
        for tick in self._scale.ticks():
            row = self._scale.row(tick)
            labels[row] = f"{tick:,}"
            self._cells[row] = [("┄", "$line")] * self._width
        return labels

    def _steps(self) -> None:
        number, style = len(self._state.sizes), "$primary"
        before = self._scale.row(self._state.sizes[0])
        for column in range(self._width):
            now = self._scale.row(self._state.sizes[column * number // self._width])
            if now == before:
                self._cells[now][column] = ("━", style)
                continue
            leave, arrive = TURNS[now < before]
            for row in range(min(now, before) + 1, max(now, before)):
                self._cells[row][column] = ("┃", style)
            self._cells[before][column], self._cells[now][column] = (leave, style), (arrive, style)
            before = now

    def _cursor(self) -> None:
        column = self._column(self._state.cursor)
        at = self._scale.row(self._state.sizes[self._state.cursor])
        for row in range(at + 1, self._scale.rows):
            self._cells[row][column] = ("┊", "")
        self._cells[at][column] = ("◆", "bold")

    def _axis(self) -> Content:
        cells = [("─", "$line")] * self._width
        for index in self._months():
            cells[self._column(index)] = ("┴", "$line")
        cells[0] = cells[-1] = ("┴", "$line")
        for _, index in self._marks():
            cells[self._column(index)] = ("▲", "$awaiting")
        return _runs(cells)

    def _months(self) -> list[int]:
        return [index for index in range(len(self._state.sizes)) if self._state.day(index).day == 1]

    def _marks(self) -> list[tuple[ChartMark, int]]:
        placed = ((one, (one.day - self._state.first).days) for one in self._state.marks)
        return [(one, index) for one, index in placed if 0 <= index < len(self._state.sizes)]

    def _labels(self) -> Content:
        """The cursor's day first, then the ends, the marks and the months, while there is room."""
        cells = [(" ", "")] * self._width
        state, last = self._state, len(self._state.sizes) - 1
        day = state.day(state.cursor)
        style = "bold $on-accent on $primary" if state.focused else "bold reverse"
        self._put(cells, f" {day:%a} {day.day} {day:%b} ", self._column(state.cursor), style, 0.5)
        self._put(cells, _short(state.first), 0, "$muted", 0)
        self._put(cells, "today", self._width - 1, "$muted", 1)
        for mark, index in reversed(self._marks()):
            name = plain(mark.name, LABEL)
            self._put(cells, name, self._column(index), "$awaiting", 0.5)
        for index in self._months():
            month = state.day(index)
            if 0 < index < last and month.month % self._every() == 1 % self._every():
                name = f"{month:%b %Y}" if month.month == 1 else f"{month:%b}"
                self._put(cells, name, self._column(index), "$muted", 0.5)
        return _runs(cells)

    def _every(self) -> int:
        """Every how many months there is room for a name."""
        month = self._width * MONTH / len(self._state.sizes)
        return next((many for many in (1, 2, 3, 6) if many * month >= MONTH_LABEL), 12)

    def _put(
        self, cells: list[tuple[str, str]], text: str, column: int, style: str, before: float
    ) -> None:
        """Write a text at a column, with this part of it before the column, if nothing is there."""
        begin = max(0, min(column - int(len(text) * before), self._width - len(text)))
        around = cells[max(0, begin - GAP) : begin + len(text) + GAP]
        if len(text) <= self._width and all(sign == " " and not style for sign, style in around):
            cells[begin : begin + len(text)] = [(sign, style) for sign in text]


def _short(day: date) -> str:
    this_year = day.year == date.fromtimestamp(time.time()).year
    return f"{day.day} {day:%b}" if this_year else f"{day.day} {day:%b} {day.year}"


def _runs(cells: Sequence[tuple[str, str]]) -> Content:
    runs: list[tuple[str, str]] = []
    for sign, style in cells:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + sign, style)
        else:
            runs.append((sign, style))
    return words(*runs)
