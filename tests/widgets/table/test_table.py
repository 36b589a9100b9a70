"""A table of a million rows: its keys, its mouse, what it tells, and what it reads."""

from __future__ import annotations

import re

import pytest
from textual import events
from textual.message import Message

from app.widgets.table.table import Cell, SortedColumn, Table
from tests.helpers.table_rows import COLUMNS, Everyone, Stage, Written, press, until

MILLION = 1_000_000
SIZE = (80, 24)
PAGE = 22  # rows on a screen of 24 lines, under a header and over a field


def last(app: Stage, kind: type[Message]) -> Message:
    return [one for one in app.told if type(one) is kind][-1]


KEYS = [
    (["down"], 1),
    (["j", "j", "j", "k"], 2),
    (["down", "down", "up"], 1),
    (["up"], 0),
    (["pagedown"], PAGE),
    (["pagedown", "pagedown", "pageup"], PAGE),
    (["ctrl+d"], PAGE // 2),
    (["ctrl+d", "ctrl+d", "ctrl+u"], PAGE // 2),
    (["end"], MILLION - 1),
    (["G", "down"], MILLION - 1),
    (["G", "g"], 0),
    (["end", "pagedown", "up"], MILLION - 2),
    (["end", "pageup"], MILLION - 1 - PAGE),
    (["end", "home"], 0),
    (["pageup"], 0),
]


@pytest.mark.parametrize(("keys", "at"), KEYS, ids=lambda value: str(value))
async def test_keys_move_the_current_row(keys: list[str], at: int) -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await press(pilot, *keys)
        assert app.table.current == at
        assert app.marked[1] == f"Person {at}"
        if at:
            await until(pilot, lambda: _moved_to(app) == at)


def _moved_to(app: Stage) -> object:
    """The last row that the table reported."""
    return last(app, Table.CursorMoved).key  # type: ignore[attr-defined]


async def test_a_page_leaves_the_current_row_on_its_line() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await press(pilot, "down", "down", "down", "pagedown")
        assert app.marked == (4, f"Person {PAGE + 3}")
        await press(pilot, "pageup")
        assert app.marked == (4, "Person 3")


@pytest.mark.parametrize("count", [MILLION, 10_000_000])
async def test_the_last_row_is_reached_and_the_bar_says_so(count: int) -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(count)))
        await press(pilot, "end")
        assert app.lines[PAGE].startswith(f"▸ Person {count - 1} ")
        assert app.table.seen == (count - PAGE + 1, count, count)
        assert app.table.vertical_scrollbar.position == app.table.max_scroll_y
        await press(pilot, "home")
        assert app.table.vertical_scrollbar.position == 0
        assert app.marked == (1, "Person 0")


async def test_the_bar_follows_how_many_rows_there_are_where_that_is_to_be_seen() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        bar = app.table.vertical_scrollbar
        for count in (50, MILLION, 51, 52, 5):
            app.table.show(Everyone(range(count)))
            await pilot.pause()
            assert bar.window_virtual_size == count + 1
        app.table.show(Everyone(range(MILLION)))
        app.table.show(Everyone(range(MILLION + 100)))
        await press(pilot, "end")
        assert bar.window_virtual_size == MILLION + 1  # a hundred more are not
        assert app.marked[1] == f"Person {MILLION + 99}"
        for count in range(MILLION, MILLION + 50_000, 1_000):
            app.table.show(Everyone(range(count)))
        assert abs(bar.window_virtual_size - count) < 10_000  # but many small steps are


async def test_the_thumb_stands_where_the_rows_are_whatever_came_and_went() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        app.table.go_to(MILLION // 2)
        await pilot.pause()
        for keys in (
            range(-MILLION, MILLION),  # the half of twice as much is the same place
            range(0, MILLION),
            range(MILLION // 4, MILLION // 2 + 10),
            range(0, 2 * MILLION),
        ):
            app.table.show(Everyone(keys))
            await pilot.pause()
            table, bar = app.table, app.table.vertical_scrollbar
            assert table.current == MILLION // 2
            assert abs(bar.position - table.top) <= table.max_scroll_y / (PAGE * 8) + 1


async def test_the_thumb_that_did_not_move_moves_when_there_are_fewer_rows() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        app.table.go_to(2_000)
        await pilot.pause()
        assert app.table.vertical_scrollbar.position == 0  # among a million, that is the top
        top = app.table.top
        app.table.show(Everyone(range(3_000)))
        await pilot.pause()
        assert app.table.vertical_scrollbar.position == app.table.top == top


async def test_the_bar_drags_to_any_place_and_a_click_beside_its_thumb_pages() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await pilot.pause()
        bar = app.table.vertical_scrollbar
        await pilot.mouse_down(bar, offset=(0, 0))
        await pilot.hover(bar, offset=(0, 11))
        await pilot.mouse_up(bar, offset=(0, 11))
        await pilot.pause()
        assert 450_000 < app.table.top < 550_000
        assert app.lines[1].split()[1] == str(app.table.top)
        before = app.table.top
        await pilot.mouse_down(bar, offset=(0, 21))
        await pilot.pause()
        assert app.table.top == before + PAGE
        await pilot.mouse_down(bar, offset=(0, 1))
        await pilot.pause()
        assert app.table.top == before
        assert app.table.current == 0  # the mouse looks around, the current row waits


async def test_the_wheel_looks_around_and_a_key_comes_back() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await press(pilot, "down")
        for _ in range(3):
            app.table.post_message(
                events.MouseScrollDown(app.table, 5, 5, 0, 1, 0, False, False, False)
            )
        await pilot.pause()
        assert app.table.top > 1
        assert app.table.current == 1
        assert not any(line.startswith("▸") for line in app.lines)
        await press(pilot, "down")
        assert app.marked[1] == "Person 2"


async def test_a_click_selects_and_two_open() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await pilot.click(Table, offset=(5, 4))
        await pilot.pause()
        assert app.marked == (4, "Person 3")
        assert not [one for one in app.told if isinstance(one, Table.RowChosen)]
        await pilot.click(Table, offset=(5, 7), times=2)
        await pilot.pause()
        assert last(app, Table.RowChosen).key == 6  # type: ignore[attr-defined]


async def test_two_clicks_open_nothing_when_the_rows_moved_between_them() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(100)))
        await pilot.click(Table, offset=(5, 4))
        await pilot.pause()
        app.table.show(Everyone(range(-2, 100)))  # the row is held, but so that its line changes
        app.table.scroll_to(y=0)
        await pilot.pause()
        click = events.Click(app.table, 5, 4, 0, 0, 1, False, False, False, 5, 4, chain=2)
        app.table.post_message(click)
        await pilot.pause()
        assert not [one for one in app.told if isinstance(one, Table.RowChosen)]


async def test_enter_opens_the_current_row() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await press(pilot, "down", "enter")
        assert last(app, Table.RowChosen).key == 1  # type: ignore[attr-defined]


async def test_a_click_on_a_title_asks_for_its_order() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(9)))
        await pilot.pause()
        header = app.lines[0]
        for title, name in (("Name", "name"), ("Email", "email"), ("Customer since", "created")):
            await pilot.click(Table, offset=(header.index(title) + 2, 0))
            await pilot.pause()
            assert last(app, Table.SortRequested).column == name  # type: ignore[attr-defined]
        told = len(app.told)
        await pilot.click(Table, offset=(header.index("Status"), 0))
        await pilot.pause()
        assert len(app.told) == told  # it has no order
        assert app.table.current == 0


async def test_keys_ask_for_the_order_of_the_next_column() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        for now, key, asked in (
            (None, "greater_than_sign", "name"),
            (None, "less_than_sign", "spent"),
            (SortedColumn("name"), "greater_than_sign", "email"),
            (SortedColumn("name", True), "less_than_sign", "spent"),
            (SortedColumn("spent"), "greater_than_sign", "name"),
        ):
            app.table.show(Everyone(range(9)), sorted_by=now)
            await press(pilot, key)
            assert last(app, Table.SortRequested).column == asked  # type: ignore[attr-defined]


async def test_an_arrow_says_what_the_order_is() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(9)), sorted_by=SortedColumn("name"))
        await pilot.pause()
        assert app.lines[0].startswith(" ›▴ Name ")
        app.table.show(Everyone(range(9)), sorted_by=SortedColumn("created", True))
        await pilot.pause()
        assert "▾ Customer since" in app.lines[0]
        assert "▴" not in app.lines[0]
        app.table.show(Everyone(range(9)))
        await pilot.pause()
        assert "▾" not in app.lines[0]


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


async def test_many_moves_are_told_once() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        await pilot.pause()
        app.told.clear()
        with app.batch_update():
            for _ in range(50):
                app.table.action_move(1)
        await pilot.pause()
        moved = [one for one in app.told if isinstance(one, Table.CursorMoved)]
        assert [one.key for one in moved] == [50]


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


async def test_going_to_a_row_by_its_key() -> None:
    app = Stage()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(Everyone(range(MILLION)))
        assert app.table.go_to(731_204)
        await pilot.pause()
        assert app.marked[1] == "Person 731204"
        assert not app.table.go_to(MILLION)
        assert app.table.current == 731_204


def test_the_help_says_what_the_rows_are_and_whether_they_open() -> None:
    assert "People. Enter or a double click opens a row." in Table(COLUMNS, "People.").help_text
    assert Table(COLUMNS, "People.", opens=False).help_text == "People."
