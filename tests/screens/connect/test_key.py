"""Connect: one key at a time, never shown, and a yes for a live account."""

from __future__ import annotations

import pytest
from textual import events

from app.db.store import Store
from app.screens.connect.key_form import KeyInput
from app.screens.connect.methods import MethodList
from app.services import connection_start
from app.sync.auth.key_check import KeyProblem
from app.sync.stripe.client import ProblemKind
from app.widgets.dialog import QuestionDialog
from tests.helpers import filled_store
from tests.screens.conftest import DEMO, SIZES, Driven, Start

KEY = "rk_test_abcdefgh12345678"


async def give(at: Driven, key: str = KEY) -> None:
    field = at.app.screen.query_one(KeyInput)
    field.focus()
    field.value = key
    await at.press("enter")


@pytest.mark.parametrize("size", SIZES)
async def test_the_ways_are_told_at_every_size(start: Start, size: tuple[int, int]) -> None:
    async with start(size) as at:
        assert isinstance(at.app.focused, MethodList)
        assert "Paste a restricted key" in at.text
        assert "Connect with Stripe (not set up)" in at.flat
        assert "Try the demo" in at.text
        assert "Developers → API keys" in at.flat


async def test_a_key_can_be_pasted_wherever_the_cursor_is(start: Start) -> None:
    async with start() as at:
        at.app.post_message(events.Paste(f"{KEY}\nanother line"))
        await at.until(lambda: at.app.screen.query_one(KeyInput).value == KEY)
        assert isinstance(at.app.focused, KeyInput)


async def test_what_is_read_and_what_never(start: Start) -> None:
    async with start((90, 40)) as at:
        for name in ("Customers", "Subscriptions", "Products", "Prices", "Events"):
            assert f"  {name} " in at.text
        assert "Panelist never reads cards" in at.text
        assert "is stored in your system's keychain" in at.flat


@pytest.mark.parametrize("keys", [["d"], ["enter"]])
async def test_the_sandbox_is_one_key_away(start: Start, keys: list[str]) -> None:
    async with start(demo=DEMO) as at:
        assert "1,000 fictional customers" in at.text
        await at.press(*keys)
        await at.until(lambda: at.app.current_mode == "status")
        assert at.sync.keys == [DEMO.key]
        assert at.app.stripe.running


async def test_a_test_key_connects_and_is_gone(start: Start) -> None:
    async with start() as at:
        await give(at)
        await at.until(lambda: at.app.current_mode == "status" and at.app.stripe.running)
        assert at.sync.keys == [KEY]
        await at.press("1")
        assert at.app.screen.query_one(KeyInput).value == ""
        await at.until(
            lambda: "Account Acme Inc Stripe ID acct_1Acme Mode TEST" in at.part("#form")
        )
        assert "✓ Customers" in at.text
        assert "✗ Prices – Prices have no names." in at.text
        assert "! This is a secret key." in at.text
        assert at.app.stripe._waiting is None


async def test_the_key_is_never_on_the_screen_or_in_the_clipboard(start: Start) -> None:
    async with start() as at:
        at.app.screen.query_one(KeyInput).focus()
        await at.press(*KEY)
        assert at.app.screen.query_one(KeyInput).value == KEY
        assert KEY[:6] not in at.text
        assert "••••" in at.text
        at.app.screen.query_one(KeyInput).action_select_all()
        await at.press("ctrl+x")
        assert at.app.clipboard == ""
        await at.press("escape")  # leaves the field, then keys work again
        assert isinstance(at.app.focused, MethodList)


async def test_a_double_enter_starts_one_check(start: Start) -> None:
    sync = filled_store.StandIn()
    sync.gate.clear()
    async with start(sync=sync) as at:
        await give(at)
        await at.press("enter", "enter")
        assert "already connecting" in at.toasts
        sync.gate.set()
        await at.until(lambda: at.app.stripe.running)
        assert sync.keys == [KEY]
        assert len(sync.engines) == 1


async def test_a_refused_key_says_why_and_stays(start: Start) -> None:
    sync = filled_store.StandIn(problem=KeyProblem("Stripe does not know this key. [/]"))
    async with start(sync=sync) as at:
        await give(at)
        await at.until(lambda: "✗ Stripe does not know this key. [/]" in at.text)
        assert at.app.current_mode == "connect"
        assert at.app.screen.query_one(KeyInput).value == KEY
        await at.press("enter")  # and can be tried again
        await at.until(lambda: len(sync.keys) == 2)


async def test_a_key_of_the_environment_waits_for_the_network(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_start, "PAUSE", 0.01)
    away = KeyProblem("Stripe cannot be reached (offline).", ProblemKind.UNREACHABLE)
    sync = filled_store.StandIn(problem=away)
    sync.gate.clear()
    async with start(key=KEY, sync=sync) as at:
        await at.until(lambda: len(sync.keys) == 1)
        assert "Checking with Stripe…" in at.flat
        sync.gate.set()
        await at.until(lambda: len(sync.keys) > 2)
        assert "cannot be reached (offline). Panelist tries again automatically." in at.flat
        assert "cannot be reached" not in at.toasts  # Connect, which is open, says it
        sync.problem = None
        await at.until(lambda: at.app.stripe.running)
        assert "cannot be reached" not in at.flat
        assert set(sync.keys) == {KEY}


async def test_a_refused_key_of_the_environment_is_not_tried_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_start, "PAUSE", 0.0)
    sync = filled_store.StandIn(problem=KeyProblem("Stripe does not know this key."))
    async with start(key=KEY, sync=sync) as at:
        await at.until(lambda: "✗ Stripe does not know this key." in at.flat)
        await at.until(lambda: not at.app.stripe.busy)
        assert sync.keys == [KEY]


async def test_no_key_is_a_sentence(start: Start) -> None:
    async with start() as at:
        await give(at, "  ")
        assert "Paste a key here" in at.text
        assert at.sync.keys == []


async def test_a_fault_in_the_check_is_a_sentence_without_the_key(
    start: Start, store: Store
) -> None:
    sync = filled_store.StandIn(problem=RuntimeError(f"boom {KEY}"))
    async with start((120, 40), sync=sync) as at:
        await give(at)
        await at.until(lambda: "error in Panelist (RuntimeError)" in at.flat)
        assert KEY not in at.text
        log = (at.app.settings.home / "panelist.log").read_text()
        assert "boom" in log
        assert KEY not in log


@pytest.mark.parametrize("yes", [True, False])
async def test_a_live_account_is_loud_and_needs_a_yes(start: Start, yes: bool) -> None:
    sync = filled_store.StandIn(report=filled_store.KeyReport(livemode=True))
    async with start(sync=sync) as at:
        await give(at)
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert " LIVE  account Acme Inc (acct_1Acme)" in at.text
        assert sync.engines == []
        at.rejuvenate()
        await at.press("y", "enter")  # too soon
        assert isinstance(at.app.screen, QuestionDialog)
        at.settle()
        await at.press("y" if yes else "escape")
        if yes:
            await at.until(lambda: at.app.stripe.running)
            assert " LIVE " in at.text
        else:
            assert "did not accept the live account" in at.text
            assert sync.engines == []
            await at.until(lambda: len(sync.refused) == 1)


async def test_a_live_account_that_is_connected_is_not_asked_for_again(
    start: Start, store: Store
) -> None:
    filled_store.connection(store, "complete", livemode=True)
    sync = filled_store.StandIn(report=filled_store.KeyReport(livemode=True))
    async with start(key="rk_live_abcdefgh", sync=sync) as at:
        await at.until(lambda: at.app.stripe.running)
        assert at.app.current_mode == "status"


async def test_a_key_from_the_environment_connects_by_itself(start: Start) -> None:
    async with start(key=KEY) as at:
        await at.until(lambda: at.app.stripe.running and at.app.current_mode == "status")
        assert at.sync.keys == [KEY]


async def test_another_panelist_that_syncs_is_told(start: Start, store: Store) -> None:
    filled_store.acme(store)
    async with start((120, 40), key=KEY, sync=filled_store.StandIn(busy=True)) as at:
        await at.until(lambda: "process 4711" in at.text)
        assert "12,300" in at.text
        assert "◌ read-only" in at.text
        await at.press("r")
        assert at.sync.engines[0].asked == 1
        assert "Asked the syncing Panelist" in at.text


async def test_a_connected_account_is_named(start: Start, store: Store) -> None:
    filled_store.acme(store)
    async with start((120, 40)) as at:
        await at.press("1")
        assert "Account Acme Inc Stripe ID acct_1Acme Mode TEST Access restricted key" in at.part(
            "#form"
        )
        assert "! No sync runs here. Connect the account again to continue." in at.part("#form")
