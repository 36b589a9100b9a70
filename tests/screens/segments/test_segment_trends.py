"""How segments grew, why people are in them, and filters in the search line."""

from __future__ import annotations

import time

import pytest

from app.db.rows import Fetched
from app.db.store import Store
from app.invites import studies
from app.panel.segments.views import segments
from app.screens.segments.edit_dialog import SegmentEditDialog
from app.screens.segments.screen import SegmentsScreen
from app.screens.segments.standing_line import StandingLine
from app.widgets.filter_line import FilterInput
from app.widgets.inputs import TextField
from tests.db.test_history import happened, told
from tests.helpers import rows as making
from tests.screens.conftest import Driven, Start

DAY = 86_400


@pytest.fixture
def here(store: Store) -> int:
    """Five customers: 60 days ago three subscribed to Pro and two did not. 20 days ago one of these
    did, and 2 days ago one canceled after 14 months."""
    to = making.connection(store)
    now = int(time.time())
    store.execute(
        "UPDATE connection SET events_through = ?, generation = 1, status = 'complete'",
        (now - 60 * DAY,),
    )
    began = now - 2 * DAY - 436 * DAY
    people = [making.person(f"cus_{one}", name=f"Person {one}") for one in range(5)]
    held = [making.subscribed(f"sub_{one}", f"cus_{one}", start=began) for one in range(3)]
    items = [making.item(f"sub_{one}", "prod_a") for one in range(3)]
    first = Fetched(
        1,
        participants=people,
        subscriptions=held,
        items=items,
        products=[making.product("prod_a", "Pro")],
    )
    making.send(store, to, first)
    making.make_segments(store, to)
    for seq, (days, who, status) in enumerate([(20, 3, "active"), (2, 0, "canceled")], 2):
        at = now - days * DAY
        event = told("customer.subscription.updated", at, str(who))
        start, ended = (began, at) if status == "canceled" else (at, None)
        changed = making.subscribed(f"sub_{who}", f"cus_{who}", status, start=start, ended_at=ended)
        items = [making.item(f"sub_{who}", "prod_a")]
        happened(store, to, seq, event, subscriptions=[changed], items=items)
    return to


async def shown(at: Driven) -> SegmentsScreen:
    """The Segments screen, once it knows how the segments grew."""
    await at.press("3")
    screen = at.app.screen
    assert isinstance(screen, SegmentsScreen)
    await at.until(lambda: bool(screen.segment_table._trends))
    await at.pilot.pause()
    return screen


def row(at: Driven, name: str) -> str:
    """The line of a segment, without what stands beside it."""
    return next(line[:58] for line in at.text.splitlines() if name in line[:30])


async def test_each_segment_has_its_weeks_and_its_change(
    start: Start, store: Store, here: int
) -> None:
    async with start((120, 40)) as at:
        await shown(at)
        assert "change since a week" in at.flat
        assert row(at, "Active Subscribers").split()[-3:] == ["▁▁▁▁▁▇▇▁", "·", "−1"]
        assert row(at, "Former Subscribers").split()[-2:] == ["+1", "·"]
        await at.press("o")
        await at.until(lambda: row(at, "Active Subscribers").split()[-2:] == ["+1", "−1"])
        assert "change since a month" in at.flat
        await at.press("o")  # no study yet
        await at.until(lambda: row(at, "Active Subscribers").split()[-2:] == ["·", "−1"])
    study = studies.create(store, here, "Pricing page", "me")
    store.execute(
        'INSERT INTO run (study_id, kind, way, state, number, at, "by", go_at, machine)'
        " VALUES (?, 'invite', 'eml', 'done', 2, ?, 'me', 0, 'here')",
        (study, int(time.time()) - 30 * DAY),
    )
    async with start((120, 40)) as at:
        await shown(at)
        await at.press("o", "o")
        await at.until(lambda: "change since Pricing page" in at.flat)
        await at.until(lambda: row(at, "Active Subscribers").split()[-2:] == ["+1", "−1"])


async def test_before_the_first_sync_nothing_is_known(
    start: Start, store: Store, here: int
) -> None:
    store.execute("UPDATE cause SET at = ? WHERE generation = 1", (int(time.time()) - DAY,))
    async with start((120, 40)) as at:
        await shown(at)
        assert "·······" in row(at, "All Customers")


async def test_a_change_moves_the_trend(start: Start, store: Store, here: int) -> None:
    async with start((120, 40)) as at:
        screen = await shown(at)
        event = told("customer.subscription.updated", int(time.time()) - 60, "4")
        happened(store, here, 9, event, subscriptions=[making.subscribed("sub_4", "cus_4")])
        screen._read_at = screen._may_read_at = 0.0
        at.app.refresher.show()
        await at.until(lambda: row(at, "Active Subscribers").split()[-2:] == ["+1", "−1"])


async def test_why_follows_the_cursor(start: Start, store: Store, here: int) -> None:
    async with start((120, 40)) as at:
        screen = await shown(at)
        line = screen.query_one(StandingLine)

        def said() -> str:
            return str(line.render())

        await at.until(lambda: "Person 4 is in All Customers: a customer" in said())
        assert "Also in Never Subscribed" in said()
        await at.press("down", "enter")
        await at.until(lambda: "Person 3 has been in Active Subscribers since" in said())
        assert ": started Pro." in said()
        assert "Also in Pro since" in said()
        await at.press("down")
        await at.until(lambda: "Person 2 is in Active Subscribers: the subscription" in said())
        await at.press("M")
        await at.until(lambda: "P••" in said())
        assert "Person" not in said()
        await at.press("M", "escape", "down", "down", "down")
        await at.until(lambda: "Person 0 has been in Former Subscribers" in said())
        assert "canceled Pro after 14 months" in said()
        await at.press("up")  # no one is past due
        await at.until(lambda: not line.display)


async def test_the_search_line_takes_filters(start: Start, store: Store, here: int) -> None:
    async with start((120, 40)) as at:
        screen = await shown(at)
        members = screen._members
        await at.press("slash")
        assert "the customer's ID in Stripe" in at.flat
        await at.strike(*"stat")
        assert "the status of a subscription" in at.flat
        await at.press("tab", "colon")
        assert '"active" 3 participants' in at.flat  # the commonest first
        await at.press("tab")
        assert members.search.text == 'status:"active"'
        await at.until(lambda: members.ids is not None and len(members.ids) == 3)
        await at.press("enter", "slash", "end", "space", *"foo", "colon", "1")
        assert "✗" in at.flat
        assert len(members.ids or ()) == 3  # a mistake leaves the list as it is
        await at.press("escape")
        await at.until(lambda: members.ids is not None and len(members.ids) == 5)
        await at.press("up")
        assert "status" in members.search.text
        await at.press("up")
        assert members.search.text == 'status:"active"'
        await at.until(lambda: members.ids is not None and len(members.ids) == 3)
        field = screen.query_one(FilterInput)
        assert field.highlighter is not None
        await at.press("ctrl+s")
        form = at.app.screen
        assert isinstance(form, SegmentEditDialog)
        at.settle()
        form.query_one("#segment-name", TextField).focus()
        await at.press(*"Paying", "ctrl+s")
        await at.until(lambda: segments(store, here)[-1].name == "Paying")
        assert segments(store, here)[-1].filter == 'status:"active"'


async def test_words_are_still_searched(start: Start, store: Store, here: int) -> None:
    async with start((120, 40)) as at:
        members = (await shown(at))._members
        await at.press("slash")
        await at.press("3")
        await at.until(lambda: members.ids is not None and len(members.ids) == 1)
        await at.press("ctrl+s")
        assert "No filter is set" in at.toasts
        await at.press("escape", "escape", "ctrl+s")
        assert isinstance(at.app.screen, SegmentsScreen)
