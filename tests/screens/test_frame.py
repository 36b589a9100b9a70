"""Keys, modes, header, palette, masking and quitting: what every mode shares."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.screen import ModalScreen

from app.db.store import Store
from app.screens.connect.screen import ConnectScreen
from app.screens.connect.token_store_dialog import TokenStoreDialog, UnlockDialog
from app.screens.help_dialog import HelpDialog
from app.screens.segments.person_pane import PersonPane
from app.screens.segments.segment_table import SegmentTable
from app.services.messages import NoticeArrived
from app.services.terminal_notices import TerminalNotices
from app.settings import Settings
from app.text import plain
from app.tui import PanelistApp
from app.widgets.content import words
from app.widgets.dialog import HELD, DecisionDialog, QuestionDialog
from app.widgets.header import BADGES, HeaderLine, HeaderState, Tab
from tests.helpers import filled_store as filled
from tests.helpers.study_keys import people
from tests.screens.conftest import DEMO, SIZES, Driven, Start

KEYS = ["M", "question_mark", "down", "escape", "r", "s", "c", "a", "escape", "tab", "shift+tab",
        "down", "up", "pagedown", "pageup", "home", "end", "enter", "5"]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "filled_store"), [*((size, True) for size in SIZES), ((80, 24), False)]
)
async def test_every_key_works_at_every_size(
    start: Start, store: Store, size: tuple[int, int], filled_store: bool
) -> None:
    if filled_store:
        filled.acme(store)
    async with start(size) as at:
        for mode in ("1", "2"):
            await leave_dialogs(at)
            await at.press("escape", "escape", mode)
            await at.strike(*KEYS)
            assert at.app.is_running
            assert all(len(line) <= size[0] * 2 for line in at.text.splitlines())
        await leave_dialogs(at)
        await at.press("escape", "escape", "2", "q")
        assert at.app._exit


async def leave_dialogs(at: Driven) -> None:
    """Close what lies over the mode. A dialog that decides takes no key that may be held."""
    while len(at.app.screen_stack) > 1:
        if isinstance(at.app.screen, DecisionDialog):
            at.settle()
        await at.press("left", "escape")


DIALOGS: dict[str, Callable[[], ModalScreen[Any]]] = {
    "place": lambda: TokenStoreDialog("Because. " * 20, lost=True),
    "unlock": lambda: UnlockDialog("Because. " * 20),
    "question": lambda: QuestionDialog([words("Really? " * 20)], "Do it"),
}


@pytest.mark.parametrize("size", SIZES[::2])  # the small ones
@pytest.mark.parametrize("name", DIALOGS)
async def test_every_dialog_can_be_used_and_left_at_every_size(
    start: Start, size: tuple[int, int], name: str
) -> None:
    async with start(size) as at:
        answers: list[object] = []
        dialog = DIALOGS[name]()
        at.app.open_dialog(dialog, answers.append)
        at.app.open_dialog(DIALOGS[name](), answers.append)
        await at.until(lambda: at.app.screen is dialog)
        if isinstance(dialog, DecisionDialog):
            at.settle()
        for _ in dialog.focus_chain:
            assert at.app.focused is not None
            assert 0 <= at.app.focused.region.y < at.app.focused.region.bottom <= size[1]
            await at.press("tab")
        await at.strike("1", "2", "d", "s", "r", "c", "a", "5", "pagedown", "end", "home", "left")
        assert at.app.screen is dialog
        assert at.app.current_mode == "connect"
        await at.press("escape")
        assert answers in ([None], [False])
        await at.until(lambda: at.app.screen is not dialog and type(at.app.screen) is type(dialog))
        if isinstance(dialog, DecisionDialog):
            at.settle()
        await at.press("M", "escape")
        assert isinstance(at.app.screen, ConnectScreen)


def test_a_held_key_is_told_from_one_that_is_meant() -> None:
    dialog = QuestionDialog([], "Do it")
    assert dialog.refuses("y", "q", 0.1)  # in its first moments
    dialog.opened = 0.0
    assert dialog.refuses("y", "y", 0.6)  # still held
    assert dialog.refuses("y", "y", 0.03)
    assert not dialog.refuses("y", "y", HELD)  # let go, and pressed again
    other = QuestionDialog([], "Do it")
    other.opened = 0.0
    assert other.refuses("y", "y", 0.5)  # held since before it
    assert not other.refuses("x", "y", 0.1)
    assert not other.refuses("y", "x", 0.1)


async def test_a_click_on_a_tab_or_a_key_presses_it(start: Start, store: Store) -> None:
    filled.acme(store)
    async with start() as at:
        for name, mode in (("1 Connect", "connect"), ("2 Status", "status")):
            await at.pilot.click(offset=(at.text.splitlines()[0].index(name) + 1, 0))
            await at.until(lambda mode=mode: at.app.current_mode == mode)  # type: ignore[misc]
        row = at.text.splitlines()[-1]
        assert row.rstrip().endswith("? All keys")
        await at.pilot.click(offset=(row.index("? All keys") + 1, 23))
        await at.until(lambda: isinstance(at.app.screen, HelpDialog))


@pytest.mark.parametrize("size", SIZES)
async def test_everything_can_be_reached_with_tab(
    start: Start, store: Store, size: tuple[int, int]
) -> None:
    filled.acme(store)
    async with start(size) as at:
        seen = []
        for _ in range(4):
            assert at.app.focused is not None
            assert at.app.focused.region.height > 0
            seen.append(at.app.focused.id)
            assert "━" in at.text or "┃" in at.text  # the focus shows by its shape
            await at.press("tab")
        assert set(seen) == {
            "left" if size[0] >= 100 else "columns",
            "messages",
            "segments",
            "changes",
        }


async def test_escape_does_nothing_at_the_top_level_of_a_mode(start: Start, store: Store) -> None:
    filled.acme(store)
    async with start() as at:
        for mode in ("connect", "status", "segments", "studies", "connect"):
            at.app.action_go(mode)
            await at.until(lambda mode=mode: at.app.current_mode == mode)  # type: ignore[misc]
            await at.press("escape", "escape", "escape")
            assert at.app.current_mode == mode
            assert len(at.app.screen_stack) == 1
            assert at.toasts == ""


async def test_escape_closes_the_top_thing_only(start: Start, store: Store) -> None:
    people(store)
    async with start((120, 40)) as at:
        await at.press("3")
        await at.until(lambda: at.app.current_mode == "segments")
        await at.press("enter", "enter")
        pane = at.app.screen.query_one(PersonPane)
        await at.until(lambda: pane.display)
        await at.press("escape")
        assert not pane.display
        assert at.app.focused is not None
        assert at.app.focused.id == "members-table"
        await at.press("escape")
        assert at.app.focused.id == "segment-list"
        for key in ("t", "v", "n", "question_mark", "ctrl+p", "f1"):
            await at.press(key)
            await at.until(lambda: len(at.app.screen_stack) > 1)
            if isinstance(at.app.screen, DecisionDialog):
                at.settle()
            await at.press("escape")
            while len(at.app.screen_stack) > 1:  # comparing asks for a segment first
                await at.press("escape")
            assert at.app.current_mode == "segments"


async def test_masking_hides_names_and_emails_everywhere(start: Start, store: Store) -> None:
    filled.acme(store)
    async with start((120, 40)) as at:
        assert "Ada Lovelace" in at.text
        assert "ada@example.com" in at.text
        await at.press("M")
        assert "MASKED" in at.text
        assert "Lovelace" not in at.text
        assert "ada@" not in at.text
        assert "A•••" in at.text
        assert "Team plan" in at.text  # a product is no one
        await at.press("M")
        assert "Ada Lovelace" in at.text


async def test_asking_now_without_a_sync_says_why(start: Start, store: Store) -> None:
    filled.acme(store)
    async with start() as at:
        await at.press("r")
        assert "No sync is running" in at.toasts


async def test_a_notice_is_shown_and_rings_the_bell(start: Start, store: Store) -> None:
    filled.acme(store)
    async with start() as at:
        sent: list[str] = []
        at.app.terminal_notices = TerminalNotices(("bell", "title"), sent.append)
        at.app.post(NoticeArrived("Invites for “[b]Pricing” stopped."))
        await at.until(lambda: "Invites for “[b]Pricing” stopped." in at.toasts)
        await at.press("down")
    assert sent[0].startswith("\x1b]2;◆ Invites for")
    assert sent[1] == "\a"
    assert sent[2] == "\x1b]2;Panelist\x1b\\", "a key says that it was seen"


TABS = (Tab("connect", "1", "Connect"), Tab("status", "2", "Status"),
        Tab("segments", "3", "Segments"), Tab("studies", "4", "Studies"))  # fmt: skip


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("badge", BADGES)
@pytest.mark.parametrize("tab", TABS)
def test_the_header_fits(width: int, badge: str, tab: Tab) -> None:
    state = HeaderState(badge, "A rather long name of an account", "live", True, 1_234_567,
                        "14:01", True, TABS, tab.mode)  # fmt: skip
    (line,) = HeaderLine().draw(state, width)
    assert line.cell_length <= width
    assert f" {tab.key} {tab.name} " in line.plain
    assert all(f" {one.key} " in line.plain for one in TABS)
    assert "LIVE" in line.plain
    assert BADGES[badge][0] in line.plain
    if width >= 60:
        assert "14:01" in line.plain
        assert "MASKED" in line.plain
    if width >= 80:
        assert "A rather" in line.plain
    if width >= 120:
        assert all(f" {one.key} {one.name} " in line.plain for one in TABS)
        assert BADGES[badge][1] in line.plain
    (nameless,) = HeaderLine().draw(replace(state, account=""), width)
    assert nameless.cell_length <= width
    assert "…" not in nameless.plain
    if width >= 200:
        assert "1,234,567 participants" in line.plain
        assert "◆ Panelist" in line.plain


async def test_quitting_a_sync_asks_once_and_only_y_says_yes(start: Start, store: Store) -> None:
    async with start(demo=DEMO) as at:
        await at.press("d")
        await at.until(lambda: at.app.stripe.running)
        await at.press("q")
        assert isinstance(at.app.screen, QuestionDialog)
        assert "It continues from here next time" in at.text
        at.rejuvenate()
        await at.press("q", "enter", "y", "ctrl+c", "escape")  # within its first 300 ms
        assert len(at.app.screen_stack) == 2
        assert at.app.focused is not None
        assert at.app.focused.id == "cancel"
        at.settle()
        await at.press("q", "ctrl+c")
        assert len(at.app.screen_stack) == 2
        await at.press("enter")  # Cancel has the focus
        assert len(at.app.screen_stack) == 1
        assert at.app.stripe.running
        await at.press("ctrl+c")
        at.settle()
        await at.press("y")
    assert not at.sync.engines[0].running  # stopped with the app


async def test_quitting_a_complete_sync_asks_nothing(start: Start, store: Store) -> None:
    async with start(demo=DEMO, sync=filled.StandIn(status="complete")) as at:
        await at.press("d")
        await at.until(lambda: at.app.stripe.running)
        await at.press("q")
    assert not at.sync.engines[0].running


async def test_a_database_that_fails_is_one_sentence_and_the_app_stays(
    start: Start, store: Store
) -> None:
    filled.acme(store)
    async with start() as at:
        with store.transaction():
            store.execute("ALTER TABLE message RENAME TO message_gone")
        at.app.refresher.show()
        await at.pilot.pause()
        assert "could not be used" in at.text
        assert "12,300 participants" in at.flat  # what was read before
        await at.press("1", "2")
        with store.transaction():
            store.execute("ALTER TABLE message_gone RENAME TO message")
        at.app.refresher.show()
        await at.pilot.pause()
        assert "could not be used" not in at.text


async def test_every_theme_draws(start: Start, store: Store) -> None:
    filled.acme(store)
    async with start((120, 40)) as at:
        assert {"lamplight", "paper"} <= set(at.app.available_themes)
        for theme in ("paper", "terminal", "lamplight"):
            at.app.theme = theme
            await at.press("1", "2")
            assert "12,300 of ≈ 100,000" in at.text


async def test_a_theme_colours_the_modes_that_were_seen_before(start: Start, store: Store) -> None:
    filled.acme(store)
    async with start((120, 40)) as at:
        colours: dict[tuple[str, str], object] = {}
        for theme in ("lamplight", "paper", "lamplight"):
            at.app.theme = theme
            for mode in ("3", "2"):  # another mode is in front when the theme changes
                await at.press(mode)
                colour = at.app.screen.styles.background
                assert colours.setdefault((theme, mode), colour) == colour
        for mode in ("2", "3"):
            assert colours["lamplight", mode] != colours["paper", mode]


async def test_no_color_leaves_no_colour(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    filled.acme(store)
    async with start((120, 40)) as at:
        for mode in ("1", "2"):
            await at.press(mode)
            for strip in at.app.screen._compositor.render_strips():
                for segment in strip.apply_filter(
                    at.app._filters[-1], at.app.screen.background_colors[1]
                ):
                    if segment.style is not None:
                        colours = (segment.style.color, segment.style.bgcolor)
                        assert all(one is None or one.is_default for one in colours)


def test_without_a_terminal_run_says_what_to_run_instead(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from app.db.engines.store_factory import open_sqlite;"
        "from app.tui import run;"
        f"from app.settings import Settings; home = Path({str(tmp_path)!r});"
        "raise SystemExit(run(open_sqlite(home / 'panelist.db'), Settings(home)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert done.returncode == 1
    assert "panelist status" in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


FIRST_FRAME = """
import asyncio, sys
from pathlib import Path
from app.db.engines.store_factory import open_sqlite
from app.settings import Settings
from app.tui import Demo, PanelistApp

home = Path(sys.argv[1])
app = PanelistApp(open_sqlite(home / "panelist.db"), Settings(home), Demo("rk_test_x", "x", 1))
app._connect = lambda: None  # what comes after the first frame

async def main():
    async with app.run_test() as pilot:
        await pilot.press("2", "1")

asyncio.run(main())
late = ("app.sync", "app.sandbox", "keyring", "segno", "cryptography")
late += ("httpx", "stripe", "aiohttp", "h11")
print(*(name for name in sys.modules if name.startswith(late)))
"""


def test_the_first_frame_imports_no_sync(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME, str(tmp_path)], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()}, check=True,
    )  # fmt: skip
    assert done.stdout.split() == []


def test_the_app_needs_nothing_to_be_made(store: Store, tmp_path: Path) -> None:
    app = PanelistApp(store, Settings(tmp_path))
    assert app.stripe.engine is None
    assert plain(app.title) == "Panelist"


async def test_after_the_shell_the_whole_screen_is_drawn_again(start: Start) -> None:
    async with start((80, 24)) as at:
        drawn: list[object] = []
        screen = at.app.screen
        screen.screen_layout_refresh_signal.subscribe(screen, drawn.append, immediate=True)
        await at.pilot.pause()
        drawn.clear()
        at.app.app_resume_signal.publish(at.app)  # as Textual does after fg
        await at.until(lambda: bool(drawn))


async def test_the_app_opens_as_it_was_left(start: Start, store: Store) -> None:
    filled.acme(store)
    async with start((120, 40)) as at:
        await at.press("3", "down", "M")
        chosen = at.app.screen.query_one(SegmentTable).segment
        at.app.theme = "paper"
        await at.press("tab", "greater_than_sign")
    async with start((120, 40)) as at:
        assert (at.app.current_mode, at.app.theme, at.app.masking) == ("segments", "paper", True)
        assert at.app.screen.query_one(SegmentTable).segment == chosen
        assert "▴ Name" in at.text
