"""A number over time, drawn in any room."""

from __future__ import annotations

import pytest

from app.widgets.plot import Plot, PlotState, plot_lines

DAY = 86_400
FIRST = 1_790_000_000
RISING = tuple((FIRST + one * DAY, 1_000 + 10 * one) for one in range(100))
FLAT = tuple((at, 7) for at, _ in RISING)


@pytest.mark.parametrize("points", [RISING, FLAT, RISING[:2]], ids=["rising", "flat", "two"])
@pytest.mark.parametrize(("width", "height"), [(20, 3), (58, 3), (78, 4), (240, 9)])
def test_it_fills_its_room(points: tuple[tuple[int, int], ...], width: int, height: int) -> None:
    lines = plot_lines(PlotState(points, None, height), width)
    assert [len(line) for line in lines] == [width] * height
    text = "\n".join(lines)
    assert "\x1b" not in text
    assert any("\u2800" < sign <= "\u28ff" for sign in text)
    for number in {min(one for _, one in points), max(one for _, one in points)}:
        assert f"{number:,}" in text


def test_what_rises_ends_higher_than_it_began() -> None:
    top, *_, bottom, _ = plot_lines(PlotState(RISING, None, 9), 80)
    assert bottom.startswith("1,000")
    assert bottom[5:10].strip()
    assert not bottom[-10:].strip()
    assert top.startswith("1,990")
    assert top[-10:].strip()


def test_a_moment_is_marked() -> None:
    middle = RISING[50][0]
    plain = plot_lines(PlotState(RISING, None, 6), 80)
    marked = plot_lines(PlotState(RISING, middle, 6), 80)
    columns = {
        at
        for before, after in zip(plain, marked, strict=True)
        for at, (one, other) in enumerate(zip(before, after, strict=True))
        if one != other
    }
    assert len(columns) == 1
    assert 35 < columns.pop() < 50
    assert plot_lines(PlotState(RISING, FIRST, 6), 80) == plain  # the beginning needs no mark


def test_of_a_few_hours_the_clock_is_told() -> None:
    hours = tuple((FIRST + 3_600 * one, one) for one in range(9))
    assert plot_lines(PlotState(hours, None, 6), 80)[-1].count(":") == 2
    assert ":" not in plot_lines(PlotState(RISING, None, 6), 80)[-1]


@pytest.mark.parametrize("points", [(), RISING[:1]])
def test_less_than_two_days_are_no_line(points: tuple[tuple[int, int], ...]) -> None:
    assert Plot().draw(PlotState(points, None, 6), 80) == []
