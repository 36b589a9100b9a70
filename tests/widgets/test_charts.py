"""Digits of blocks, steps over days, and bars up and down."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from app.widgets.charts.block_digits import block_digits
from app.widgets.charts.day_bars import DayBars, DayBarsState
from app.widgets.charts.step_chart import ChartMark, ChartState, StepChart, scale

DAY = 86_400
FIRST = date(2026, 9, 12)


def test_digits_are_as_wide_as_each_other_and_leave_out_what_is_no_number() -> None:
    for text in ("4,812", "0", "9:59", "1,234,567,890"):
        for size, height in (("small", 3), ("large", 5)):
            lines = block_digits(text, size)  # type: ignore[arg-type]
            assert len(lines) == height
            assert len({len(line) for line in lines}) == 1
            assert set("".join(lines)) <= set("█▀▄ ")
    assert block_digits("1x\x1b[2", "small") == block_digits("12", "small")
    assert len({tuple(block_digits(str(one), "small")) for one in range(10)}) == 10


@pytest.mark.parametrize("seed", range(30))
def test_lines_and_ticks_are_round_whole_and_around_the_numbers(seed: int) -> None:
    random = Random(seed)
    sizes = [random.randrange(10 ** random.randrange(1, 8)) for _ in range(random.randrange(1, 9))]
    for rows in (4, 6, 11, 20):
        found = scale(sizes, rows)
        assert found.low <= min(sizes) <= max(sizes) <= found.high
        assert found.low < found.high
        assert found.low % found.unit == found.high % found.unit == found.step % found.unit == 0
        assert str(found.unit).rstrip("0") in ("1", "2", "5")
        assert found.rows <= rows
        assert 1 <= len(found.ticks()) <= 6
        assert {found.row(found.high), found.row(found.low)} == {0, found.rows - 1}


def test_a_chart_is_as_fine_as_its_lines_allow() -> None:
    found = scale((181, 343), 11)
    assert (found.low, found.high, found.unit) == (180, 360, 20)
    assert list(found.ticks()) == [200, 240, 280, 320, 360]


def test_the_names_of_months_keep_their_distance() -> None:
    state = ChartState(date(2025, 6, 1), (5,) * 540, 539, (), 13)
    labels = StepChart().draw(state, 118)[-1].plain
    assert "Sep" in labels
    assert "Jan 2026" in labels
    assert "Oct" not in labels  # there is room for every second month


@pytest.mark.parametrize("width", [24, 60, 118, 300])
@pytest.mark.parametrize("height", [6, 9, 13])
def test_steps_fit_and_hang_together(width: int, height: int) -> None:
    random = Random(width * height)
    for number in (1, 2, 40, 500):
        sizes = [2_000]
        while len(sizes) < number:
            sizes.append(max(0, sizes[-1] + random.choice((-30, 0, 0, 10, 40))))
        marks = (ChartMark(FIRST + timedelta(days=number // 2), "A study with a long title"),)
        for cursor in {0, number // 2, number - 1}:
            state = ChartState(FIRST, tuple(sizes), cursor, marks, height)
            lines = [line.plain for line in StepChart().draw(state, width)]
            assert all(len(line) == width for line in lines)
            assert len(lines) <= height
            assert "▲" in lines[-2]
            day = FIRST + timedelta(days=cursor)
            assert f"{day:%a} {day.day} {day:%b}" in lines[-1]
            assert sum(line.count("◆") for line in lines) == 1
            gutter = width - len(lines[-2].strip())
            for column in range(gutter, width):
                drawn = {line[column] for line in lines[:-2]}
                assert drawn & set("━┏┓┗┛◆"), "a column without the line"
                assert ("┏" in drawn) == ("┛" in drawn) or "◆" in drawn
                assert ("┓" in drawn) == ("┗" in drawn) or "◆" in drawn


@pytest.mark.parametrize("height", [5, 7, 12])
def test_bars_up_and_down_are_as_high_as_their_numbers(height: int) -> None:
    days = tuple((number * DAY, number, 8 - number) for number in range(9))
    lines = DayBars().draw(DayBarsState(days, height), 60)
    assert len(lines) == height
    text = [line.plain for line in lines]
    assert text[0].startswith(" +8") or "+8" in text[0]
    assert any("−8" in line for line in text)
    assert text[-1].rstrip().endswith("today")
    (axis,) = (at for at, line in enumerate(text) if "─" in line)
    gutter = text[axis].index("─")
    ups = [sum(" ▁▂▃▄▅▆▇█".index(line[gutter + day]) for line in text[:axis]) for day in range(9)]
    assert ups == sorted(ups)
    assert ups[0] == 0
    assert ups[-1] == axis * 8
    assert ups[1] > 0  # one is seen beside many


def test_bars_without_a_day_are_nothing() -> None:
    assert DayBars().draw(DayBarsState((), 9), 60) == []
    assert DayBars().draw(DayBarsState(((0, 1, 1),), 9), 10) == []
    assert DayBars().draw(DayBarsState(((0, 0, 0),) * 9, 9), 60)
    assert StepChart().draw(ChartState(), 80) == []
