"""The palette: every action of every screen, and the segments, studies and people by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandList
from textual.widgets import Input

from app.db.store import Store
from app.keys.actions import actions
from app.keys.screens import SCREENS
from app.screens.palette import ActionCommands, Palette, score
from app.screens.segments.edit_dialog import SegmentEditDialog
from app.screens.segments.person_pane import PersonPane
from app.screens.segments.segment_table import SegmentTable
from app.screens.studies.invite_log_screen import InviteLogScreen
from app.screens.studies.ledger_screen import LedgerScreen
from app.screens.studies.screen import StudiesScreen
from tests.helpers.study_keys import HOSTILE, people
from tests.helpers.study_world import study
from tests.screens.conftest import Driven, Start


@pytest.fixture
def here(store: Store) -> int:
    account = people(store)
    study(store, account)
    return account


async def ask(at: Driven, text: str, shown: str) -> None:
    """Search in the palette until this is in the first thing that it offers."""
    await at.press("ctrl+p")
    await at.until(lambda: isinstance(at.app.screen, Palette))
    palette = at.app.screen
    palette.query_one(Input).value = text
    listed = palette.query_one(CommandList)

    def offered() -> bool:
        return listed.option_count > 0 and shown in str(listed.get_option_at_index(0).prompt)

    await at.until(offered)


async def run(at: Driven, text: str, shown: str) -> None:
    await ask(at, text, shown)
    await at.press("enter")
    await at.until(lambda: not isinstance(at.app.screen, Palette))
    await at.pilot.pause()


async def test_it_has_every_action_of_every_screen_with_its_key(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        commands = ActionCommands(at.app.screen)
        hits: list[Any] = [hit async for hit in commands.discover()]
        said = [str(hit.prompt) for hit in hits]
        for action in actions(SCREENS):
            if not action.does.startswith("app."):
                key = at.app.key_words(action.key.split(",")[0])
                assert any(action.name in one and one.endswith(key) for one in said), action.id
        for mode in ("Connect", "Status", "Segments", "Studies"):
            assert any(one.startswith(f"Go to {mode}") for one in said)
        assert said[0].startswith("Refresh")  # of Status, which is in front
        assert sum(one.startswith("Refresh") for one in said) == 1
        assert any(one.startswith("Theme") for one in said)


async def test_a_mode_and_an_action_of_another_mode(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        await run(at, "go to status", "Go to Status")
        await at.until(lambda: at.app.current_mode == "status")
        await run(at, "segments new", "Create a segment with a filter")
        await at.until(lambda: isinstance(at.app.screen, SegmentEditDialog))
        assert at.app.current_mode == "segments"
        at.settle()
        await run(at, "studies new", "Create a study")
        await at.until(lambda: at.app.current_mode == "studies")
        await at.until(lambda: len(at.app.screen_stack) == 2)  # its form
        at.settle()
        await run(at, "segments why", "See why this participant")
        assert "Close it first" in at.toasts  # the form of the segment is open there


async def test_an_action_of_a_screen_over_a_mode_opens_that_screen(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        await run(at, "invite log mark", "Mark what happened with these invites")
        await at.until(lambda: isinstance(at.app.screen, InviteLogScreen))
        assert "Press m here" in at.toasts
        await run(at, "ledger this participant", "Switch between all entries and this participant")
        await at.until(lambda: isinstance(at.app.screen, LedgerScreen))


async def test_a_segment_a_study_and_a_person_are_found_by_name(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        await run(at, "never sub", "Segment, 12 participants")
        await at.until(lambda: at.app.current_mode == "segments")
        table = at.app.screen.query_one(SegmentTable)
        await at.until(
            lambda: table.segment is not None and table.segment.name == "Never Subscribed"
        )
        await run(at, "pricing", "Study, active")
        await at.until(lambda: isinstance(at.app.screen, StudiesScreen))
        await run(at, "person 07", "Participant, cus_07@example.com")
        await at.until(lambda: at.app.current_mode == "segments")
        pane = at.app.screen.query_one(PersonPane)
        await at.until(lambda: pane.one is not None and pane.one.stripe_id == "cus_07")


async def test_foreign_names_and_masking(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        await ask(at, "red", "Participant, cus_02@example.com")
        assert "\x1b]" not in at.text
        assert "[red]Eve" in at.flat
        assert HOSTILE not in at.text
        await at.press("escape")
        at.app.action_mask()
        await ask(at, "person 07", "P•••")
        assert "cus_07@" not in at.flat


async def test_a_newer_search_replaces_an_older_one(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        await ask(at, "person 01", "Person 01")
        for text in ("person 0", "person", "person 08"):
            at.app.screen.query_one(Input).value = text
        await at.until(lambda: "Person 08" in at.flat and "Person 01" not in at.flat)


@pytest.mark.parametrize(
    ("query", "name", "found"),
    [
        ("ada", "Ada Lovelace", 0.9),
        ("love", "Ada Lovelace", 0.7),
        ("x", "Ada", 0.0),
        ("", "A", 0.0),
    ],
)
def test_a_name_that_begins_so_comes_first(query: str, name: str, found: float) -> None:
    assert score(query, name) == found


async def test_it_saves_a_masked_picture(
    start: Start, here: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with start((120, 40)) as at:
        await at.press("3")
        await at.until(lambda: "cus_" in at.text or "@" in at.text)
        await run(at, "screenshot", "Screenshot")
        await at.until(lambda: any(tmp_path.glob("panelist-*.svg")))
        assert not at.app.masking
        (file,) = tmp_path.glob("panelist-*.svg")
        assert "@example" not in file.read_text()
        assert "•••" in file.read_text()
        await at.press("n")
        await at.until(lambda: isinstance(at.app.screen, SegmentEditDialog))
        at.app.action_save_picture()  # the dialog refuses keys that come this fast
        await at.pilot.pause()
        assert len([*tmp_path.glob("panelist-*.svg")]) == 1
