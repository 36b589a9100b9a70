"""The Segments mode: segments, the people of one, a person, why, and segments of one's own."""

from __future__ import annotations

import json

import pytest
from textual.screen import Screen

from app.db.rows import Fetched
from app.db.store import Store
from app.panel.segments.views import segments
from app.screens.reason_dialog import ReasonDialog
from app.screens.segments.compare_screen import CompareScreen
from app.screens.segments.copy_dialog import CopyDialog
from app.screens.segments.edit_dialog import SegmentEditDialog
from app.screens.segments.history_screen import SegmentHistoryScreen
from app.screens.segments.members import MembersPane
from app.screens.segments.pick_dialog import PickSegmentDialog
from app.screens.segments.screen import SegmentsScreen
from app.screens.segments.segment_table import SegmentTable
from app.screens.segments.why_dialog import WhyDialog
from app.widgets.dialog import QuestionDialog
from tests.helpers import rows
from tests.screens.conftest import SIZES, Driven, Start

HOSTILE = "\x1b]0;owned\x07[red]Eve[/]\u202e"
PEOPLE = 30


@pytest.fixture
def here(store: Store) -> int:
    """An account with thirty customers, one of them hostile, of whom ten subscribe."""
    to = rows.connection(store)
    people = [
        rows.person(
            f"cus_{one:02}", name=f"Person {one:02}", created=1_700_000_000 + one,
            metadata=json.dumps({"tier": "gold" if one == 7 else "free"}),
        )
        for one in range(PEOPLE)
    ]  # fmt: skip
    people[3] = people[3]._replace(name=HOSTILE, email=None)
    sent = Fetched(
        1,
        participants=people,
        products=[rows.product("prod_a", "[b]Pro[/b]")],
        subscriptions=[rows.subscribed(f"sub_{one}", f"cus_{one:02}") for one in range(10)],
        items=[rows.item(f"sub_{one}", "prod_a") for one in range(10)],
    )
    rows.send(store, to, sent)
    rows.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


async def look(at: Driven) -> MembersPane:
    """Go there, and wait until the people are."""
    await at.press("3")
    await at.until(lambda: bool(at.app.screen.query(MembersPane)))
    members = at.app.screen.query_one(MembersPane)
    await at.until(lambda: members.ids is not None)
    return members


async def put(at: Driven, text: str) -> None:
    """Type a text."""
    await at.press(*({" ": "space"}.get(sign, sign) for sign in text))


@pytest.mark.parametrize("size", [*SIZES, (160, 50)])
async def test_segments_and_people_are_there(
    start: Start, here: int, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        members = await look(at)
        assert "All Customers" in at.flat
        assert "of 30" in at.flat
        assert "\x1b]" not in at.text
        assert "\u202e" not in at.text
        assert at.app.screen.focused is at.app.screen.query_one(SegmentTable)
        await at.press("down", "enter")
        await at.until(lambda: members.ids is not None and len(members.ids) == 10)
        assert at.app.screen.focused is members.table
        await at.press("G", "enter")
        assert "Subscriptions" in at.flat
        assert "sub_" in at.flat
        await at.press("escape")
        assert "Subscriptions" not in at.flat


async def test_a_heading_is_left_out(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        await look(at)
        listed = at.app.screen.query_one(SegmentTable)
        found = []
        for key in ["down"] * 10 + ["up"] * 10:
            await at.press(key)
            assert listed.segment is not None
            found.append(listed.segment.key)
        assert found[6:8] == ["none", "product:prod_a"]  # the heading between them is passed over
        assert "[b]Pro[/b]" in at.text
        assert found[-1] == "all"


@pytest.mark.parametrize(("typed", "found"), [("person 2", 10), ("cus_07", 1), ("gold", 1)])
async def test_a_search_narrows(start: Start, here: int, typed: str, found: int) -> None:
    async with start((120, 40)) as at:
        members = await look(at)
        await at.press("slash")
        await put(at, typed)
        await at.until(lambda: members.ids is not None and len(members.ids) == found)
        await at.press("enter")
        assert at.app.screen.focused is members.table
        await at.press("escape")
        await at.until(lambda: members.ids is not None and len(members.ids) == PEOPLE)
        assert not members.search.display


async def test_columns_sort_and_the_other_way(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        members = await look(at)
        members.table.focus()
        for descending in (False, True):
            await at.press("greater_than_sign" if not descending else "less_than_sign")
            await at.until(lambda: members.ids is not None)
        await at.press("greater_than_sign")
        await at.until(lambda: members.ids is not None and "▴ Name" in at.text)
        assert "Person 00" in at.text.split("▴ Name")[1].splitlines()[2]


async def test_the_cursor_stays_on_its_person(start: Start, here: int, store: Store) -> None:
    async with start((120, 40)) as at:
        members = await look(at)
        members.table.focus()
        await at.press("down", "down", "down")
        before = members.table.current
        rows.send(store, here, Fetched(2, participants=[rows.person("cus_new", name="New")]))
        at.app.refresher.show()
        await at.until(lambda: members.ids is not None and len(members.ids) == PEOPLE + 1)
        assert members.table.current == before


async def test_masking_hides_people_everywhere(start: Start, here: int) -> None:
    async with start((160, 50)) as at:
        members = await look(at)
        members.table.focus()
        await at.press("enter", "M")
        await at.until(lambda: "MASKED" in at.flat)
        await at.pilot.pause()
        assert "Person" not in at.text
        assert "@example.com" not in at.text
        await at.press("w")
        assert isinstance(at.app.screen, WhyDialog)
        assert "Person" not in at.text
        assert "@example.com" not in at.text


@pytest.mark.parametrize("size", SIZES)
async def test_why_answers_for_every_segment(
    start: Start, here: int, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        members = await look(at)
        members.table.focus()
        await at.press("G", "w")
        assert isinstance(at.app.screen, WhyDialog)
        await at.until(lambda: "In All Customers:" in at.flat)
        await at.press("down", "down")
        await at.until(lambda: "Not in Trialing:" in at.flat)
        await at.press("escape")
        assert members.table.has_focus


async def test_making_changing_and_deleting_ones_own(start: Start, here: int, store: Store) -> None:
    async with start((120, 40)) as at:
        await look(at)
        await at.press("n")
        assert isinstance(at.app.screen, SegmentEditDialog)
        at.settle()
        await put(at, "Gold")
        await at.press("enter")
        await put(at, "metadata[")
        await at.press("tab")
        await put(at, ':"gold"')
        await at.until(lambda: "1 participant" in at.flat)
        await at.press("ctrl+s")
        await at.until(lambda: not isinstance(at.app.screen, SegmentEditDialog))
        listed = at.app.screen.query_one(SegmentTable)
        await at.until(lambda: listed.segment is not None and listed.segment.name == "Gold")
        assert [one.count for one in segments(store, here) if one.kind == "own"] == [1]
        await at.press("e")
        at.settle()
        await put(at, "s")
        await at.press("ctrl+s")
        await at.until(lambda: listed.segment is not None and listed.segment.name == "Golds")
        await at.press("D")
        assert isinstance(at.app.screen, QuestionDialog)
        at.settle()
        await at.press("y")
        await at.until(lambda: not [one for one in segments(store, here) if one.kind == "own"])
        await at.until(lambda: listed.segment is not None and listed.segment.kind != "own")


async def test_a_broken_filter_is_said_at_its_place_and_kept(start: Start, here: int) -> None:
    async with start((80, 24)) as at:
        await look(at)
        await at.press("n")
        at.settle()
        await put(at, "Mine")
        await at.press("enter")
        await put(at, "status:nonsense AND curr")
        assert "^" in at.text
        await at.press("ctrl+s")
        await at.until(lambda: "✗" in at.flat and "Saving" not in at.flat)
        assert isinstance(at.app.screen, SegmentEditDialog)
        assert "Mine" in at.flat
        at.app.screen.action_cancel()
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert "Discard your changes" in at.flat


async def test_what_comes_with_the_data_is_not_changed(start: Start, here: int) -> None:
    async with start((120, 40)) as at:
        await look(at)
        for key in ("e", "d"):
            await at.press(key)
            assert "Built-in segments cannot be changed" in at.toasts


async def test_without_an_account_it_says_so(start: Start) -> None:
    async with start((80, 24)) as at:
        await at.press("3")
        await at.until(lambda: "No account is connected" in at.flat)
        await at.press("w", "n", "e")
        assert "No account" in at.flat


@pytest.mark.parametrize("width", [40, 60, 80])
async def test_the_keys_that_matter_are_named_where_it_is_narrow(
    start: Start, here: int, width: int
) -> None:
    async with start((width, 24)) as at:
        await look(at)
        last = at.text.splitlines()[-1]
        assert last.rstrip().endswith("? All keys")
        assert last.startswith(" ⏎ Open")
        assert ("/ Search" in last, "w Why" in last) == (True, width >= 60)


async def test_compared_with_another_and_back_at_a_person(start: Start, here: int) -> None:
    async with start() as at:
        await look(at)
        await at.press("v")
        await at.until(lambda: isinstance(at.app.screen, PickSegmentDialog))
        await put(at, "active sub")
        await at.press("enter", "enter")
        await at.until(lambda: "participants in A or B" in at.flat)
        await at.press("enter", "enter")
        await at.until(lambda: "Subscriptions" in at.flat)
        assert isinstance(at.app.screen, SegmentsScreen)
        await at.press("escape")  # back to where the person was chosen
        assert isinstance(at.app.screen, CompareScreen)
        await at.until(lambda: "participants in A or B" in at.flat)
        await at.press("escape", "escape")
        assert isinstance(at.app.screen, SegmentsScreen)
        assert not at.app.screen.person_pane.display


@pytest.mark.parametrize(
    ("key", "screen", "shown"),
    [("t", SegmentHistoryScreen, "history"), ("y", CopyDialog, "Dashboard link")],
)
async def test_a_key_opens_what_belongs_to_it(
    start: Start, here: int, key: str, screen: type[Screen[None]], shown: str
) -> None:
    async with start() as at:
        members = await look(at)
        await at.press(key)
        await at.until(lambda: isinstance(at.app.screen, screen))
        assert shown in at.flat
        await at.press("escape")
        assert at.app.screen.query_one(MembersPane) is members


@pytest.mark.parametrize("key", ["v", "t", "w", "y", "x"])
async def test_where_nothing_is_chosen_a_key_does_no_harm(start: Start, key: str) -> None:
    async with start() as at:
        await at.press("3", key)
        assert isinstance(at.app.screen, SegmentsScreen)


async def test_a_person_is_opted_out_and_allowed_again_without_an_invite(
    start: Start, here: int, store: Store
) -> None:
    async with start((120, 40)) as at:
        await look(at)
        await at.press("tab", "X")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert "Never contact" in at.flat
        at.settle()
        await at.press("y")
        await at.until(lambda: "A allows it again" in at.toasts)
        assert store.rows("SELECT kind FROM opt_out") == [("opted_out",)]
        await at.press("X")  # nothing is asked twice
        await at.until(lambda: "already" in at.toasts)
        await at.press("A")
        await at.until(lambda: isinstance(at.app.screen, ReasonDialog))
        at.settle()
        await at.press(*"asked", "enter")
        await at.until(lambda: "can be contacted again" in at.toasts)
        assert store.rows("SELECT kind FROM opt_out") == []


async def test_a_person_is_erased_after_a_question_and_may_stay(
    start: Start, here: int, store: Store
) -> None:
    async with start((120, 40)) as at:
        await look(at)
        await at.press("tab", "enter")
        for said, number in (("erased", 1), ("erasure was undone", 0)):
            await at.press("E")
            await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
            question = at.app.screen
            assert isinstance(question, QuestionDialog)
            question.opened = 0.0
            await at.strike("y")
            while said not in at.toasts:  # the test's time limit ends it
                await at.pilot.pause()
            assert len(store.rows("SELECT 1 FROM erasure")) == number
            assert ("Press E to undo this" in at.flat) == bool(number)
