"""The line that narrows a list: what it tells, what it shows, and what it makes of a paste."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import ComposeResult
from textual.message import Message

from app.text import plain
from app.tui import PanelistApp
from app.widgets import filter_line
from app.widgets.filter_line import LONGEST, FilterInput, FilterLine, Suggestion, Trouble
from app.widgets.table.table import Table
from app.widgets.themes import ThemedApp
from tests.helpers.table_rows import COLUMNS, press
from tests.screens.test_foreign import CONTROL, HOSTILE

SIZES = [(80, 24), (120, 40), (60, 20)]
NEVER = 3_600.0


class Stage(ThemedApp):
    """A filter over a table, in the app's own style sheet."""

    CSS_PATH = PanelistApp.CSS_PATH

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield FilterLine("a name, an email, or status:active")
        yield Table(COLUMNS, "People.")

    def on_filter_line_typed(self, message: FilterLine.LineMessage) -> None:
        self.told.append(message)

    on_filter_line_narrowed = on_filter_line_entered = on_filter_line_left = on_filter_line_typed

    @property
    def line(self) -> FilterLine:
        return self.query_one(FilterLine)

    @property
    def lines(self) -> list[str]:
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def texts(self, kind: type[FilterLine.LineMessage]) -> list[str]:
        return [one.text for one in self.told if isinstance(one, kind)]


@pytest.fixture(autouse=True)
def _typing_never_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_line, "DELAY", NEVER)


async def test_it_narrows_once_when_typing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Stage()
    async with app.run_test() as pilot:
        app.line.focus()
        await press(pilot, "a", "d")
        assert app.texts(FilterLine.Typed)[-1] == "ad"
        assert app.texts(FilterLine.Narrowed) == []
        assert len(app.line._timers) == 1  # the one of the first key waits no longer
        monkeypatch.setattr(filter_line, "DELAY", 0.001)
        await press(pilot, "a")
        while not app.texts(FilterLine.Narrowed):
            await pilot.pause(0.01)
        assert app.texts(FilterLine.Narrowed) == ["ada"]


async def test_enter_and_down_narrow_at_once_and_go_on() -> None:
    for key in ("enter", "down"):
        app = Stage()
        async with app.run_test() as pilot:
            app.line.focus()
            await press(pilot, "a", key)
            assert [type(one) for one in app.told[-2:]] == [FilterLine.Narrowed, FilterLine.Entered]
            assert app.texts(FilterLine.Narrowed) == ["a"]
            await press(pilot, key)
            assert app.texts(FilterLine.Narrowed) == ["a"]  # it is narrowed to that already


async def test_arrows_choose_a_suggestion_and_enter_uses_it() -> None:
    app = Stage()
    offered = [Suggestion(f"field{at}", (0, 1), "a field") for at in range(8)]
    async with app.run_test() as pilot:
        app.line.focus()
        await press(pilot, "f")
        app.line.answer("f", suggestions=offered)
        await press(pilot, *["down"] * 6, "up", "up", "down")
        assert [line[:14] for line in app.lines[1:6]] == [
            "    field1  a ",
            "    field2  a ",
            "    field3  a ",
            "    field4  a ",
            "tab field5  a ",
        ]
        await press(pilot, "enter")
        assert app.line.text == "field5"
        assert app.texts(FilterLine.Entered) == []
        app.line.answer("field5", suggestions=[Suggestion(":", (6, 6), "is")])
        await press(pilot, "down")  # there is no next suggestion
        assert app.texts(FilterLine.Entered) == ["field5"]


async def test_focus_asks_what_can_be_typed() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        app.line.focus()
        await pilot.pause()
        assert app.texts(FilterLine.Typed) == [""]


async def test_escape_clears_and_then_leaves() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        app.line.focus()
        await press(pilot, "a", "enter", "escape")
        assert app.line.text == ""
        assert app.texts(FilterLine.Narrowed) == ["a", ""]
        assert app.texts(FilterLine.Left) == []
        await press(pilot, "escape")
        assert app.texts(FilterLine.Left) == [""]


@pytest.mark.parametrize("size", SIZES)
async def test_trouble_is_marked_under_its_place(size: tuple[int, int]) -> None:
    app = Stage()
    async with app.run_test(size=size) as pilot:
        app.line.focus()
        await press(pilot, *"張偉 foo:1")
        app.line.answer("張偉 foo:1", trouble=Trouble("no field is called “foo”", (3, 6)))
        app.line.count("1,234 of 1,000,000")
        await pilot.pause()
        assert app.lines[0].startswith("/ 張偉 foo:1")
        assert app.lines[0].rstrip().endswith("1,234 of 1,000,000")
        # Two wide characters, so that the line is two cells longer than it has characters.
        assert app.lines[1].rstrip() == " " * 7 + "^^^ ✗ no field is called “foo”"
        assert app.lines[2].lstrip("› ").startswith("Name")
        await press(pilot, "x")
        assert app.lines[1].strip() == ""  # it was about another text
        app.line.answer("something else", trouble=Trouble("old", (0, 1)))
        await pilot.pause()
        assert "old" not in app.lines[1]


async def test_trouble_at_the_end_or_long_stays_readable() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.line.focus()
        text = "x" * 44 + " foo"
        app.line.set(text)
        app.line.answer(text, trouble=Trouble("what is “foo”", (45, 48)))
        await pilot.pause()
        assert app.lines[1].rstrip().endswith("✗ what is “foo”" + " " * 32 + "^^^")
        long = "“foo” is not a field; fields are name, email, status, plan, created and metadata"
        app.line.answer(text, trouble=Trouble(long, (45, 48)))
        await pilot.pause()
        assert app.lines[1].rstrip() == " " * 47 + "^^^"
        assert " ".join(f"{app.lines[2]} {app.lines[3]}".split()) == f"✗ {long}"


async def test_the_marker_follows_a_text_that_is_longer_than_the_line() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.line.focus()
        text = "y" * 120 + " foo"
        app.line.set(text)
        app.line.answer(text, trouble=Trouble("no", (121, 124)))
        await pilot.pause()
        at = app.lines[0].index("foo")
        assert app.lines[1][at : at + 3] == "^^^"
        await press(pilot, "home")
        assert app.lines[1].rstrip().endswith("^")
        app.line.answer(text, trouble=Trouble("past the end", (900, 901)))
        await press(pilot, "end")
        assert "✗ past the end" in app.lines[1]


async def test_tab_takes_the_first_suggestion() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        app.line.focus()
        await press(pilot, *"a st")
        suggestions = [Suggestion("status:", (2, 4)), Suggestion("stripe_id:", (2, 4))]
        app.line.answer("a st", suggestions=suggestions)
        await pilot.pause()
        assert app.lines[1].split() == ["tab", "status:", "stripe_id:"]
        await press(pilot, "tab")
        assert app.line.text == "a status:"
        assert app.line.query_one(FilterInput).cursor_position == 9
        assert app.texts(FilterLine.Typed)[-1] == "a status:"
        assert isinstance(app.focused, FilterInput)
        assert app.lines[1].strip() == ""
        await press(pilot, "tab")  # there is none: on to the next thing
        assert isinstance(app.focused, Table)


async def test_a_text_that_is_put_there_is_not_told() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        app.line.set("ada")
        app.line.focus()
        await press(pilot, "enter")
        assert app.texts(FilterLine.Narrowed) == []
        assert app.line.text == "ada"
        await press(pilot, "b", "enter")
        assert app.texts(FilterLine.Narrowed) == ["adab"]


PASTES = [*HOSTILE, "sk_live_" + "a" * 100_000, "\x1b[31m" * 20_000, "a\nb\r\nc", "\n\n ada \n", ""]


@pytest.mark.parametrize("text", PASTES, ids=lambda text: repr(text[:12]))
async def test_a_paste_is_one_harmless_line(text: str) -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        app.line.focus()
        await press(pilot, "a", "b", "left")
        field = app.line.query_one(FilterInput)
        field.post_message(events.Paste(text))
        await pilot.pause()
        value = app.line.text
        assert value[0] == "a"
        assert value[-1] == "b"
        assert len(value) <= LONGEST
        assert not CONTROL.search(value)
        assert value == plain(value)
        assert field.cursor_position <= len(value) - 1
        assert not any(CONTROL.search(line) for line in app.lines)
        assert app.line.region.height == 2
        await press(pilot, "enter")
        if value != "ab":
            assert app.texts(FilterLine.Narrowed) == [value]
        app.line.set(text)
        app.line.answer(app.line.text, trouble=Trouble(text, (0, 1)))
        app.line.count(text[:10])
        await pilot.pause()
        app.line.answer(app.line.text, suggestions=[Suggestion(text, (0, 9_999))])
        await press(pilot, "tab")
        assert not any(CONTROL.search(line) for line in app.lines)
        assert not CONTROL.search(app.line.text)
        assert len(app.line.text) <= LONGEST


async def test_several_lines_become_one() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        app.line.focus()
        await pilot.pause()
        app.line.query_one(FilterInput).post_message(events.Paste("Ada\nLovelace\r\n"))
        await pilot.pause()
        assert app.line.text == "Ada Lovelace"


async def test_it_forgets_what_was_typed_when_it_goes() -> None:
    app = Stage()
    async with app.run_test() as pilot:
        app.line.focus()
        await press(pilot, *"rk_live_x")
        field = app.line.query_one(FilterInput)
        await app.line.remove()
        assert field.value == ""


@pytest.mark.parametrize("size", SIZES)
async def test_it_is_two_lines_in_the_apps_style_sheet(size: tuple[int, int]) -> None:
    app = Stage()
    async with app.run_test(size=size) as pilot:
        app.line.focus()
        app.line.count("1 of 2")
        await pilot.pause()
        assert app.line.region.height == 2
        assert app.lines[0].startswith("/ a name, an email")
        assert app.lines[0].rstrip().endswith("1 of 2")
        assert "╭" not in "".join(app.lines[:2])
