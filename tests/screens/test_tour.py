"""The demo's tour, by its keys, and what a person is told to do first with their own account."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_sqlite
from app.db.store import Store
from app.invites import studies
from app.settings import Settings
from app.tui import PanelistApp
from app.widgets.lines.guide_line import GuideLine
from tests.helpers import filled_store as filled
from tests.helpers.demo_past import WrittenPast, written
from tests.screens.conftest import DEMO, Driven, Start


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> WrittenPast:
    found = written(tmp_path_factory.mktemp("tour") / "home", customers=120)
    found.store.end_bulk()
    return found


@pytest.fixture
def store(lived: WrittenPast, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(lived.store.where, tmp_path / "panelist.db")
    found = open_sqlite(tmp_path / "panelist.db")
    yield found
    found.close()


@pytest.fixture
def sync(lived: WrittenPast) -> filled.StandIn:
    report = filled.KeyReport(lived.past.company.account_id, lived.past.company.account_name)
    return filled.StandIn(report)


def guide(at: Driven) -> str:
    """What the line says on the screen in front."""
    lines = [one for one in at.app.screen.query(GuideLine) if one.display and one.size]
    if not lines:
        return ""
    row = at.text.splitlines()[lines[0].region.y]
    assert lines[0].region.height == 1
    assert lines[0].region.y == at.app.size.height - 2
    return " ".join(row.split())


async def says(at: Driven, text: str) -> None:
    await at.until(lambda: text in guide(at))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_each_step_names_a_key_and_moves_on(
    start: Start, sync: filled.StandIn, size: tuple[int, int]
) -> None:
    async with start(size, demo=DEMO, sync=sync) as at:
        await says(at, "1/5 Press 3 to see who your customers are.")
        assert at.app.current_mode == "status"  # it has connected by itself
        await at.until(lambda: at.app.stripe.running)
        await at.press("3")
        await says(at, "2/5 Press / to find one")
        await at.press("slash")
        await says(at, "2/5 Type part of a name")
        await at.press(*"har")
        await says(at, "3/5 Found. Press esc until the search is closed.")
        await at.press("escape", "escape")
        await says(at, "3/5 Press n to create a segment")
        await at.press("n")
        await says(at, "3/5 Type a name, tab, then created>-90d, then ^s to save.")
        at.settle()
        await at.press(*"New", "tab", *"created", "greater_than_sign", *"-90d")
        await at.until(lambda: "participants" in at.text)  # the filter was counted
        await at.press("ctrl+s")
        await says(at, "4/5 Press 4 for Studies")
        await at.press("4")
        await says(at, "4/5 Press p to see who this draft invites, and who it does not.")
        await at.press("p")
        await says(at, "5/5 Press 3 for Segments.")
        await at.press("3")
        await says(at, "5/5 Press home, then ↓ to go to Active Subscribers.")
        await at.press("home")
        await says(at, "5/5 Press ↓ to go to Active Subscribers.")
        await at.press("down")
        await says(at, "5/5 Press t to see who joined, who left, and why.")
        await at.press("t")
        await says(at, "That was the tour.")
        await at.press("f3")
        await at.until(lambda: guide(at) == "")


async def test_it_can_be_left_and_continued(start: Start, sync: filled.StandIn) -> None:
    async with start(demo=DEMO, sync=sync) as at:
        await says(at, "1/5")
        await at.press("3")
        await says(at, "2/5")
        await at.press("f3")
        await at.until(lambda: guide(at) == "")
        assert "You left the tour. Press f3 to continue it." in at.toasts
        await at.press("4")
        assert guide(at) == ""
        await at.press("f3")
        await says(at, "2/5 Press 3 for Segments.")
        assert at.app.remembered.get("tour") == "1"
        await at.press("question_mark", *"tour")
        await at.until(lambda: "Continue the demo's tour, or leave it" in at.text)
        await at.press("enter")
        await at.until(lambda: guide(at) == "")
        await at.press("ctrl+p", *"tour")
        await at.until(lambda: "Continue the demo's tour, or leave it" in at.text)
        await at.press("enter")
        await says(at, "2/5 Press 3 for Segments.")


async def test_escape_closes_what_is_on_top_and_never_the_tour(
    start: Start, sync: filled.StandIn
) -> None:
    async with start(demo=DEMO, sync=sync) as at:
        await says(at, "1/5")
        await at.press("3", "slash", "escape")
        await says(at, "2/5")
        await at.press("tab", "enter", "escape")  # a person
        await says(at, "2/5")
        await at.press("escape", "escape")  # nothing is open
        await says(at, "2/5")


async def test_there_is_no_tour_of_a_real_account(start: Start) -> None:
    async with start() as at:
        await at.press("f3", "escape")
        assert guide(at) == ""
        assert at.toasts == ""
        await at.press("ctrl+p", *"tour")
        await at.until(lambda: "No matches found" in at.text)


@pytest.fixture
def own(tmp_path: Path) -> Store:
    """A real account, of which a first sync runs."""
    (tmp_path / "own").mkdir()
    found = filled.new_store(tmp_path / "own")
    filled.acme(found)
    return found


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_a_new_account_is_told_what_to_do_first_until_it_is_done(
    own: Store, tmp_path: Path, size: tuple[int, int]
) -> None:
    app = PanelistApp(own, Settings(tmp_path, token_store="session"), None, filled.StandIn().load)
    async with app.run_test(size=size, notifications=True) as pilot:
        at = Driven(app, pilot, filled.StandIn())
        await says(at, "Next Press 3 to see who your customers are.")
        await at.press("3")
        assert guide(at) == ""
        await at.press("2")
        await says(at, "Next Press 4, then n, to create your first study.")
        (here,) = own.row("SELECT id FROM connection")
        studies.create(own, here, "Pricing page", "rosa")
        await at.press("3", "2")
        await at.until(lambda: guide(at) == "")
