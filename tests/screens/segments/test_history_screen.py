"""What changed in a segment since a day, and its size over time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest

from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from app.panel.dates import stepped
from app.panel.segments.views import SegmentView, segments
from app.screens.segments.history_screen import JOINED, LEFT, STAYED, SegmentHistoryScreen
from app.screens.status.screen import StatusScreen
from tests.db.test_history import happened, told
from tests.helpers import rows as making
from tests.screens.conftest import SIZES, Driven, Start

HOSTILE = "\x1b]0;owned\x07[red]Eve[/]\u202e"
DAY = 86_400
AGO = 40  # days since the first sync


@dataclass
class Past:
    """An account since its first sync, and how to ask about it."""

    store: Store
    here: int
    events: dict[int, str]  # which moved whom

    def view(self, key: str = "active") -> SegmentView:
        return next(one for one in segments(self.store, self.here) if one.key == key)

    def screen(
        self, key: str = "active", tell: Callable[[int], None] | None = None
    ) -> SegmentHistoryScreen:
        return SegmentHistoryScreen(
            self.store, self.here, self.view(key), masking=False, open_person=tell
        )


@pytest.fixture
def past(store: Store) -> Past:
    """Ten customers; 0 to 4 were active at the first sync, forty days ago. 35 days ago 5 came, 10
    days ago 0 went (for good) and 6 came, 5 days ago 1 went and 7 came, who is hostile."""
    to = making.connection(store)
    now = int(time.time())
    store.execute(
        "UPDATE connection SET events_through = ?, generation = 1, status = 'complete'",
        (now - AGO * DAY,),
    )
    people = [making.person(f"cus_{one}", name=f"Person {one}") for one in range(10)]
    people[7] = people[7]._replace(name=HOSTILE, email=None)
    held = [making.subscribed(f"sub_{one}", f"cus_{one}") for one in range(5)]
    making.send(store, to, Fetched(1, participants=people, subscriptions=held))
    making.make_segments(store, to)
    events: dict[int, str] = {}
    for seq, (days, who, status) in enumerate(
        [(35, 5, "active"), (10, 6, "active"), (5, 1, "canceled"), (5, 7, "active")], 2
    ):
        event = told("customer.subscription.updated", now - days * DAY, str(who))
        held = [making.subscribed(f"sub_{who}", f"cus_{who}", status)]
        events[who] = event.stripe_id
        happened(store, to, seq, event, subscriptions=held)
    gone = told("customer.deleted", now - 10 * DAY, "cus_0")
    happened(store, to, 9, gone, gone=[DeletedObject("participant", "cus_0")])
    return Past(store, to, events)


async def put(at: Driven, screen: SegmentHistoryScreen) -> SegmentHistoryScreen:
    """Show it, and wait until all is counted."""
    await at.app.push_screen(screen)
    await counted(at, screen)
    return screen


async def counted(at: Driven, screen: SegmentHistoryScreen) -> None:
    await at.until(lambda: screen.counted is not None and not screen.busy)


def numbers(screen: SegmentHistoryScreen) -> list[int]:
    return [one.count for one in screen.groups.state.groups]


def listed(screen: SegmentHistoryScreen) -> list[tuple[str, ...]]:
    rows = screen.table._window.rows
    assert rows is not None
    return [tuple(cell.text for cell in cells) for cells in rows.cells(0, len(rows))]


def since(screen: SegmentHistoryScreen) -> str:
    return screen._day.value


def day(before: int) -> date:
    return stepped(date.today(), "day", -before)


@pytest.mark.parametrize("size", SIZES)
async def test_who_came_and_went_and_why(start: Start, past: Past, size: tuple[int, int]) -> None:
    async with start(size) as at:
        screen = await put(at, past.screen())
        assert since(screen) == day(30).isoformat()
        assert "30 days ago" in at.flat
        assert numbers(screen) == [2, 2, 4]
        assert "6 then, 6 now: as many" in at.flat
        assert "\x1b]" not in at.text
        assert "\u202e" not in at.text
        (eve, six) = listed(screen)  # the latest first
        assert (six[0], six[3]) == ("Person 6", "subscription changed, " + past.events[6])
        assert eve[1] == "no email"
        assert eve[3].startswith("subscription changed, evt_")
        assert "subscription" in at.text
        await at.press("down")
        gone, first = listed(screen)[1], listed(screen)[0]
        assert (first[0], first[3].split(",")[0]) == ("Person 1", "subscription changed")
        assert gone[3].split(",")[0] == "participant deleted"
        await at.press("down")
        assert [one[3] for one in listed(screen)[1:]] == ["found by a sync"] * 3
        assert "rows 1–" in at.flat
        await at.until(lambda: "⠤" in at.text)  # the line
        assert "size over time" in at.flat


async def test_a_day_is_stepped_to(start: Start, past: Past) -> None:
    async with start() as at:
        screen = await put(at, past.screen())
        begun = past.store.row("SELECT min(at) FROM cause")[0]
        for keys, expected, found in (
            (["left_curly_bracket"], day(37), [3, 2, 3]),
            (["left_square_bracket"], day(38), [3, 2, 3]),
            (["right_square_bracket"] * 4, day(34), [2, 2, 4]),
            (["right_curly_bracket"] * 4, day(6), [1, 1, 5]),
            (["right_square_bracket"] * 5, day(1), [0, 0, 6]),
            (["left_parenthesis"], stepped(day(1), "month", -1), [2, 2, 4]),
        ):
            await at.press(*keys)
            await counted(at, screen)
            assert since(screen) == expected.isoformat()
            assert numbers(screen) == found
        await at.press("left_parenthesis")
        await counted(at, screen)
        assert numbers(screen) == [3, 2, 3]
        assert screen._since == begun
        assert "Nothing is known of before: the first sync began" in at.flat
        await at.press("right_parenthesis", "right_parenthesis")
        assert "That is in the future." in at.flat
        await counted(at, screen)
        assert screen._since > begun


async def test_a_day_is_typed_and_what_is_none_is_said_in_its_place(
    start: Start, past: Past
) -> None:
    async with start() as at:
        screen = await put(at, past.screen())
        for typed, said in (
            ("some day", "✗ That isn't a valid date. Type a day such as"),
            ("2999-01-01", "✗ That is in the future."),
            ("-1y", "✗ Nothing is known of before: the first sync began"),
        ):
            await at.press("o")
            await at.strike(*({" ": "space"}.get(sign, sign) for sign in typed), "enter")
            await counted(at, screen)
            assert said in at.flat
            if screen._day.has_focus:  # for another try
                await at.press("escape")
                assert "✗" not in at.flat
        await at.press("o", "minus", "7", "d", "enter")
        await counted(at, screen)
        assert since(screen) == day(7).isoformat()
        assert numbers(screen) == [1, 1, 5]
        assert "✗" not in at.flat
        assert screen.groups.has_focus
        await at.press("o", "3", "escape")
        assert since(screen) == day(7).isoformat()
        assert screen.groups.has_focus
        await at.press("escape")
        assert isinstance(at.app.screen, StatusScreen)


async def test_a_young_account_begins_with_its_first_sync(start: Start, past: Past) -> None:
    young = int(time.time()) - 3 * DAY
    past.store.execute("DELETE FROM past_member")
    past.store.execute("UPDATE cause SET at = ?", (young,))
    async with start((120, 40)) as at:
        screen = await put(at, past.screen())
        assert screen._since == young
        assert numbers(screen) == [0, 0, 6]
        assert "Joined since the first sync" in at.flat
        assert "✗" not in at.flat
        assert "No one is in this group." in at.flat
        await at.until(lambda: len(screen._points) > 1)
        moments = [at for at, _ in screen._points[:-1]]
        assert moments == list(range(moments[0], moments[-1] + 1, 3_600))
        assert screen._points[-1][0] <= time.time()


async def test_of_nobody_no_line_is_drawn(start: Start, past: Past) -> None:
    async with start() as at:
        screen = await put(at, past.screen("past_due"))
        await at.until(lambda: not screen.query_one("#history-size").display)
        assert numbers(screen) == [0, 0, 0]


async def test_before_the_first_sync_there_is_no_past(start: Start, past: Past) -> None:
    past.store.execute("UPDATE connection SET generation = 0")
    async with start() as at:
        await at.app.push_screen(past.screen())
        await at.press("left_square_bracket", "left_parenthesis")
        assert "There was no sync yet" in at.flat


async def test_masking_hides_people_and_a_person_is_told(start: Start, past: Past) -> None:
    who: list[int] = []
    async with start((160, 50)) as at:
        screen = await put(at, past.screen(tell=who.append))
        await at.press("M")
        await at.until(lambda: "MASKED" in at.flat)
        assert "P•••" in at.text
        for group in (LEFT, STAYED, JOINED):
            screen.groups._go(group)
            await at.pilot.pause()
            assert "Person" not in at.text
            assert "@example.com" not in at.text
        await at.press("enter", "G", "enter")
        (name,) = past.store.row("SELECT name FROM participant WHERE id = ?", who)
        assert name == "Person 6"


async def test_a_change_is_seen_and_the_size_with_it(start: Start, past: Past) -> None:
    async with start((120, 40)) as at:
        screen = await put(at, past.screen())
        await at.until(lambda: bool(screen._points))
        _, before = screen._points[-1]
        change = told("customer.subscription.updated", int(time.time()) - 60, "8")
        held = [making.subscribed("sub_8", "cus_8")]
        happened(past.store, past.here, 20, change, subscriptions=held)
        screen._free_at = 0.0
        at.app.refresher.show()
        await at.until(lambda: numbers(screen) == [3, 2, 4])
        await at.until(lambda: screen._points[-1][1] == before + 1)
        assert listed(screen)[0][0] == "Person 8"
