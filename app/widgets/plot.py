"""A line plot of a number over time.

Import this only to draw one, because importing plotext takes a tenth of a second. plotext has
one figure for the whole program, so only the app's loop may use it. Its colours are not used.
"""

from __future__ import annotations

from dataclasses import dataclass

import plotext

from app.panel.labels import day
from app.text import when
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

DAY = 86_400
LEAST = 3  # lines that a readable plot needs


@dataclass(frozen=True)
class PlotState:
    """What a plot shows: (time, number) pairs in order of time, a time to mark, and the height in
    lines. Times are seconds since 1970."""

    points: tuple[tuple[int, int], ...] = ()
    mark: int | None = None
    height: int = LEAST


class Plot(StateWidget[PlotState]):
    """A line plot, labelled with the smallest and largest number and the first and last day."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(PlotState(), id=id)

    def draw(self, state: PlotState, width: int) -> list[Content]:
        if len(state.points) < 2 or width < 20 or state.height < LEAST:
            return []
        *lines, below = plot_lines(state, width)
        ruler = max(len(f"{number:,}") for _, number in state.points)
        made = [words((line[:ruler], "$muted"), (line[ruler:], "$primary")) for line in lines]
        return [*made, words((below, "$muted"))]


def plot_lines(state: PlotState, width: int) -> list[str]:
    """The plot as lines of text, ``width`` cells wide. The last line has the days."""
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
    label = day if ends[1] - ends[0] >= 2 * DAY else when
    figure.ruler("x").ticks(ends, [label(one) for one in ends])
    text: str = figure.build().string(colorless=True)
    return text.rstrip("\n").split("\n")
