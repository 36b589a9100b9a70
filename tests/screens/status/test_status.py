"""Status: the lifecycle, the bars, the lists, and how often they are drawn."""

from __future__ import annotations

import threading
import time

import pytest

from app.db.rows import Fetched
from app.db.store import Store
from app.panel.overview import StepView
from app.panel.segments.reason_words import event_words
from app.screens.status.screen import StatusScreen
from app.widgets.charts.sync_steps import LIFECYCLE, Lifecycle, LifecycleState, StepState, SyncSteps
from app.widgets.content import words
from app.widgets.lines.text_line import TextLine
from app.widgets.rates import ArrivalRate, Arrivals, sparkline
from app.widgets.row_list import Row, RowList
from tests.db.test_history import happened, told
from tests.helpers import filled_store, rows
from tests.screens.conftest import DEMO, SIZES, Driven, Start

DAY = 86_400


@pytest.mark.parametrize("size", SIZES)
async def test_every_status_shows(start: Start, store: Store, size: tuple[int, int]) -> None:
    filled_store.connection(store, "pending", reason="by Stripe")
    order = list(LIFECYCLE)
    async with start(size) as at:
        for status in (one for one in (*LIFECYCLE, "disconnected") if one != "complete"):
            with store.transaction():
                store.execute("UPDATE connection SET status = ?", (status,))
            at.app.refresher.show()
            await at.pilot.pause()
            line = next(line for line in at.text.splitlines() if "pending" in line)
            for name, label in LIFECYCLE.items():
                reached = status in order and order.index(name) <= order.index(status)
                glyph = "○" if not reached else "●" if name == status != "complete" else "✓"
                assert f"{glyph} {label}" in line
        assert "✗ disconnected 14 Nov 2023" in at.text
        assert "by Stripe" in at.text


def test_the_lifecycle_fits_where_it_is_narrow() -> None:
    for status in (None, *LIFECYCLE, "disconnected"):
        for line in Lifecycle().draw(LifecycleState(status, "disconnected " * 9), 50):
            assert line.cell_length <= 50


@pytest.mark.parametrize("width", [40, 54, 57, 78])
def test_bars_for_every_state(width: int) -> None:
    steps = (
        StepState(StepView("products", "done", 12, 12, None)),
        StepState(StepView("prices", "pending", 0, None, None)),
        StepState(
            StepView("subscriptions", "skipped", 0, None, "The key has no permission to read them.")
        ),
        StepState(StepView("segments", "failed", 3, 8, "They could not be built.")),
        StepState(StepView("customers", "running", 900_000, 1_000_000, None), 2_440),
    )
    lines = [line.plain for line in SyncSteps().draw(steps, width)]
    assert all(len(line) <= width for line in lines) or width < 54
    text = "\n".join(lines)
    for glyph, name, words_ in (
        ("✓", "products", "done 12"),
        ("○", "prices", "waiting"),
        ("–", "subscriptions", "skipped"),
        ("✗", "segments", "failed 3"),
        ("●", "customers", "900,000"),
    ):
        (line,) = (line for line in lines if f"{glyph} {name}" in line)
        assert words_ in line
        assert "━" in line or "─" in line
    assert "The key has no permission to read them." in " ".join(text.split())
    assert "They could not be built." in text
    if width == 78:
        assert "900,000 of ≈ 1,000,000  2,440/s  41 s left" in text
    bars = {line.rindex(glyph) for line in lines for glyph in "━─" if line.endswith(glyph)}
    assert bars == set()  # a bar always has words behind it


def test_a_bar_is_full_only_when_the_step_is_done() -> None:
    running = StepState(StepView("customers", "running", 999_999, 1_000_000, None))
    (line,) = SyncSteps().draw((running,), 78)
    assert "━─" in line.plain
    over = StepState(StepView("customers", "running", 1_000_007, 1_000_000, None))
    (line,) = SyncSteps().draw((over,), 78)
    assert "─" not in line.plain


def test_rates_come_from_the_last_ten_seconds() -> None:
    rate = ArrivalRate()
    for second in range(40):
        rate.add(second, second * 100 if second < 20 else 2_000 + (second - 20) * 300)
    assert rate.per_second == 300
    rate.add(41.0, 0)  # a new listing began
    assert rate.per_second == 0
    rate.add(41.5, 500)
    assert rate.per_second == 0  # half a second says nothing yet


def test_arrivals_are_a_line_of_seconds() -> None:
    arrivals = Arrivals()
    for at, count in ((0.0, 0), (0.9, 5), (1.2, 15), (1.9, 20), (3.5, 40)):
        arrivals.add(at, count)
    assert arrivals.bars(4.0) == (15, 0, 20, 0)
    assert sparkline(arrivals.bars(4.0), 3) == " █ "
    assert sparkline((), 10) == ""


def test_events_are_told_in_words() -> None:
    assert event_words("customer.subscription.updated") == "subscription changed"
    assert event_words("customer.created") == "new customer"
    assert event_words("customer.subscription.created") == "new subscription"
    assert event_words("customer.subscription.deleted") == "subscription ended"
    assert event_words("invoice.payment_failed") == "invoice payment failed"


@pytest.mark.parametrize("size", SIZES)
async def test_after_the_first_sync_there_is_what_changed(
    start: Start, store: Store, size: tuple[int, int]
) -> None:
    here = rows.connection(store)
    now = int(time.time())
    store.execute(
        "UPDATE connection SET events_through = ?, generation = 1, status = 'complete'",
        (now - 40 * DAY,),
    )
    people = [rows.person(f"cus_{one}") for one in range(4)]
    held = [rows.subscribed(f"sub_{one}", f"cus_{one}", "trialing") for one in range(3)]
    rows.send(store, here, Fetched(1, participants=people, subscriptions=held))
    rows.make_segments(store, here)
    for one, status in enumerate(("active", "active", "canceled")):
        moment = now - DAY - one
        event = told("customer.subscription.updated", moment, str(one))
        ended = moment if status == "canceled" else None
        held = [rows.subscribed(f"sub_{one}", f"cus_{one}", status, start=moment, ended_at=ended)]
        happened(store, here, one + 2, event, subscriptions=held)
    async with start(size) as at:
        await at.press("2")
        await at.until(lambda: "Trialing → Active Subscribers  2" in at.text)
        assert "Trialing → Former Subscribers  1" in at.text
        assert "Subscriptions started and ended per day" in at.flat or size[0] < 80
        assert "+3" in at.text
        assert "−1" in at.text
        assert not at.app.screen.query_one("#segments").display
        assert not at.app.screen.query_one("#first-sync").display
        if size[0] >= 100:
            assert "participants" in at.text
            assert "Connection" in at.text
            assert "API requests" in at.text


async def test_what_was_read_before_the_end_of_the_first_sync_is_read_again(
    start: Start, store: Store
) -> None:
    here = filled_store.acme(store)
    store.execute("UPDATE connection SET status = 'segments_synced' WHERE id = ?", (here,))
    async with start((120, 40)) as at:
        await at.press("2")
        screen = at.app.screen
        assert isinstance(screen, StatusScreen)
        before = screen._lists_read_at
        store.execute("UPDATE connection SET status = 'complete'")
        at.app.refresher.show()
        await at.pilot.pause()
        assert screen._lists_read_at > before


async def test_the_lists_say_what_they_hold(start: Start, store: Store) -> None:
    filled_store.acme(store)
    async with start((120, 40)) as at:
        assert "▲ warning" in at.text
        assert "Customer changed: Ada Lovelace" in at.text
        assert "12,300  All Customers  " in at.text
        assert "no credentials are stored" in at.text
        assert "of at least 333,333 this month" in str(
            at.app.screen.query_one("#polling", TextLine).render()
        )


async def test_a_row_that_arrives_above_does_not_move_what_is_read(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start((120, 40)) as at:
        await at.press("2")
        monkeypatch.setattr(at.app.refresher, "show", lambda fresh=True: None)  # no other rows come
        rows = [Row(words(f"{n} "), words(f"row number {n}")) for n in range(100)]
        lines = at.app.screen.query_one("#messages", RowList)
        lines.show(rows[10:])
        await at.pilot.pause()
        lines.scroll_to(y=20, animate=False)
        await at.pilot.pause()
        assert "row number 30" in at.text
        lines.show(rows)
        await at.pilot.pause()
        assert "row number 30" in at.text
        assert "row number 29" not in at.text


async def syncing(at: Driven) -> filled_store.StandInEngine:
    await at.press("d")
    await at.until(lambda: at.app.stripe.running and at.app.current_mode == "status")
    return at.sync.engines[0]


async def test_a_sync_is_shown_as_it_goes(start: Start, store: Store) -> None:
    async with start((120, 40), demo=DEMO) as at:
        engine = await syncing(at)
        (to,) = store.row("SELECT id FROM connection")
        assert "participants ● " in at.text.splitlines()[0]
        assert "DEMO" in at.text
        filled_store.step(store, to, "customers", "running", 500, 1_000)
        filled_store.segment(store, to, "all", 500)
        engine.activity.doing = "Fetching customers at full speed"
        assert engine.on_change
        engine.on_change(None)
        await at.until(lambda: "500 of ≈ 1,000" in at.text)
        assert "Fetching customers at full speed" in at.text
        engine.activity.problem = True
        engine.on_change(None)
        await at.until(lambda: " ! " in at.text.splitlines()[0])
        await at.press("r")
        assert engine.asked == 1
        assert "Checking Stripe for changes" in at.toasts


async def test_an_engine_that_ended_by_itself_says_why(start: Start, store: Store) -> None:
    async with start((120, 40), demo=DEMO) as at:
        engine = await syncing(at)
        engine.running = False
        engine.activity.doing = "The sync stopped: an internal error"
        at.app.refresher.show()
        await at.pilot.pause()
        assert "not syncing" in at.text
        assert "The sync stopped: an internal error" in at.text


@pytest.mark.parametrize("mode", ["2", "3", "4"])
async def test_every_mode_says_that_the_database_is_away(
    start: Start, store: Store, mode: str
) -> None:
    async with start((120, 40), demo=DEMO) as at:
        await syncing(at)
        await at.press(mode)
        store.execute("ALTER TABLE connection RENAME TO lost")
        at.app.refresher.show()
        await at.pilot.pause()
        assert "no database" in at.text.splitlines()[0]
        store.execute("ALTER TABLE lost RENAME TO connection")
        at.app.refresher.show()
        await at.pilot.pause()
        assert "no database" not in at.text


async def test_ten_thousand_changes_are_a_few_looks(start: Start, store: Store) -> None:
    async with start((120, 40), demo=DEMO) as at:
        engine = await syncing(at)
        before = at.app.refresher.reads
        done = threading.Event()

        def write() -> None:
            assert engine.on_change
            for _ in range(10_000):
                engine.on_change(None)
            done.set()

        threading.Thread(target=write).start()
        await at.until(done.is_set)
        after = at.app.refresher.reads
        assert after - before <= 10
        await at.until(lambda: at.app.refresher.reads > before)  # and the last one is not lost


async def test_a_hidden_status_screen_does_nothing(start: Start, store: Store) -> None:
    async with start((120, 40), demo=DEMO) as at:
        engine = await syncing(at)
        status = at.app.screen
        shown = status.query_one(SyncSteps).state
        await at.press("1")
        (to,) = store.row("SELECT id FROM connection")
        filled_store.step(store, to, "customers", "running", 77, 1_000)
        assert engine.on_change
        reads = at.app.refresher.reads
        engine.on_change(None)
        await at.until(lambda: at.app.refresher.reads > reads)
        assert status.query_one(SyncSteps).state == shown
        await at.press("2")  # coming back reads again
        assert "77 of ≈ 1,000" in at.text
