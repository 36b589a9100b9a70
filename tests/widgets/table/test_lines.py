"""A table of a million rows: what it reads, and which lines and columns it draws."""

from __future__ import annotations

import re

import pytest
from textual.message import Message

from app.widgets.table.table import Cell, Table
from tests.helpers.table_rows import COLUMNS, Everyone, Stage, Written, press

MILLION = 1_000_000
SIZE = (80, 24)
PAGE = 22  # rows on a screen of 24 lines, under a header and over a field


def last(app: Stage, kind: type[Message]) -> Message:
    return [one for one in app.told if type(one) is kind][-1]


async def test_columns_without_room_come_into_sight_by_keys() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(9)))
        await pilot.pause()
        assert app.lines[0].split() == ["›Name", "Email", "Status", "Customer", "since"]
        await press(pilot, "left")
        assert app.lines[0].split() == ["›Name", "Email", "Status", "Customer", "since"]
        seen = set()
        for _ in range(9):
            await press(pilot, "right")
            assert "Name" in app.lines[0]  # it always stays
            seen.update(app.lines[0].split())
        assert app.lines[0].startswith("‹ Name")
        assert {"Plans", "Spent", "Stripe"} <= seen
        assert "cus_000000000000" in app.lines[1]
        for _ in range(9):
            await press(pilot, "left")
        assert app.lines[0].split() == ["›Name", "Email", "Status", "Customer", "since"]


async def test_columns_that_were_skipped_come_back_where_there_is_room() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(9)))
        await press(pilot, "right", "right", "right")
        await pilot.resize_terminal(200, 24)
        await pilot.pause()
        assert all(one.title in app.lines[0] for one in COLUMNS)
        assert "‹" not in app.lines[0]


async def test_it_tells_what_is_on_the_screen() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await pilot.pause()
        seen = last(app, Table.RowsSeen)
        assert isinstance(seen, Table.RowsSeen)
        assert (seen.first, seen.last, seen.total) == (1, PAGE, MILLION)
        assert seen.control is app.table
        await press(pilot, "end")
        seen = last(app, Table.RowsSeen)
        assert isinstance(seen, Table.RowsSeen)
        assert (seen.first, seen.last) == (MILLION - PAGE + 1, MILLION)
        told = len(app.told)
        app.table.show(Everyone(range(MILLION)))
        await pilot.pause()
        assert len(app.told) == told  # the same again is nothing to tell
        app.table.show(Everyone(range(0)))
        await pilot.pause()
        assert app.table.seen == (0, 0, 0)
        assert last(app, Table.CursorMoved).key is None  # type: ignore[attr-defined]


async def test_only_what_is_on_the_screen_is_read_and_only_once() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        rows = Everyone(range(MILLION))
        app.table.show(rows)
        await pilot.pause()
        assert rows.asked == [(0, PAGE)]
        rows.asked.clear()
        await press(pilot, *["down"] * (PAGE - 1))
        assert rows.asked == []
        await press(pilot, "down")
        assert rows.asked == [(PAGE, PAGE + 1)]
        rows.asked.clear()
        await press(pilot, "end")
        assert rows.asked == [(MILLION - PAGE, MILLION)]
        rows.asked.clear()
        app.table.show(few := Everyone(range(100)))
        await pilot.pause()
        assert few.asked == [(100 - PAGE, 100)]


async def test_only_the_lines_that_change_are_written() -> None:
    app = Stage()
    app.driver_class = Written
    async with app.run_test(headless=False, size=SIZE) as pilot:

        async def written() -> set[int]:
            await pilot.pause()
            assert isinstance(app._driver, Written)
            text, app._driver.text = app._driver.text, ""
            return {int(number) for number in re.findall(r"Person (\d+)", text)}

        app.table.show(Everyone(range(MILLION)))
        assert await written() == set(range(PAGE))
        await press(pilot, "down")
        assert await written() == {0, 1}
        app.table.show(Everyone(range(MILLION)))
        assert await written() == set()
        app.table.show(Everyone(range(-5, MILLION)))
        assert await written() == set()  # they arrived above: what is seen is the same
        await press(pilot, *["down"] * (PAGE - 2))
        await written()
        await press(pilot, "down")  # over the edge: all rows move
        assert await written() == set(range(1, PAGE + 1))


async def test_what_is_remembered_of_lines_is_bounded() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        for _ in range(100):
            app.table.action_page(1)
        await pilot.pause()
        assert len(app.table._painter._strips) <= 1_024
        assert len(app.table._window._known) <= 3 * PAGE


async def test_an_empty_table_and_one_that_is_being_read_say_so() -> None:
    app, middle = Stage(), 1 + (PAGE - 1) // 2
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert app.lines[middle].strip() == "Reading…"
        app.table.show(Everyone(range(0)))
        await press(pilot, "down", "up", "end", "pagedown", "pageup", "enter", "home")
        assert app.lines[middle].strip() == "No one is in this segment."
        assert app.table.current is None
        assert not [one for one in app.told if isinstance(one, Table.RowChosen)]
        app.table.show(Everyone(range(0)), empty="Nobody is called “Ada”.")
        await pilot.pause()
        assert app.lines[middle].strip() == "Nobody is called “Ada”."
        await pilot.click(Table, offset=(5, 1), times=2)
        app.table.show(None)
        await pilot.pause()
        assert app.lines[middle].strip() == "Reading…"


async def test_rows_that_went_meanwhile_are_blank_and_short_rows_are_filled() -> None:
    class Fewer(Everyone):
        def cells(self, start: int, stop: int) -> list[tuple[Cell, ...]]:
            return [(Cell("Only a name"),), *super().cells(start + 1, stop)[:3]]

    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Fewer(range(50)))
        await press(pilot, "down", "pagedown")
        assert "Only a name" in app.lines[1]
        assert app.marked[1] == f"Person {PAGE + 1}"


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200])
async def test_every_width_is_used_and_no_column_leaves_its_place(width: int) -> None:
    app = Stage()
    async with app.run_test(size=(width, 20)) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await press(pilot, "end")
        assert "Name" in app.lines[0]
        assert "Email" in app.lines[0]
        assert all(len(line) == width for line in app.lines)
        for placed in app.table._painter.placed:
            title = COLUMNS[placed.column].title
            begin = 2 + placed.x
            shown = app.lines[0][begin : begin + placed.width]
            assert shown.strip() == title


async def test_a_border_changes_nothing_but_the_place() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.styles.border = ("round", "red")
        app.table.styles.padding = (0, 1)
        app.table.show(Everyone(range(MILLION)))
        await press(pilot, "down", "down", "pagedown")
        page = PAGE - 2
        assert app.lines[1].startswith("│  ›Name")
        assert app.lines[4].startswith(f"│ ▸ Person {page + 2} ")
        assert app.lines[page + 1].startswith(f"│   Person {2 * page - 1} ")
        assert all(len(line) == SIZE[0] for line in app.lines)
        await pilot.click(Table, offset=(6, 3))
        await pilot.pause()
        assert app.table.current == page + 1
        assert app.lines[3].startswith("│ ▸")
        assert app.lines[4].startswith("│   ")
