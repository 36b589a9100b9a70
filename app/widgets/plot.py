"""A number over time as a line. Imported only by who draws one: plotext costs a tenth of a second.

plotext has one figure for the whole program, so it is only used on the UI's loop. Its colours are
left out: what it draws is text like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import plotext

from app.panel.labels import day
from app.text import when
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

DAY = 86_400
LEAST = 3  # lines under which nothing can be seen


@dataclass(frozen=True)
class PlotState:
    """(moment, number) pairs in their order, with moments in seconds since 1970; a moment that is
    marked; and in how many lines."""

    points: tuple[tuple[int, int], ...] = ()
    mark: int | None = None
    height: int = LEAST


class Plot(StateWidget[PlotState]):
    """The line, with the least and the greatest number and the first and last day."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(PlotState(), id=id)

    def draw(self, state: PlotState, width: int) -> list[Content]:
        if len(state.points) < 2 or width < 20 or state.height < LEAST:
            return []
        *lines, below = drawn(state, width)
        ruler = max(len(f"{number:,}") for _, number in state.points)
        made = [words((line[:ruler], "dim"), (line[ruler:], "$primary")) for line in lines]
        return [*made, words((below, "dim"))]


def drawn(state: PlotState, width: int) -> list[str]:
    """The lines as text, ``width`` cells wide; the last one has the days."""
    moments, numbers = zip(*state.points, strict=True)
    figure = plotext.figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(width, state.height)
    figure.axes(False)
    line = figure.signal(moments, numbers, marker="braille")
    line.lines(True)
    figure.draw(line)
    if state.mark is not None and moments[0] < state.mark < moments[-1]:
        figure.line(state.mark, orientation="vertical", style="dotted")
    levels = sorted({min(numbers), max(numbers)})
    figure.ruler("y").ticks(levels, [f"{one:,}" for one in levels])
    ends = [moments[0], moments[-1]]
    written = day if ends[1] - ends[0] >= 2 * DAY else when
    figure.ruler("x").ticks(ends, [written(one) for one in ends])
    text: str = figure.build().string(colorless=True)
    return text.rstrip("\n").split("\n")
