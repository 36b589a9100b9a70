"""A table of a million rows: its keys, its mouse, its scroll bar and what it tells."""

from __future__ import annotations

import pytest
from textual import events
from textual.message import Message

from app.widgets.table.table import SortedColumn, Table
from tests.helpers.table_rows import COLUMNS, Everyone, Stage, press, until

MILLION = 1_000_000
SIZE = (80, 24)
PAGE = 22  # rows on a screen of 24 lines, under a header and over a field
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


def last(app: Stage, kind: type[Message]) -> Message:
    return [one for one in app.told if type(one) is kind][-1]


def _moved_to(app: Stage) -> object:
    """The last row that the table reported."""
    return last(app, Table.CursorMoved).key  # type: ignore[attr-defined]


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
