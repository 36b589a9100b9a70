"""Columns stay straight and harmless whatever a name is; they look right in any colours."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import Input

from app.sandbox.world.hostile import HOSTILE
from app.widgets import content
from app.widgets.table.cells import GAP, Column, arrange, fit
from app.widgets.table.table import Cell, SortedColumn, Table
from tests.helpers.table_rows import COLUMNS, Everyone, Stage, These, Written, offsets, press
from tests.screens.test_foreign import CONTROL
from tests.screens.test_foreign import HOSTILE as FOREIGN

SIZES = [(80, 24), (120, 40), (160, 50), (60, 20)]
FORMULAS = ["=cmd|'/c calc'!A1", "@SUM", "\t=1", "-2+3", "+15551234", "{{ 7*7 }}", "%_' OR 1=1 --"]
OTHERS = ["\x1b]8;;https://e.example\x1b\\x", "NUL\0", "аdmin@…", "\ud800", "\u200d", "\u200dab",
          "a\u200d", "\ufe0f1\ufe0f", "محمد علي", "שלום", "張偉", "ทั้งนี้", "क्\u200dष", "🇵🇹🏳️‍🌈",
          "\u0301", "Z" + "\u0301\u0323" * 40, "", " " * 600, "W" * 5_000]  # fmt: skip
NAMES = [*FOREIGN, *FORMULAS, *OTHERS, *(str(one["name"]) for one in HOSTILE if "name" in one)]

anything = st.text(
    st.one_of(
        st.characters(codec=None, categories=None),
        st.sampled_from("\x00\x1b\x9b\u200b\u200d\ufe0f\u202e\ud800\u0301 👩🏽🚀🇵張ab"),
    ),
    max_size=40,
)


@settings(max_examples=1_500)
@given(anything, st.integers(1, 20), st.sampled_from(["left", "right"]))
@example("\u200dab", 2, "left")
@example("a\u200d", 3, "left")
@example("張\u200d\u200d張", 3, "right")
@example("\ufe0f#\ufe0f", 1, "left")
def test_a_fitted_text_has_its_width_and_no_control(text: str, width: int, align: str) -> None:
    fitted = fit(text, width, "right" if align == "right" else "left")
    assert cell_len(fitted) == width
    # Also with a neighbour: nothing of it reaches over the edge.
    assert cell_len(f"x  {fitted}  x") == width + 6
    assert not CONTROL.search(fitted)
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in fitted)


def test_a_text_that_is_cut_says_so() -> None:
    assert fit("Ada Lovelace", 12) == "Ada Lovelace"
    assert fit("Ada Lovelace", 11) == "Ada Lovela…"
    assert fit("張偉張偉", 8) == "張偉張偉"
    assert fit("張偉張偉", 7) == "張偉張…"
    assert fit("張偉張偉", 6) == "張偉… "
    assert fit("張偉\u200d", 6) == fit("\u200d張偉", 6) == "張偉  "
    assert fit("\u200dab", 1) == "…"
    assert fit("12", 5, "right") == "   12"
    assert fit("x", 1) == "x"
    assert fit("xy", 1) == "…"
    assert fit("👨‍👩‍👧‍👦 and", 6) == "👨‍👩‍👧‍👦 and"
    assert fit("👨‍👩‍👧‍👦 and", 5) == "👨‍👩‍👧‍👦 a…"


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_names_leave_the_columns_straight(size: tuple[int, int]) -> None:
    app = Stage()
    app.driver_class = Written
    async with app.run_test(headless=False, size=size) as pilot:
        app.table.show(These(NAMES))
        await pilot.pause()
        seen = 0
        while True:
            placed = app.table._painter.placed
            for strip in app.screen._compositor.render_strips()[: app.table.size.height]:
                text = "".join(segment.text for segment in strip)
                assert not CONTROL.search(text)
                assert sum(cell_len(segment.text) for segment in strip) == size[0]
                for segment in strip:
                    assert not (segment.style and "click" in str(segment.style.meta.keys()))
                # The second column begins where a segment begins, and after a gap.
                starts, at = {0: ""}, 0
                for segment in strip:
                    starts[at] = segment.text
                    at += cell_len(segment.text)
                for one in placed[1:]:
                    assert 2 + one.x in starts, text
                    assert starts[2 + one.x - GAP] == " " * GAP
            first, last, total = app.table.seen
            seen += last - first + 1
            if last == total:
                break
            await press(pilot, "pagedown")
        assert seen >= len(NAMES)
        assert isinstance(app._driver, Written)
        # Textual itself sets the pointer's shape.
        written = re.sub(r"\x1b\]22;\w+\x07", "", app._driver.text)
        for payload in ("\x1b]52", "\x1b]0;", "\x1b]8;", "\x9b", "\x07", "\u202e", "\x1b[2J"):
            assert payload not in written
        assert app.is_running


async def test_markup_is_literal_and_a_click_on_it_selects() -> None:
    names = ["x[/]y", "[Red]A", "[ @click=app.quit]B[/]", "[$error]", "back\\slash"]
    app = Stage()
    async with app.run_test(size=(200, 40)) as pilot:
        app.table.show(These(names))
        await pilot.pause()
        for line, name in zip(app.lines[1:], names, strict=False):
            assert line[2:].startswith(name)
        await pilot.click(Table, offset=(20, 3))
        await pilot.pause()
        assert app.table.current == 2
        assert app.is_running


async def test_a_megabyte_in_every_cell_is_neither_kept_nor_measured() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.show(These(["N" * 1_000_000] * 30))
        await press(pilot, "down", "pagedown")
        kept = [cell.text for _, cells in app.table._window._known.values() for cell in cells]
        assert max(map(len, kept)) <= 501
        assert "…" in app.lines[1]


async def test_columns_begin_on_the_same_cells_for_wide_and_narrow_names() -> None:
    app = Stage()
    async with app.run_test(size=(120, 40)) as pilot:
        app.table.show(These(["Ada", "張偉" * 20, "👩🏽‍🚀", "e\u0301" * 60, "محمد"]))
        await pilot.pause()
        since = {offsets(line, ["3 Feb"])[0] for line in app.lines[1:6]}
        assert since == set(offsets(app.lines[0], ["Customer since"]))


def test_columns_take_the_room_there_is() -> None:
    columns = (
        Column("a", 10, grow=1, most=14),
        Column("b", 10, grow=3, priority=1),
        Column("c", 10, priority=2),
    )
    assert [(one.column, one.x, one.width) for one in arrange(columns, 34)] == [
        (0, 0, 10),
        (1, 12, 10),
        (2, 24, 10),
    ]
    wide = arrange(columns, 100)
    assert [one.width for one in wide] == [14, 72, 10]
    assert wide[-1].x + wide[-1].width == 100
    assert [one.column for one in arrange(columns, 33)] == [0, 1]
    assert [one.column for one in arrange(columns, 12)] == [0]
    assert arrange(columns, 4)[0].width == 4
    assert [one.column for one in arrange(columns, 30, skip=1)] == [0, 2]


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3), st.integers(0, 4)), min_size=1),
    st.integers(1, 250),
    st.integers(0, 5),
)
def test_columns_never_overlap_nor_reach_over_the_edge(
    wanted: list[tuple[int, int, int]], room: int, skip: int
) -> None:
    columns = [Column("x", width, grow, priority=last) for width, grow, last in wanted]
    placed = arrange(columns, room, skip)
    assert placed
    at = 0
    for one in placed:
        assert one.x >= at
        at = one.x + one.width + GAP
    assert at - GAP <= room or len(placed) == 1
    assert placed[0].width <= max(1, room) or len(placed) == 1


async def test_another_theme_changes_the_colours_and_nothing_else() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.show(Everyone(range(1_000)), sorted_by=SortedColumn("name"))
        await press(pilot, "down")

        def colours() -> list[list[str]]:
            strips = app.screen._compositor.render_strips()[:4]
            return [[str(segment.style) for segment in strip][:-1] for strip in strips]

        lines, before = app.lines, colours()
        app.theme = "paper"
        await pilot.pause()
        assert app.lines == lines
        for old, new in zip(before, colours(), strict=True):
            assert old != new
        app.theme = "lamplight"
        await pilot.pause()
        assert colours() == before


async def test_without_colours_the_row_and_the_focus_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Stage(colour=False)
    app.driver_class = Written
    async with app.run_test(headless=False, size=(80, 24)) as pilot:
        app.table.show(Everyone(range(1_000)), sorted_by=SortedColumn("name", True))
        await press(pilot, "down")
        assert app.lines[2].startswith("▸ Person 1 ")
        assert "▾ Name" in app.lines[0]
        strip = app.screen._compositor.render_strips()[2]
        assert all(one.style and one.style.reverse for one in list(strip)[:3])
        app.query_one(Input).focus()
        await pilot.pause()
        assert app.lines[2].startswith("▹ Person 1 ")
        assert isinstance(app._driver, Written)
        table = app._driver.text
        assert not re.findall(r"\x1b\[[0-9;]*(?:[34][0-7]|[34]8;[25])(?:;[0-9]+)*m", table)


def test_the_columns_of_the_tests_have_a_cell_each() -> None:
    assert all(isinstance(one, Cell) for one in Everyone(range(1)).cells(0, 1)[0])
    assert len(Everyone(range(1)).cells(0, 1)[0]) == len(COLUMNS)


@pytest.mark.parametrize("folder", ["screens", "widgets"])
def test_only_the_painter_makes_segments(folder: str) -> None:
    """It is the one place beside ``words`` where text reaches a widget, and it uses ``fit``."""
    for file in (Path(content.__file__).parents[1] / folder).rglob("*.py"):
        if file.name != "painter.py":
            assert "Segment(" not in file.read_text("utf-8"), file.name
