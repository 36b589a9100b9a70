"""Keys that are typed faster than the app follows go where they would go if typed slowly."""

from __future__ import annotations

import pytest
from textual.events import Key

from app.db.store import Store
from app.screens.segments.members import MembersPane
from app.screens.studies.confirm_dialog import ConfirmSendDialog
from app.screens.studies.edit_dialog import StudyEditDialog
from app.screens.studies.plan_screen import PlanScreen
from app.widgets.inputs import TextField
from tests.helpers.study_keys import invites, look, people
from tests.helpers.study_world import study
from tests.screens.conftest import SIZES, Driven, Start


@pytest.fixture
def here(store: Store) -> int:
    return people(store)


def burst(at: Driven, *keys: str) -> None:
    """All of them at once, as a terminal hands on what was pasted or sent by a program."""
    for key in keys:
        at.app.post_message(Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize("size", SIZES)
async def test_from_field_to_field(start: Start, here: int, size: tuple[int, int]) -> None:
    async with start(size) as at:
        burst(at, "4", "n")
        await at.until(lambda: isinstance(at.app.screen, StudyEditDialog))
        at.settle()
        await at.pilot.pause()
        burst(at, *"One", "enter", *"Two", "tab", "tab", *"Three")
        form = at.app.screen
        names = ("title", "purpose", "sender_name")
        fields = [form.query_one(f"#study-{name}", TextField) for name in names]
        await at.until(lambda: fields[2].value == "Three")
        assert [field.value for field in fields] == ["One", "Two", "Three"]


async def test_into_a_search(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        burst(at, "3", "slash", *"cus_07", "enter", "enter")
        await at.until(lambda: "rows 1–1 of 1" in at.flat)
        await at.until(lambda: "Person 07" in at.flat)


async def test_a_key_that_is_held_moves_as_often(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        burst(at, "3", "enter")
        await at.until(lambda: "rows 1–12 of 12" in at.flat)
        members = at.app.screen.query_one(MembersPane)
        burst(at, *["down"] * 9, *["up"] * 3, *["down"] * 2)
        ids = members.ids
        assert ids is not None
        await at.until(lambda: members.table.current == ids[8])


async def test_no_burst_sends(start: Start, here: int, store: Store) -> None:
    """The dialog takes none of the keys that were typed before a person can have read it."""
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        burst(at, "p")
        await at.until(lambda: isinstance(at.app.screen, PlanScreen))
        screen = at.app.screen
        assert isinstance(screen, PlanScreen)
        await at.until(lambda: screen.counted is not None)
        burst(at, "i", "enter", "enter")
        await at.until(lambda: isinstance(at.app.screen, ConfirmSendDialog))
        at.rejuvenate()
        burst(at, *"11", "enter", "enter", *"11", "enter")
        await at.pilot.pause()
        await at.press("enter")
        assert invites(store) == 0
