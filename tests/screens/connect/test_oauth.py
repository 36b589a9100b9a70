"""Connecting in the browser: a real sandbox, a real listener, answers over real HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.store import Store
from app.oauth import browser_approval
from app.screens.connect.methods import MethodList
from app.screens.help_dialog import HelpDialog
from app.widgets.dialog import QuestionDialog
from app.widgets.inputs import PasteField
from app.widgets.lines.text_line import TextLine
from tests.helpers.approved_home import TOKEN, decide
from tests.helpers.real_app import (  # fmt: skip
    Setup,
    approve,
    ask,
    choose,
    connect_screen,
    go,
    ids,
    is_free,
    listens,
    made,
    page,
    running,
)
from tests.screens.conftest import Driven

SOON = 20.0  # seconds, on any computer; what is not waited for takes longer


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    one = made(tmp_path)
    with one.sandbox:
        yield one


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    monkeypatch.delenv("DISPLAY", raising=False)
    one = made(tmp_path, live=True)
    with one.sandbox:
        yield one


async def connected(at: Driven) -> None:
    await at.until(lambda: at.app.stripe.running and at.app.current_mode == "status")


def freed(port: int) -> None:
    """Wait until one could listen there; the test's time limit ends it otherwise."""
    while not is_free(port):
        threading.Event().wait(0.01)


def paste(at: Driven, text: str) -> None:
    from textual import events

    at.app.post_message(events.Paste(text))


async def test_approve_and_the_sync_starts_by_itself(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings(), (80, 24)) as at:
        url = await ask(at)
        assert "Waiting for your approval at Stripe" in at.flat
        assert "Could not open it: no display is available" in at.flat
        shown = "".join(at.text.split())
        assert url in shown
        assert approve(url).status_code == 200
        await connected(at)
        assert " TEST " in at.text
        assert at.app.oauth.page is None
        await at.until(lambda: is_free(setup.port))
        await at.press("1")
        await at.until(lambda: "Access        Connect with Stripe" in at.text)


async def test_denied_is_said_and_one_can_ask_again(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        url = await ask(at)
        assert approve(url, "deny").status_code == 200
        await at.until(lambda: "✗ Access was denied at Stripe" in at.flat)
        assert not at.app.screen.query_one(PasteField).display
        await at.until(lambda: listens(at.app.oauth))
        assert await ask(at) != url


async def test_another_state_changes_nothing(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        url = await ask(at)
        wrong = decide(url).replace("state=test_", "state=test_x")
        assert go(wrong).status_code == 403
        assert page(at).url == url
        assert setup.sandbox.requests[TOKEN] == 0
        approve(url)
        await connected(at)


@pytest.mark.parametrize("what", ["code", "wrapped address"])
async def test_what_is_pasted_connects(store: Store, setup: Setup, what: str) -> None:
    async with running(store, setup.settings(), (80, 24)) as at:
        address = decide(await ask(at))
        text = {
            "code": address.partition("code=")[2].partition("&")[0],
            "wrapped address": f"{address[:40]}\n{address[40:]}\n",
        }[what]
        await at.press("tab", "tab")
        assert isinstance(at.app.focused, PasteField)
        paste(at, text)
        await at.until(lambda: at.app.screen.query_one(PasteField).value != "")
        await at.press("enter")
        await connected(at)
        assert connect_screen(at).query_one(PasteField).value == ""


async def test_a_paste_anywhere_is_the_answer(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        paste(at, "http://127.0.0.1/?code=ac_too_early")  # nothing is waited for
        address = decide(await ask(at))
        assert isinstance(at.app.focused, MethodList)
        paste(at, "what my cat wrote")
        await at.until(lambda: "✗ This is not the address" in at.flat)
        paste(at, address)
        await connected(at)
        assert setup.sandbox.requests[TOKEN] == 1


async def test_the_address_is_copied(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        await at.press("y")
        assert at.app.clipboard == ""
        assert "y Copy" not in at.text
        url = await ask(at)
        assert "y Copy" in at.text
        await at.press("y")
        assert at.app.clipboard == url
        assert "Copied" in at.toasts


async def test_escape_ends_the_wait(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        address = decide(await ask(at))
        await at.press("escape")
        assert "Stopped waiting" in at.flat
        await at.until(lambda: listens(at.app.oauth))  # for an install from the Dashboard
        assert go(address).status_code == 403
        assert setup.sandbox.requests[TOKEN] == 0
        await ask(at)
    freed(setup.port)


async def test_quitting_while_waiting_takes_no_second(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        await ask(at)
        begun = time.monotonic()
        await at.press("q")
        await at.until(lambda: not at.app.is_running)
        assert time.monotonic() - begun < SOON
    freed(setup.port)


async def test_quitting_while_stripe_is_asked_takes_no_second(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        url = await ask(at)
        setup.sandbox.options.token_delay = 50.0
        approve(url)
        await at.until(lambda: setup.sandbox.requests[TOKEN] == 1)
        begun = time.monotonic()
        await at.press("q")
        await at.until(lambda: not at.app.is_running)
        assert time.monotonic() - begun < SOON


async def test_an_answer_comes_while_the_browser_still_starts(
    store: Store, setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", str(browser(tmp_path, "sleep 3")))
    async with running(store, setup.settings()) as at:
        await choose(at, "oauth-test")
        await at.press("enter")
        await at.until(lambda: at.app.oauth.page is not None)
        approve(page(at).url)
        await connected(at)


def browser(folder: Path, then: str = "true") -> Path:
    """A browser that writes down what it was to open."""
    script = folder / "browser.sh"
    script.write_text(f"#!/bin/sh\necho \"$1\" >> '{folder}/opened'\n{then}\n")
    script.chmod(0o700)
    return script


async def test_a_double_enter_opens_one_page(
    store: Store, setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", str(browser(tmp_path)))
    async with running(store, setup.settings()) as at:
        await choose(at, "oauth-test")
        await at.hold("enter", 8)
        await at.until(lambda: at.app.oauth.page is not None)
        await at.hold("enter", 8)
        await at.until(lambda: page(at).said == "Opened in your browser.")
        assert (tmp_path / "opened").read_text().split() == [page(at).url]
        assert "already waiting" in at.toasts


async def test_the_first_page_is_worth_nothing_after_another(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        first = decide(await ask(at))
        await at.press("escape")
        second = await ask(at)
        assert go(first).status_code == 403
        approve(second)
        await connected(at)


async def test_nobody_approves(store: Store, setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_approval, "PATIENCE", 0.3)
    async with running(store, setup.settings()) as at:
        await at.until(lambda: listens(at.app.oauth))  # since before the page was asked for
        await choose(at, "oauth-test")
        await at.press("enter")
        await at.until(lambda: "✗ The approval timed out" in at.flat)
        assert at.app.oauth.page is None


async def test_a_port_that_is_taken_leaves_pasting(store: Store, setup: Setup) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", setup.port))
        other.listen()
        async with running(store, setup.settings()) as at:
            address = decide(await ask(at))
            assert f"▲ Port {setup.port}" in at.flat
            assert "is used by another program" in at.flat
            paste(at, address)
            await connected(at)


async def test_a_code_that_stripe_does_not_take(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        await ask(at)
        paste(at, "ac_nobody_gave_this")
        await at.until(lambda: "✗ Stripe says that this approval has expired" in at.flat)
        approve(await ask(at))
        await connected(at)


# From the Dashboard


def installs(setup: Setup) -> str:
    """Somebody installs the app in the Dashboard; where the browser is sent."""
    from tests.helpers.sandbox_oauth import web

    uri = setup.sandbox.world.oauth.redirect_uris[2]
    answer = web.post(f"{setup.sandbox.url}/_sandbox/install", json={"redirect_uri": uri})
    return str(answer.json()["url"])


@pytest.mark.parametrize("yes", [True, False])
async def test_an_install_nobody_asked_for_waits_for_a_person(
    store: Store, setup: Setup, yes: bool
) -> None:
    async with running(store, setup.settings()) as at:
        await at.until(lambda: listens(at.app.oauth))
        assert go(installs(setup)).status_code == 200
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert setup.sandbox.world.account_id in at.text
        assert setup.sandbox.requests[TOKEN] == 0
        at.rejuvenate()
        await at.press("y", "enter")
        assert isinstance(at.app.screen, QuestionDialog)
        at.settle()
        await at.press("y" if yes else "n")
        if yes:
            await connected(at)
        else:
            assert "was not accepted" in at.flat
            assert setup.sandbox.requests[TOKEN] == 0


async def test_an_install_waits_behind_a_dialog(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        await at.until(lambda: listens(at.app.oauth))
        await at.press("question_mark")
        go(installs(setup))
        await at.until(lambda: bool(at.app._dialogs))
        assert isinstance(at.app.screen, HelpDialog)
        await at.press("escape")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))


async def test_the_install_that_was_shown_is_the_one_accepted(
    store: Store, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.oauth import callback_rules

    monkeypatch.setattr(callback_rules, "APART", 0.0)
    async with running(store, setup.settings()) as at:
        await at.until(lambda: listens(at.app.oauth))
        address = installs(setup)
        go(address)
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        account = setup.sandbox.world.account_id
        go(address.replace(account, "acct_1Somebody").replace("code=ac_", "code=ac_x"))
        await at.until(lambda: "Another install was started" in at.toasts)
        at.settle()
        await at.press("y")
        await connected(at)
        assert account in at.text or "TEST" in at.text


async def test_an_install_that_lies_about_its_account(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        await at.until(lambda: listens(at.app.oauth))
        go(installs(setup).replace(setup.sandbox.world.account_id, "acct_1Somebody"))
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert "acct_1Somebody" in at.text
        at.settle()
        await at.press("y")
        await at.until(lambda: "✗ That install was for a different" in at.flat)
        assert not at.app.stripe.running
        assert at.app.credentials.names() == []


# Live


async def test_a_live_account_asks_first(store: Store, live: Setup) -> None:
    async with running(store, live.settings()) as at:
        url = await ask(at, "live")
        assert "Approve at Stripe, LIVE" in at.flat
        assert approve(url).status_code == 200
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert " LIVE " in at.text
        assert store.rows("SELECT 1 FROM connection") == []
        at.settle()
        await at.press("n")
        await at.until(lambda: at.app.credentials.names() == [])
        said = str(at.app.screen.query_one("#said", TextLine).render())
        assert "You did not accept the live account" in said
        approve(await ask(at, "live"))
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        at.settle()
        await at.press("y")
        await connected(at)


async def test_quitting_before_the_yes_keeps_no_access(store: Store, live: Setup) -> None:
    async with running(store, live.settings(token_store="plain")) as at:
        approve(await ask(at, "live"))
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert len(at.app.credentials.names()) == 1
        at.settle()
        await at.press("ctrl+c")
    assert at.app.credentials.names() == []


async def test_live_and_test_each_have_their_page(store: Store, live: Setup) -> None:
    async with running(store, live.settings()) as at:
        await ask(at, "live")
        assert "oauth-test" not in ids(at)
        await choose(at, "key")
        assert "Approve at Stripe" not in at.flat
        assert "Waiting for your approval at Stripe" in at.flat


async def test_the_address_is_a_link_for_the_terminal(store: Store, setup: Setup) -> None:
    async with running(store, setup.settings()) as at:
        url = await ask(at)
        strips = at.app.screen._compositor.render_strips()
        links = [one.style.link for strip in strips for one in strip if one.style]
        assert url in links
        assert set(links) == {None, url}
