"""Two segments beside each other, and what every screen of groups and people does."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from app.db.rows import Fetched
from app.db.store import Store
from app.panel.segments.doubts import segments_with_doubts
from app.panel.segments.views import SegmentView, segments
from app.screens.groups_screen import GroupCounts
from app.screens.segments.compare_screen import CompareScreen
from app.screens.segments.history_screen import SegmentHistoryScreen
from app.screens.segments.pick_dialog import PickSegmentDialog
from app.screens.segments.segment_table import SegmentTable
from app.screens.status.screen import StatusScreen
from app.widgets.charts.group_bars import GroupBar
from app.widgets.filter_line import FilterLine
from tests.helpers import filled_store
from tests.helpers import rows as making
from tests.screens.conftest import SIZES, Driven, Start

HOSTILE = "\x1b]0;owned\x07[red]Eve[/]\u202e"
ACTIVE, BOTH, PRODUCT = range(3)  # the groups


@pytest.fixture
def here(store: Store) -> int:
    """Twelve customers: 0 to 5 are active, 4 to 8 have the product [b]Pro[/b], of whom 6 to 8 are
    in trial. 1, 4 and 8 have no email."""
    to = making.connection(store)
    people = [making.person(f"cus_{one:02}", name=f"Person {one:02}") for one in range(12)]
    for one in (1, 4, 8):
        people[one] = people[one]._replace(email=None)
    people[0] = people[0]._replace(name=HOSTILE)
    held = [
        making.subscribed(f"sub_{one}", f"cus_{one:02}", "active" if one < 6 else "trialing")
        for one in range(9)
    ]
    items = [making.item(f"sub_{one}", "prod_a") for one in range(4, 9)]
    products = [making.product("prod_a", "[b]Pro[/b]")]
    sent = Fetched(1, participants=people, products=products, subscriptions=held, items=items)
    making.send(store, to, sent)
    making.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


def view(store: Store, here: int, key: str) -> SegmentView:
    return next(one for one in segments(store, here) if one.key == key)


async def put(at: Driven, screen: CompareScreen) -> CompareScreen:
    """Show it, and wait until all is counted."""
    await at.app.push_screen(screen)
    await counted(at, screen)
    return screen


async def counted(at: Driven, screen: CompareScreen) -> None:
    await at.until(lambda: screen.counted is not None and not screen.busy)


def pair(store: Store, here: int, tell: Callable[[int], None] | None = None) -> CompareScreen:
    views = view(store, here, "active"), view(store, here, "product:prod_a")
    return CompareScreen(store, here, *views, masking=False, open_person=tell)


def people(at: Driven) -> list[str]:
    """The names of those who are listed."""
    assert isinstance(at.app.screen, CompareScreen)
    rows = at.app.screen.table._window.rows
    assert rows is not None
    return [cells[0].text for cells in rows.cells(0, len(rows))]


@pytest.mark.parametrize("size", SIZES)
async def test_each_group_has_its_numbers_and_people(
    start: Start, store: Store, here: int, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        screen = await put(at, pair(store, here))
        assert [(one.count, one.note) for one in screen.groups.state.groups] == [
            (4, "3 with email"),
            (2, "1 with email"),
            (3, "2 with email"),
        ]
        for said in ("44%", "22%", "33%", "3 with email", "9 people in A or B"):
            assert said in at.flat
        assert "Only B: [b]Pro[/b]" in at.flat
        assert people(at)[:3] == ["Person 03", "Person 02", "Person 01"]
        assert "\x1b]" not in at.text
        assert "\u202e" not in at.text
        await at.press("down")
        assert people(at) == ["Person 05", "Person 04"]
        assert "Person 05" in at.text
        await at.press("j", "down")
        assert people(at) == ["Person 08", "Person 07", "Person 06"]
        assert "In [b]Pro[/b], not in Active Subscribers" in at.flat
        assert "rows 1–3 of 3" in at.flat
        await at.press("tab", "G", "shift+tab", "up")
        assert screen.groups.has_focus
        assert people(at) == ["Person 05", "Person 04"]
        each = 2 if size == (120, 40) else 1  # lines of a group
        assert screen.groups.size.height == 3 * each
        for group in (PRODUCT, ACTIVE):
            await at.pilot.click(screen.groups, offset=(5, group * each))
            await at.pilot.pause()
            assert screen.groups.current == group


async def test_who_is_left_out_of_a_segment_is_said(start: Start, store: Store, here: int) -> None:
    store.execute(
        "INSERT INTO quarantine (connection_id, listing, stripe_id, reason, at, customer)"
        " VALUES (?, 'subscriptions', 'sub_odd', 'too deep', 1, 'cus_09')",
        (here,),
    )
    known = {one.key: one for one in segments_with_doubts(store, here)}
    left_out = "without 1 participant with a subscription that could not be stored"
    async with start((160, 40)) as at:
        screen = CompareScreen(store, here, known["none"], known["all"], masking=False)
        await put(at, screen)
        assert f"12 people in A or B, A {left_out}" in at.flat
        await at.app.push_screen(SegmentHistoryScreen(store, here, known["none"], masking=False))
        await at.until(lambda: f"history, {left_out}" in at.flat)


async def test_a_person_is_told_to_whoever_opened_it(start: Start, store: Store, here: int) -> None:
    told: list[int] = []
    async with start((120, 40)) as at:
        screen = await put(at, pair(store, here, told.append))
        await at.press("down", "enter")
        assert screen.table.has_focus
        await at.press("down", "enter")
        (name,) = store.row("SELECT name FROM participant WHERE id = ?", told)
        assert name == "Person 04"
        assert at.app.screen is screen
        await put(at, pair(store, here))  # nobody wants to know
        await at.press("tab", "enter")


async def test_a_and_b_change_places(start: Start, store: Store, here: int) -> None:
    async with start((120, 40)) as at:
        screen = await put(at, pair(store, here))
        await at.press("z")
        groups = screen.groups.state.groups
        assert [one.name for one in groups] == [
            "Only A: [b]Pro[/b]",
            "In both",
            "Only B: Active Subscribers",
        ]
        assert [one.count for one in groups] == [3, 2, 4]
        assert screen.groups.current == PRODUCT  # which is now what is in Active only
        assert people(at)[0] == "Person 03"
        assert "A [b]Pro[/b] 5" in at.flat
        assert "B Active Subscribers 6" in at.flat


@pytest.mark.parametrize("size", [(120, 40), (60, 20)])
async def test_without_a_second_one_it_asks(
    start: Start, store: Store, here: int, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        first = view(store, here, "active")
        screen = CompareScreen(store, here, first, None, masking=False)
        await at.app.push_screen(screen)
        await at.until(lambda: isinstance(at.app.screen, PickSegmentDialog))
        listed = at.app.screen.query_one(SegmentTable)
        assert "active" not in {one.key for one in listed.views}
        await at.press("p", "r", "o", "x")
        assert "No segment is called so" in at.flat
        await at.press("backspace")
        await at.until(lambda: [one.key for one in listed.views] == ["product:prod_a"])
        await at.press("enter", "enter")
        await counted(at, screen)
        assert [one.count for one in screen.groups.state.groups] == [4, 2, 3]
        await at.press("v")
        await at.until(lambda: isinstance(at.app.screen, PickSegmentDialog))
        await at.press("escape")
        assert at.app.screen is screen
        assert [one.count for one in screen.groups.state.groups] == [4, 2, 3]


async def test_whoever_chooses_no_second_one_is_back(start: Start, store: Store, here: int) -> None:
    async with start() as at:
        first = view(store, here, "active")
        await at.app.push_screen(CompareScreen(store, here, first, None, masking=False))
        await at.until(lambda: isinstance(at.app.screen, PickSegmentDialog))
        at.app.screen.query_one(FilterLine).focus()
        await at.press("escape")
        await at.until(lambda: isinstance(at.app.screen, StatusScreen))


async def test_masking_hides_people(start: Start, store: Store, here: int) -> None:
    async with start((160, 50)) as at:
        screen = await put(at, pair(store, here))
        await at.press("down", "M")
        await at.until(lambda: "MASKED" in at.flat)
        assert "P•••" in at.text
        for group in range(3):
            screen.groups._go(group)
            await at.pilot.pause()
            assert "Person" not in at.text
            assert "@example.com" not in at.text
        await at.press("M")
        assert "Person" in at.text


async def test_people_who_come_are_counted_and_the_cursor_stays(
    start: Start, store: Store, here: int
) -> None:
    async with start((120, 40)) as at:
        screen = await put(at, pair(store, here))
        await at.press("tab", "down")
        before = screen.table.current
        new = [making.person(f"cus_new{one}") for one in range(3)]
        held = [making.subscribed(f"sub_new{one}", f"cus_new{one}") for one in range(3)]
        making.send(store, here, Fetched(2, participants=new, subscriptions=held))
        screen._free_at = 0.0
        at.app.refresher.show()
        await at.until(lambda: screen.groups.state.groups[ACTIVE].note == "6 with email")
        assert screen.groups.state.groups[ACTIVE].count == 7
        assert screen.table.current == before
        assert len(people(at)) == 7


async def test_escape_goes_back_and_another_mode_does_not_end_it(
    start: Start, store: Store, here: int
) -> None:
    async with start() as at:
        screen = await put(at, pair(store, here))
        await at.press("question_mark")
        assert "Two segments beside each other" in at.flat
        await at.press("escape", "1", "2")
        assert at.app.screen is screen
        await at.press("escape")
        assert isinstance(at.app.screen, StatusScreen)


async def test_another_account_is_not_compared(start: Start, store: Store, here: int) -> None:
    other = filled_store.connection(store, account="acct_other", livemode=True)
    async with start() as at:
        at.app.refresher.account = here
        screen = await put(at, pair(store, here))
        at.app._show_account(other)
        await at.until(lambda: at.app.screen is not screen)
        assert isinstance(at.app.screen, StatusScreen)


async def test_a_database_that_fails_is_said(start: Start, store: Store, here: int) -> None:
    async with start((120, 40)) as at:
        store.execute("ALTER TABLE member RENAME TO elsewhere")
        await at.app.push_screen(pair(store, here))
        await at.until(lambda: "✗" in at.flat)
        assert "counting…" in at.flat
        store.execute("ALTER TABLE elsewhere RENAME TO member")


class Endless(CompareScreen):
    """One whose counting never ends by itself the first time: in Python, or in one statement."""

    sql = ""

    def count(self, step: Callable[[], None]) -> Iterator[GroupCounts]:
        if self.begun.is_set():
            while not self.let.is_set():
                step()
            yield GroupCounts(
                tuple(replace(one, count=1) for one in GROUPS), (array("q", [1]),) * 3
            )
            return
        self.begun.set()
        try:
            while True:
                step()
                if self.sql:
                    self._store.rows(self.sql)
        finally:
            self.ended.set()

    def prepare(self) -> Endless:
        self.begun, self.ended, self.let = (threading.Event() for _ in range(3))
        return self


GROUPS = tuple(GroupBar(name, 0) for name in "abc")
FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"


@pytest.mark.parametrize(("how", "sql"), [("escape", FOREVER), ("again", FOREVER), ("quit", "")])
async def test_counting_ends_when_nobody_looks(
    start: Start, store: Store, here: int, how: str, sql: str
) -> None:
    views = view(store, here, "active"), view(store, here, "none")
    screen = Endless(store, here, *views, masking=False).prepare()
    screen.sql = sql
    async with start() as at:
        await at.app.push_screen(screen)
        await at.until(screen.begun.is_set)
        assert "counting…" in at.flat
        if how == "escape":
            await at.press("escape")
            await at.until(screen.ended.is_set)
            assert isinstance(at.app.screen, StatusScreen)
        elif how == "again":
            screen.ask(reset=True)
            await at.until(screen.ended.is_set)
            await at.pilot.pause(0.1)
            assert screen.busy
            assert "✗" not in at.flat
            screen.let.set()
            await counted(at, screen)
            assert [one.count for one in screen.groups.state.groups] == [1, 1, 1]
    assert screen.ended.wait(10)
