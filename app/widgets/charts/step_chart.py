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
TICK_GAP = 12  # lines of which a chart has five ticks, and fewer below
TURNS = {True: ("┛", "┏"), False: ("┓", "┗")}  # up or down -> where a step leaves and arrives
LABEL = 16  # cells of a mark's name


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
    help_text = "Left and right go to another day, and below is who moved on it and why."

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(ChartState(), id=id)

    def draw(self, state: ChartState, width: int) -> list[Content]:
        rows = state.height - 2
        if not state.sizes or width < LEAST_WIDTH or rows < LEAST_HEIGHT - 1:
            return []
        low, high, step = ticks(state.sizes, rows)
        gutter = max(len(f"{low:,}"), len(f"{high:,}")) + 2
        return _Drawing(state, width - gutter, rows, (low, high, step), gutter).lines()

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
        low, high, _ = ticks(self.state.sizes, self.state.height - 2)
        gutter = max(len(f"{low:,}"), len(f"{high:,}")) + 2
        room = self.content_size.width - gutter
        if offset.x >= gutter and room > 0:
            to = (offset.x - gutter) * len(self.state.sizes) // room
            self.walk(to - self.state.cursor)


def ticks(sizes: Sequence[int], rows: int) -> tuple[int, int, int]:
    """The lowest and highest tick for these numbers, and the step between ticks: whole, round, and
    few enough for so many lines."""
    low, high = min(sizes), max(sizes)
    most = 5 if rows >= TICK_GAP - 2 else 2 if rows < 9 else 3
    step = 1
    while True:
        bottom, top = low // step * step, -(-high // step) * step
        top = max(top, bottom + step)
        if (top - bottom) // step <= most:
            return bottom, top, step
        step = _rounder(step)


def _rounder(step: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    lead = step // 10 ** floor(log10(step))
    return step * 5 // 2 if lead == 2 else step * 2


class _Drawing:
    """One picture: cells that are filled from the back to the front."""

    def __init__(
        self, state: ChartState, width: int, rows: int, scale: tuple[int, int, int], gutter: int
    ) -> None:
        self._state, self._width, self._gutter = state, width, gutter
        self._low, self._high, self._step = scale
        each = max(1, (rows - 1) // ((self._high - self._low) // self._step))
        self._rows = each * ((self._high - self._low) // self._step) + 1
        self._cells = [[(" ", "")] * width for _ in range(self._rows)]

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

    def _row(self, size: int) -> int:
        return round((self._rows - 1) * (self._high - size) / (self._high - self._low))

    def _grid(self) -> dict[int, str]:
        labels = {}
        for tick in range(self._low, self._high + 1, self._step):
            row = self._row(tick)
            labels[row] = f"{tick:,}"
            self._cells[row] = [("┄", "$line")] * self._width
        return labels

    def _steps(self) -> None:
        number, style = len(self._state.sizes), "$primary"
        before = self._row(self._state.sizes[0])
        for column in range(self._width):
            now = self._row(self._state.sizes[column * number // self._width])
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
        at = self._row(self._state.sizes[self._state.cursor])
        for row in range(at + 1, self._rows):
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
            if 0 < index < last:
                self._put(cells, _short(state.day(index)), self._column(index), "$muted", 0.5)
        return _runs(cells)

    def _put(
        self, cells: list[tuple[str, str]], text: str, column: int, style: str, before: float
    ) -> None:
        """Write a text at a column, with this part of it before the column, if nothing is there."""
        begin = max(0, min(column - int(len(text) * before), self._width - len(text)))
        around = cells[max(0, begin - 1) : begin + len(text) + 1]
        if len(text) <= self._width and all(sign == " " and not style for sign, style in around):
            cells[begin : begin + len(text)] = [(sign, style) for sign in text]


def _short(day: date) -> str:
    return (
        f"{day.day} {day:%b}"
        if day.year == date.fromtimestamp(time.time()).year
        else f"{day:%b} {day.year}"
    )


def _runs(cells: Sequence[tuple[str, str]]) -> Content:
    runs: list[tuple[str, str]] = []
    for sign, style in cells:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + sign, style)
        else:
            runs.append((sign, style))
    return words(*runs)
