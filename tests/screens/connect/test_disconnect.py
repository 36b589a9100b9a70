"""Disconnecting, coming back, and several accounts in one database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.events import Key

from app.db.store import Store
from app.screens.connect.accounts_dialog import AccountsDialog
from app.screens.connect.key_form import KeyInput
from app.widgets.dialog import QuestionDialog
from app.widgets.header import HeaderLine
from tests.helpers import filled_store
from tests.helpers.real_app import Setup, approve, ask, choose, ids, made, running
from tests.screens.conftest import Driven, Start


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    monkeypatch.delenv("DISPLAY", raising=False)
    one = made(tmp_path)
    with one.sandbox:
        yield one


async def connect(at: Driven, people: int = 5) -> None:
    approve(await ask(at))
    await at.until(lambda: at.app.stripe.running and at.app.current_mode == "status")
    await at.until(lambda: shown(at) == people and status(at) == "complete")


def shown(at: Driven) -> int | None:
    """How many people the account on the screen has."""
    return at.app.screen.query_one(HeaderLine).state.participants


def status(at: Driven) -> str:
    connection = at.app.refresher.view.connection
    return connection.status if connection else ""


async def give_key(at: Driven, key: str) -> None:
    await choose(at, "key")
    field = at.app.screen.query_one(KeyInput)
    field.focus()
    field.value = key
    await at.press("enter")


async def leave(at: Driven) -> None:
    await choose(at, "leave")
    await at.press("enter")
    at.settle()
    await at.press("y")
    await at.until(lambda: "leave" not in ids(at) and not at.app.stripe.busy)


async def test_disconnecting_asks_and_only_y_does_it(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        await at.press("O")
        assert not isinstance(at.app.screen, QuestionDialog)
        await connect(at)
        await at.press("1")
        assert "O Disconnect" in at.text
        await choose(at, "leave")
        for no in ("n", "escape", "enter"):
            await at.press("enter" if no != "enter" else "O")
            assert isinstance(at.app.screen, QuestionDialog)
            assert "Disconnect acct_" in at.flat
            assert "stay on this computer" in at.flat
            at.rejuvenate()
            await at.press("y", no, "enter")  # too soon
            assert isinstance(at.app.screen, QuestionDialog)
            at.settle()
            await at.hold("enter", 3)
            assert isinstance(at.app.screen, QuestionDialog)
            await at.press("left", "right", no)
            assert not isinstance(at.app.screen, QuestionDialog)
            assert at.app.stripe.running


async def test_what_was_fetched_stays_and_one_can_come_back(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        await connect(at)
        await at.press("1")
        (before,) = store.rows("SELECT id FROM connection")
        await leave(at)
        assert "Disconnected. Its participants and segments stay" in at.flat
        assert "Stripe revoked the access." in at.flat
        assert "Disconnected from acct_" in at.flat
        assert not at.app.stripe.running
        assert at.app.credentials.names() == []
        await at.press("2")
        await at.pilot.pause()  # the state has more lines now
        assert shown(at) == 5
        assert "✗ disconnected" in at.text
        await at.until(lambda: "by you" in at.text)
        assert "All Customers" in at.text
        assert "Next check" not in at.flat
        await at.press("1")
        await connect(at)
        assert store.rows("SELECT id FROM connection") == [before]
        assert " participants ● " in at.text.splitlines()[0]


async def test_the_key_y_held_from_one_question_does_not_answer_the_next(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.widgets.dialog.HELD", 3_600.0)  # however slow this computer is
    filled_store.acme(store)
    async with start() as at:
        await at.press("1", "y", "O")
        at.settle()
        await at.press("escape")
        await at.press("1", "O")
        at.app._key_queue._previous = Key("y", "y")  # held down since the question before
        at.settle()
        await at.hold("y", 3)
        assert isinstance(at.app.screen, QuestionDialog)


async def test_another_account_is_refused_and_then_stands_apart(
    store: Store, setup: Setup, tmp_path: Path
) -> None:
    other = made(tmp_path / "other", customers=9, seed=8)
    with other.sandbox:
        async with running(store, setup.settings()) as at:
            await connect(at)
            first = setup.sandbox.world.account_id
        async with running(store, other.settings()) as at:
            await at.press("1")
            await give_key(at, other.sandbox.world.restricted_key)
            await at.until(lambda: "✗ Another account is connected" in at.flat)
            assert first in at.flat
            await leave(at)
            await give_key(at, other.sandbox.world.restricted_key)
            await at.until(lambda: at.app.stripe.running and at.app.current_mode == "status")
            await at.until(lambda: shown(at) == 9 and status(at) == "complete")
            await looks_at(at, first, 5)
            assert "✗" in at.text.splitlines()[0]
            assert "This account is not the connected one" in at.flat
            await at.press("1")  # the ways are about the one that is connected
            assert f"Account {other.sandbox.world.account_id}" in at.flat
            assert "leave" in ids(at)


async def looks_at(at: Driven, account: str, people: int) -> None:
    """Choose an account in the dialog."""
    await at.press("c")
    assert isinstance(at.app.screen, AccountsDialog)
    known = [one.account for one in at.app.screen._known]
    here = at.app.screen.query_one("OptionList")
    here.highlighted = known.index(account)  # type: ignore[attr-defined]
    await at.press("enter")
    await at.until(lambda: shown(at) == people)


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_lists_are_those_of_the_account_that_is_looked_at(
    start: Start, store: Store, size: tuple[int, int]
) -> None:
    old = filled_store.connection(store, "disconnected", "Old Inc", "acct_1Old", reason="by you")
    filled_store.segment(store, old, "all", 77)
    filled_store.product(store, old, "prod_9", "Old plan")
    filled_store.segment(store, old, "product:prod_9", 7, "prod_9")
    filled_store.participant(store, old, "cus_9", "Olga Old", None)
    filled_store.event(store, old, 9, "customer.created", "cus_9")
    filled_store.message(store, old, "An old message")
    filled_store.acme(store)
    async with start(size) as at:
        assert "Acme Inc" in at.text.splitlines()[0]
        await looks_at(at, "acct_1Old", 77)
        assert "Old Inc" in at.text.splitlines()[0]
        screen = at.app.screen
        for name, text in (("messages", "An old"), ("segments", "Old plan"), ("changes", "Olga")):
            shown = repr([row.body.plain for row in screen.query_one(f"#{name}").rows])  # type: ignore[attr-defined]
            assert text in shown
            assert "Ada" not in shown
        await at.press("O")
        await looks_at(at, "acct_1Acme", 12_300)
        await at.press("c", "escape")
        assert "Acme Inc" in at.text.splitlines()[0]


async def test_no_account_is_a_sentence(start: Start) -> None:
    async with start() as at:
        await at.press("2", "c")
        assert "No account is connected" in at.toasts
        assert not isinstance(at.app.screen, AccountsDialog)
