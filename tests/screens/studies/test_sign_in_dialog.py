"""Signing in to the mail server in the app, after which what was paused goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.db.store import Store
from app.invites.operator import by
from app.invites.sending import outbox, runs
from app.screens.studies.sign_in_dialog import SignInDialog
from app.settings import Settings
from app.widgets.inputs import PasteField
from app.widgets.lines.text_line import TextLine
from tests.helpers.mail_server import MailServer
from tests.helpers.real_app import running
from tests.helpers.study_world import account, planned, study
from tests.helpers.token_server import SECRET, TokenServer
from tests.screens.conftest import Driven


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


@pytest.fixture
def mail(tokens: TokenServer) -> Iterator[MailServer]:
    with MailServer(sign_in=tokens.accepts) as server:
        yield server


@pytest.fixture
def settings(tokens: TokenServer, mail: MailServer, tmp_path: Path) -> Settings:
    return tokens.settings(tmp_path, mail)


async def paused(at: Driven, store: Store) -> int:
    """A batch that the mail server did not take, on the screen."""
    plan = planned(store, study(store, account(store, 2)))
    run = outbox.queue(store, plan, "smtp", by(), undo=0).run
    await at.press("4")
    at.app.sending.send(run)
    await at.until(lambda: runs.view(store, run).state == "paused")
    await at.press("r")
    assert "with S in Studies" in str(runs.view(store, run).trouble)
    return run


async def asked(at: Driven) -> None:
    await at.press("S")
    await at.until(lambda: isinstance(at.app.screen, SignInDialog) and "Open this page" in at.flat)


@pytest.mark.parametrize("before", ["missing", "revoked"])
async def test_a_code_at_microsoft(
    store: Store, settings: Settings, tokens: TokenServer, mail: MailServer, before: str
) -> None:
    if before == "revoked":
        await asyncio.to_thread(tokens.signed_in, settings)
        tokens.revoke()
    async with running(store, settings, (120, 40)) as at:
        run = await paused(at, store)
        tokens.errors = ["authorization_pending"] * 20
        await asked(at)
        assert "enter the code WDJB-MJHT" in at.flat
        await at.press("y")
        assert at.app.clipboard == "https://microsoft.example/devicelogin"
        await at.until(lambda: not runs.view(store, run).left)
        assert "accepts the sign-in" in at.toasts or "Sending again" in at.toasts
    assert len(mail.accepted) == 2


async def test_a_page_at_google(
    store: Store, settings: Settings, tokens: TokenServer, mail: MailServer
) -> None:
    """On another computer, so that its address is pasted."""
    google = replace(settings, smtp_oauth="google", smtp_client_secret=SECRET)
    async with running(store, google, (120, 40)) as at:
        run = await paused(at, store)
        await asked(at)
        await at.press("y", "tab")
        field = at.app.screen.query_one(PasteField)
        field.value = "http://127.0.0.1/?code=4/other&state=other"
        await at.press("enter")
        assert "This is not an address that Google was asked" in at.flat
        field.value = tokens.approve(at.app.clipboard)
        await at.press("enter")
        await at.until(lambda: not runs.view(store, run).left)
    assert len(mail.accepted) == 2


async def test_a_refusal_is_a_sentence(
    store: Store, settings: Settings, tokens: TokenServer
) -> None:
    async with running(store, settings, (80, 24)) as at:
        await paused(at, store)
        tokens.errors = ["access_denied"]
        await at.press("S")
        await at.until(lambda: "Access was denied at Microsoft." in at.flat)
        said = at.app.screen.query_one("#sign-in-said", TextLine)
        assert "Close this and press S to start again." in str(said.render())


async def test_escape_ends_the_wait(store: Store, settings: Settings, tokens: TokenServer) -> None:
    async with running(store, settings, (80, 24)) as at:
        run = await paused(at, store)
        tokens.errors = ["authorization_pending"] * 1_000
        await asked(at)
        await at.press("escape")
        assert not isinstance(at.app.screen, SignInDialog)
        assert runs.view(store, run).state == "paused"


async def test_a_password_needs_no_sign_in(store: Store, settings: Settings) -> None:
    async with running(store, replace(settings, smtp_oauth=None), (120, 40)) as at:
        account(store, 1)
        await at.press("4", "S")
        assert "This mail server uses a password" in at.toasts
