"""What changed in a segment since a day, and its size over time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from app.invites import studies
from app.panel.dates import stepped
from app.panel.segments.views import SegmentView, segments
from app.screens.export_dialog import ExportDialog
from app.screens.segments.history_screen import JOINED, LEFT, STAYED, SegmentHistoryScreen
from app.screens.status.screen import StatusScreen
from app.text import plain
from app.widgets.inputs import TextField
from app.widgets.lines.text_line import TextLine
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
        await at.press("tab")
        assert screen.groups.has_focus
        assert since(screen) == day(30).isoformat()
        assert "30 days ago" in at.flat
        assert numbers(screen) == [2, 2, 4]
        assert "\x1b]" not in at.text
        assert "\u202e" not in at.text
        (eve, six) = listed(screen)  # the latest first
        assert six[:3] == ("+", "Person 6", "started a subscription")
        assert six[5] == past.events[6]
        assert eve[4] == "no email"
        assert eve[2] == "started a subscription"
        await at.press("down")
        gone, first = listed(screen)[1], listed(screen)[0]
        assert first[:2] == ("−", "Person 1")
        assert first[2] == "canceled a subscription"
        assert gone[2] == "deleted in Stripe"
        await at.press("down")
        assert [one[2] for one in listed(screen)[1:]] == ["first seen in a sync"] * 3
        assert "rows 1–" in at.flat or size[0] < 80


async def test_the_cursor_walks_the_days_and_says_who_moved(start: Start, past: Past) -> None:
    async with start((120, 40)) as at:
        screen = await put(at, past.screen())
        await at.until(lambda: screen._history is not None)

        def shown() -> date:
            assert screen._history is not None
            return screen._history.day(screen.chart.state.cursor)

        assert shown() == day(5)  # the last day on which anyone moved
        assert [one[:2] for one in listed(screen)] == [
            ("−", "Person 1"),
            ("+", plain(HOSTILE)),
        ]
        assert "6 → 6 +1 −1" in at.flat
        await at.press("right")
        assert shown() == day(4)
        assert "No one joined or left on this day." in at.flat
        await at.press("left", "left_square_bracket", "l")
        assert shown() == day(11)
        await at.press("right")
        assert [one[:2] for one in listed(screen)] == [("−", "Person 0"), ("+", "Person 6")]
        assert "deleted in Stripe" in at.flat
        await at.press("left_curly_bracket")
        assert shown() == day(40)
        await at.press("left")
        assert shown() == day(40)  # nothing is known of before
        await at.press("end", "right")
        assert shown() == day(0)
        await at.press("right_curly_bracket", "home", "enter")
        assert screen.table.has_focus
        await at.press("left_square_bracket")
        assert shown() == day(40)


async def test_a_study_is_a_mark_on_the_axis(start: Start, past: Past) -> None:
    study = studies.create(past.store, past.here, "Pricing page", "me")
    past.store.execute(
        'INSERT INTO run (study_id, kind, way, state, number, at, "by", go_at, machine)'
        " VALUES (?, 'invite', 'eml', 'done', 2, ?, 'me', 0, 'here')",
        (study, int(time.time()) - 20 * DAY),
    )
    async with start((120, 40)) as at:
        await put(at, past.screen())
        await at.until(lambda: "▲" in at.text)
        assert "Pricing page" in at.text
        assert "change since Pricing page" in at.flat
        assert "+2 −2" in at.flat


async def test_the_people_of_a_day_are_kept_exported_and_invited(
    start: Start, past: Past, tmp_path: Path
) -> None:
    async with start((120, 40)) as at:
        screen = await put(at, past.screen())
        await at.until(lambda: screen._history is not None)
        await at.press("x")
        form = at.app.screen
        assert isinstance(form, ExportDialog)
        at.settle()
        form.query_one("#export-file", TextField).value = str(tmp_path / "out.csv")
        await at.press("enter")
        await at.until(lambda: form._done)
        await at.press("escape")
        assert "Exported 2 participants to" in at.toasts
        assert "cus_1" in (tmp_path / "out.csv").read_text()
        await at.press("n")
        await at.until(lambda: "Saved 2 participants" in at.toasts)
        kept = segments(past.store, past.here)[-1]
        assert (kept.count, kept.filter) == (2, 'id:"cus_1" OR id:"cus_7"')
        await at.press("i")
        await at.until(lambda: at.app.current_mode == "studies")
        await at.until(lambda: "Created the study" in at.toasts)
        (made,) = studies.studies(past.store, past.here)
        assert made.segments == (segments(past.store, past.here)[-1].key,)
        assert made.title == f"{kept.name} 2"


async def test_a_day_is_typed_and_what_is_none_is_said_in_its_place(
    start: Start, past: Past
) -> None:
    async with start() as at:
        screen = await put(at, past.screen())
        for typed, said in (
            ("some day", "✗ That is not a valid date. Type a day such as"),
            ("2999-01-01", "✗ That day is in the future."),
            ("-1y", "✗ There is no history before that: the first sync began"),
        ):
            await at.press("o")
            await at.strike(*({" ": "space"}.get(sign, sign) for sign in typed), "enter")
            await counted(at, screen)
            assert said in str(screen.query_one("#history-said", TextLine).render())
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
        await at.press("tab")
        assert screen._since == young
        assert numbers(screen) == [0, 0, 6]
        assert "Joined since the first sync" in at.flat
        assert "✗" not in at.flat
        assert "No one is in this group." in at.flat
        assert screen.chart.state.sizes == (6, 6, 6, 6)


async def test_a_segment_without_anyone_has_a_flat_line(start: Start, past: Past) -> None:
    async with start() as at:
        screen = await put(at, past.screen("past_due"))
        assert numbers(screen) == [0, 0, 0]
        assert set(screen.chart.state.sizes) == {0}


async def test_before_the_first_sync_there_is_no_past(start: Start, past: Past) -> None:
    past.store.execute("UPDATE connection SET generation = 0")
    async with start() as at:
        await at.app.push_screen(past.screen())
        await at.press("left_square_bracket", "left", "i")
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
        await at.press("tab", "enter", "G", "enter")
        (name,) = past.store.row("SELECT name FROM participant WHERE id = ?", who)
        assert name == "Person 6"


async def test_a_change_is_seen_and_the_size_with_it(start: Start, past: Past) -> None:
    async with start((120, 40)) as at:
        screen = await put(at, past.screen())
        await at.press("tab")
        before = screen.chart.state.sizes[-1]
        change = told("customer.subscription.updated", int(time.time()) - 60, "8")
        held = [making.subscribed("sub_8", "cus_8")]
        happened(past.store, past.here, 20, change, subscriptions=held)
        screen._free_at = 0.0
        at.app.refresher.show()
        await at.until(lambda: numbers(screen) == [3, 2, 4])
        await at.until(lambda: screen.chart.state.sizes[-1] == before + 1)
        assert listed(screen)[0][1] == "Person 8"
