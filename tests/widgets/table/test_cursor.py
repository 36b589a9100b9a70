"""The current row is a row, not a number: it stays when others come, go or change their order."""

from __future__ import annotations

import random
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.widgets import Input

from app.widgets.table.cursor import Cursor
from app.widgets.table.table import Cell, SortedColumn, Table
from tests.helpers.table_rows import Everyone, Stage, person, press

SIZE = (80, 24)
PAGE = 22


class Listed:
    """People in any order."""

    def __init__(self, keys: list[int]) -> None:
        self.keys = array("q", keys)

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> int:
        return self.keys[index]

    def index(self, key: int, near: int) -> int | None:
        return self.keys.index(key) if key in self.keys else None

    def cells(self, start: int, stop: int) -> list[tuple[Cell, ...]]:
        return [person(key) for key in self.keys[start:stop]]


def rows(app: Stage) -> list[str]:
    """What is on the screen without the bar, whose thumb may move."""
    return [line[:-1] for line in app.lines[1 : PAGE + 1]]


async def test_rows_that_arrive_above_leave_everything_where_it_is() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(1_000_000)))
        await press(pilot, "pagedown", "down", "down")
        before = rows(app)
        for arrived in (1, 7, 5_000):
            app.table.show(Everyone(range(-arrived, 1_000_000)))
            await pilot.pause()
            assert rows(app) == before
            assert app.table.current == PAGE + 2
            assert app.table.seen[0] == app.table.top + 1
        await press(pilot, "down")
        assert app.marked[1] == f"Person {PAGE + 3}"


async def test_rows_that_arrive_below_change_nothing() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(10)))
        await press(pilot, "down", "down")
        app.table.show(Everyone(range(1_000)))
        await pilot.pause()
        assert app.marked == (3, "Person 2")
        assert app.table.top == 0


async def test_another_order_leaves_the_current_row_on_its_line() -> None:
    app = Stage()
    keys = list(range(1_000))
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Listed(keys))
        await press(pilot, "pagedown", "pagedown", "down", "down", "down")
        line, name = app.marked
        random.Random(7).shuffle(keys)
        while not 100 < keys.index(PAGE * 2 + 3) < 900:
            random.Random(8).shuffle(keys)
        app.table.show(None)  # the new order is being read
        await pilot.pause()
        assert app.table.current is None
        app.table.show(Listed(keys), sorted_by=SortedColumn("name"))
        await pilot.pause()
        assert app.marked == (line, name)
        assert app.table.current == PAGE * 2 + 3


async def test_narrowing_keeps_the_current_row_and_widening_too() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(1_000)))
        for _ in range(500):
            app.table.action_move(1)
        await pilot.pause()
        line = app.marked[0]
        app.table.show(Everyone(range(0, 1_000, 5)))
        await pilot.pause()
        assert app.marked == (line, "Person 500")
        app.table.show(Everyone(range(500, 503)))
        await pilot.pause()
        assert app.marked == (1, "Person 500")  # there are no rows to be above it
        app.table.show(Everyone(range(0)))
        await pilot.pause()
        app.table.show(Everyone(range(1_000)))
        await pilot.pause()
        assert app.marked[1] == "Person 500"  # nothing matched; what was typed was taken back


async def test_a_row_beside_takes_the_place_of_one_that_is_gone() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Listed(list(range(100))))
        await press(pilot, *["down"] * 9)
        app.table.show(Listed([-2, -1, *range(9), *range(10, 100)]))  # 9 went, two came above
        await pilot.pause()
        assert app.table.current == 10
        app.table.show(Listed([-2, -1, *range(9)]))  # 10 went, and all after it
        await pilot.pause()
        assert app.table.current == 8
        app.table.show(Listed([500, 501]))
        await pilot.pause()
        assert app.table.current == 501
        assert app.marked[1] == "Person 501"


async def test_what_is_looked_at_stays_while_the_current_row_is_out_of_sight() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(1_000)))
        await pilot.pause()
        app.table.scroll_to(y=300)
        await pilot.pause()
        before = rows(app)
        app.table.show(Everyone(range(-40, 1_000)))
        await pilot.pause()
        assert rows(app) == before
        assert app.table.current == 0
        app.table.show(Everyone(range(-40, 200)))  # what was looked at is gone
        await pilot.pause()
        assert app.table.top == 240 - PAGE


async def test_other_rows_begin_at_the_first() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(1_000)))
        await press(pilot, "end")
        app.table.show(None, reset=True)
        app.table.show(Everyone(range(1_000)))
        await pilot.pause()
        assert app.marked == (1, "Person 0")
        await press(pilot, "end")
        app.table.show(Everyone(range(5, 900)), reset=True)
        await pilot.pause()
        assert app.marked == (1, "Person 5")


@pytest.mark.parametrize("size", [(60, 20), (160, 50), (120, 10), (80, 3)])
async def test_another_size_keeps_the_current_row_in_sight(size: tuple[int, int]) -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(1_000)))
        await press(pilot, "pagedown", *["down"] * (PAGE - 1))
        assert app.marked[0] == PAGE
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert app.marked[1] == f"Person {PAGE * 2 - 1}"
        assert app.table.seen == (app.table.top + 1, app.table.top + size[1] - 2, 1_000)
        assert all(len(line) == size[0] for line in app.lines)
        await press(pilot, "down")
        assert app.marked[1] == f"Person {PAGE * 2}"
        await pilot.resize_terminal(*SIZE)
        await press(pilot, "end", "home")
        assert app.marked == (1, "Person 0")


async def test_a_smaller_screen_while_rows_are_read_keeps_the_current_row_in_sight() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(1_000)))
        await press(pilot, "pagedown", *["down"] * (PAGE - 1))
        app.table.show(None)
        await pilot.resize_terminal(80, 10)
        await pilot.pause()
        app.table.show(Everyone(range(1_000)))
        await pilot.pause()
        assert app.marked[1] == f"Person {PAGE * 2 - 1}"


async def test_fewer_rows_are_read_only_where_the_current_one_is() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(1_000)))
        app.table.go_to(500)
        await pilot.pause()
        few = Everyone(range(500, 600))
        app.table.show(few)
        await pilot.pause()
        assert few.asked == [(0, PAGE)]
        more = Everyone(range(1_000))
        app.table.show(more)
        await pilot.pause()
        assert more.asked == [(500, 500 + PAGE)]


async def test_rows_shown_before_there_is_room_are_there_when_there_is() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.display = False
        await pilot.pause()
        app.table.show(Everyone(range(50)))
        app.table.show(Everyone(range(-3, 50)))
        app.query_one(Input).focus()
        await pilot.pause()
        app.table.display = True
        app.table.focus()
        await pilot.pause()
        assert app.marked[1] == "Person 0"


keys = st.lists(st.integers(0, 40), unique=True, min_size=1, max_size=30)


@settings(max_examples=300)
@given(keys, keys, st.data())
def test_the_current_row_is_the_same_or_the_nearest(
    before: list[int], after: list[int], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(before) - 1))
    top = data.draw(st.integers(0, len(before) - 1))
    beside = tuple(before[one] for one in (at + 1, at - 1) if 0 <= one < len(before))
    held = None if top <= at < top + 5 else before[top]
    now, first = Cursor(before[at], at, top, beside, held).found_in(Listed(after))
    assert 0 <= now < len(after)
    if before[at] in after:
        assert after[now] == before[at]
    elif set(beside) & set(after):
        assert after[now] in beside
    else:
        assert now == min(at, len(after) - 1)
    if held is None:
        assert now - first == at - top  # on the same line of the screen
    elif held in after:
        assert after[first] == held


def test_a_table_can_be_shown_before_it_is_mounted() -> None:
    assert Table([], "").current is None
