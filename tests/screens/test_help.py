"""The help: in every screen, dialog and field, found by typing, and run with Enter."""

from __future__ import annotations

import pytest
from textual.widgets import Button

from app.db.store import Store
from app.keys.keymap_file import ACTIONS
from app.keys.screens import SEGMENTS
from app.screens.base import PanelistScreen
from app.screens.help_dialog import HelpDialog, help_entries
from app.screens.segments.edit_dialog import SegmentEditDialog
from app.screens.segments.screen import SegmentsScreen
from app.widgets.filter_line import FilterInput
from app.widgets.table.table import Table
from tests.helpers.study_keys import look, people, put
from tests.screens.conftest import SIZES, Driven, Start


@pytest.fixture
def here(store: Store) -> int:
    return people(store)


async def segments(at: Driven) -> None:
    await at.press("3")
    await at.until(lambda: isinstance(at.app.screen, SegmentsScreen))
    await at.until(lambda: "rows 1–" in at.flat)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", ["1", "2", "3", "4"])
async def test_help_speaks_of_the_focused_thing_and_lists_every_key(
    start: Start, here: int, screen: str, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        await at.press(screen)
        focused = at.app.focused
        assert focused is not None
        first = str(getattr(focused, "help_text", "")).split(".")[0]
        entries = help_entries(at.app.screen)
        assert entries[0].node is at.app.screen  # the screen's own come first
        assert entries[-1].node is at.app
        await at.press("question_mark")
        assert isinstance(at.app.screen, HelpDialog)
        assert first[:20] in at.flat
        assert len(at.app.screen.query_one(Table)._window.rows or ()) == len(entries)
        await at.press("f1")
        assert not isinstance(at.app.screen, HelpDialog)
        assert at.app.focused is focused


async def test_an_action_is_found_by_typing_and_run(start: Start, here: int) -> None:
    async with start((100, 30)) as at:
        await segments(at)
        await at.press("question_mark", *"exp")
        assert "Export this list to a file" in at.flat
        await at.press("backspace", "backspace", "backspace", *"creat")
        await at.press("enter")
        await at.until(lambda: isinstance(at.app.screen, SegmentEditDialog))


async def test_a_search_that_finds_nothing_says_so(start: Start, here: int) -> None:
    async with start((100, 30)) as at:
        await at.press("question_mark", *"zzz")
        assert "No action found." in at.flat
        await at.press("enter")
        assert isinstance(at.app.screen, HelpDialog)


async def test_a_dialog_and_its_fields_have_help(start: Start, here: int) -> None:
    async with start((100, 30)) as at:
        await segments(at)
        await at.press("n")
        at.settle()
        form = at.app.screen
        assert "^s Save" in at.text.splitlines()[-1]
        assert at.text.splitlines()[-1].rstrip().endswith("f1 All keys")
        await at.press("question_mark")  # a letter in a field
        assert at.app.screen is form
        await at.press("f1")
        assert isinstance(at.app.screen, HelpDialog)
        assert "metadata" in at.flat  # the form's help text
        assert "Save the segment" in at.flat
        await at.press("escape")
        form.query_one(FilterInput).focus()
        await at.press("f1")
        assert "The list shows only matches" in at.flat
        assert "Use the chosen suggestion" in at.flat
        await at.press("escape")
        form.query_one("#save", Button).focus()
        await at.press("question_mark")
        assert isinstance(at.app.screen, HelpDialog)


async def test_every_key_of_a_screen_is_in_its_footer_or_its_help(start: Start, here: int) -> None:
    async with start((300, 30)) as at:
        await segments(at)
        footer = at.text.splitlines()[-1]
        screen = at.app.screen
        assert isinstance(screen, PanelistScreen)
        for action in SEGMENTS.actions:
            assert (action.name in footer) == (action.id not in screen.hints().without)
        listed = {one.name for one in help_entries(at.app.screen)}
        assert {action.name for action in SEGMENTS.actions} <= listed


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
async def test_the_footer_is_cut_by_whole_entries(start: Start, here: int, width: int) -> None:
    async with start((width, 24)) as at:
        await look(at)
        line = at.text.splitlines()[-1]
        assert line.rstrip().endswith("? All keys")
        names = {one.name for one in ACTIONS.values()} | {"Undo", "Open"}
        for entry in line.split("  "):
            if entry.strip() and width >= 200:
                assert entry.split(maxsplit=1)[-1].strip() in names


async def test_a_running_send_is_undone_and_paused_first(start: Start, store: Store) -> None:
    from pathlib import Path

    from tests.helpers.study_world import queued, study

    account = people(store)
    key = study(store, account)
    async with start((80, 24)) as at:
        await look(at)
        assert "Undo" not in at.text.splitlines()[-1]
        queued(store, key, "smtp")
        store.execute("UPDATE run SET go_at = go_at + 120")
        at.app.refresher.show()
        await at.pilot.pause()
        line = at.text.splitlines()[-1]
        assert line.startswith(" u Undo 1:") or line.startswith(" u Undo 2:00")
        assert "P Pause" in line
        assert Path(store.where).exists()


async def test_typing_in_the_help_of_a_field_changes_nothing_in_it(start: Start, here: int) -> None:
    async with start((100, 30)) as at:
        await segments(at)
        await at.press("slash")
        await put(at, "per")
        await at.press("f1", *"abc", "escape")
        assert at.app.screen.query_one("#search FilterInput", FilterInput).value == "per"
