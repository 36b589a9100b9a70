"""Taking access back at Stripe, for an app and for Connect."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.oauth.errors import OAuthProblem
from app.sandbox.server.server import Sandbox
from app.sync.stripe.oauth import Flavour, OAuthApp, exchange, revoke
from tests.helpers.approved_home import app_of, code_for, known
from tests.helpers.scripted_server import answering, http, told
from tests.sync.stripe.test_oauth import ACCOUNT, an_app

FLAVOURS: tuple[Flavour, ...] = ("app", "connect")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=1, seed=63) as running:
        yield running


def taken_back(app: OAuthApp, account: str = ACCOUNT) -> bool:
    return asyncio.run(revoke(app, account))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_was_approved_is_taken_back_once(
    sandbox: Sandbox, tmp_path: Path, flavour: Flavour
) -> None:
    app = app_of(known(sandbox, tmp_path, flavour))
    account = asyncio.run(exchange(app, code_for(app))).account
    assert sandbox.world.oauth.installed(flavour)
    assert taken_back(app, account) is True
    assert sandbox.world.oauth.installed() is None
    assert taken_back(app, account) is False


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_another_account_keeps_its_access(
    sandbox: Sandbox, tmp_path: Path, flavour: Flavour
) -> None:
    app = app_of(known(sandbox, tmp_path, flavour))
    asyncio.run(exchange(app, code_for(app)))
    assert taken_back(app, "acct_1Other") is False
    assert sandbox.world.oauth.installed(flavour)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "unreachable"),
        (told({"error": {}}, 500), "unreachable"),
        (told({"error": {}}, 429), "unreachable"),
        (http(200, b"<html>"), "senseless"),
    ],
    ids=["nothing", "500", "429", "page"],
)
def test_no_answer_is_not_taken_for_done(answer: bytes, kind: str, flavour: Flavour) -> None:
    with answering(answer) as elsewhere, pytest.raises(OAuthProblem) as caught:
        taken_back(an_app(elsewhere.url, flavour=flavour))
    assert caught.value.kind == kind
    assert "connected" not in str(caught.value), "nobody wanted to connect"


def install(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"appinst_{number}", "account": ACCOUNT} | fields


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [install(1, account="acct_1Other")],
        [install(1), install(2)],
        [install(1, id="../../charges")],
        [install(1, id=7)],
        ["appinst_1"],
        "appinst_1",
    ],
    ids=["none", "another's", "two", "a path", "a number", "a text", "no list"],
)
def test_only_the_one_install_there_is_can_be_ours(rows: object) -> None:
    """Of two, one may be another app of the same developer; nothing says which."""
    with answering(told({"data": rows})) as elsewhere:
        assert taken_back(an_app(elsewhere.url)) is False
    assert [asked.partition(" HTTP")[0] for asked in elsewhere.asked] == [
        "GET /v1/apps/installs?limit=100"
    ]


def test_the_account_is_named_in_each_request() -> None:
    """Without it Stripe is asked about the developer's own account."""
    with answering(told({"data": [install(1)]}), told({})) as elsewhere:
        assert taken_back(an_app(elsewhere.url)) is True
    first, second = elsewhere.asked
    assert second.startswith("POST /v1/apps/installs/appinst_1/uninstall HTTP/1.1")
    assert all(f"\r\nStripe-Account: {ACCOUNT}\r\n" in one for one in (first, second))


def test_a_failure_in_between_is_not_taken_for_done() -> None:
    found = told({"data": [install(1)]})
    with answering(found, told({}, 503)) as busy, pytest.raises(OAuthProblem, match="503"):
        taken_back(an_app(busy.url))
    with answering(found, told({}, 404)) as elsewhere:
        assert taken_back(an_app(elsewhere.url)) is False
