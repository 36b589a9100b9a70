"""The strip of a first sync: what is fetched stands where it was created; the rest is dotted."""

from __future__ import annotations

import pytest

from app.widgets.charts.creation_strip import CreationStrip, StripState

WIDTH = 40


def lines(state: StripState, width: int = WIDTH) -> list[str]:
    return [line.plain for line in CreationStrip().draw(state, width)]


def test_bars_stand_where_their_days_are() -> None:
    *rows, axis, days = lines(StripState(((0, 8), (20, 16), (39, 32)), today=39, height=4))
    assert len(rows) == 4
    assert {len(row) for row in (*rows, axis, days)} == {WIDTH}
    heights = [sum(row[column] != " " for row in rows) for column in (0, 20, 39)]
    assert heights == [1, 2, 4]
    assert "".join(rows).count("█") == 7
    assert days.startswith("1 Jan 1970")
    assert days.endswith("today")


def test_only_what_was_not_fetched_is_dotted() -> None:
    *rows, _, _ = lines(StripState(((0, 1), (39, 1)), ((10, 19),), today=39, height=4))
    dotted = {column for row in rows for column, sign in enumerate(row) if sign == "·"}
    assert dotted == set(range(10, 20))
    whole = lines(StripState(((0, 1), (39, 1)), today=39, height=4))
    assert "·" not in "".join(whole)


def test_what_reaches_back_without_an_end_is_dotted_from_the_left() -> None:
    *rows, _, _ = lines(StripState(((100, 5), (139, 5)), ((0, 120),), today=139, height=2))
    assert {row.rindex("·") for row in rows} <= {19, 20}


@pytest.mark.parametrize("days", [((139, 7),), ((139, 1), (150, 3)), ((-4, 1), (139, 9))])
@pytest.mark.parametrize("width", [20, 33, 300])
def test_every_account_fits(days: tuple[tuple[int, int], ...], width: int) -> None:
    """One of a single day, one with a clock that is ahead, and one with a date before 1970."""
    drawn = lines(StripState(days, ((0, 139),), today=139, height=3), width)
    assert {len(line) for line in drawn} == {width}
    assert any(sign in "▁▂▃▄▅▆▇█" for sign in "".join(drawn))


def test_what_lies_before_the_first_day_that_is_known_is_not_drawn() -> None:
    state = StripState(((100, 1), (499, 2)), ((0, 10), (0, 90)), today=500, height=6)
    drawn = lines(state, 50)
    assert {len(line) for line in drawn} == {50}
    assert "·" not in "".join(drawn)


def test_there_is_none_without_participants_or_room() -> None:
    assert lines(StripState(today=139)) == []
    assert lines(StripState(((1, 1),), today=139), 19) == []
