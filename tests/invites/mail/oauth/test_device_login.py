"""Signing in with a code (RFC 8628): what is said to a person, and how often is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.invites.mail.oauth.device_login import GRANT, request_code, wait_for_approval
from app.invites.mail.oauth.providers import MailApp, mail_app
from app.oauth.errors import OAuthProblem
from app.settings import Settings
from tests.helpers.scripted_server import answering, http, told
from tests.helpers.token_server import CLIENT_ID, TokenServer


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer(interval=2) as running:
        yield running


def app_at(url: str) -> MailApp:
    found = mail_app(
        Settings(
            home=Path("nowhere"),
            smtp_oauth="microsoft",
            smtp_client_id=CLIENT_ID,
            smtp_tenant="acme.example",
            smtp_oauth_base=url,
        )
    )
    assert found
    return found


def waits(tokens: TokenServer, *errors: str) -> list[float]:
    """The seconds that were waited before each question, until tokens came."""
    app, waited = app_at(tokens.url), list[float]()
    tokens.errors = [*errors]
    found = wait_for_approval(app, request_code(app), waited.append)
    assert found.access in tokens.good
    return waited


def refusal(tokens: TokenServer, *errors: str) -> str:
    with pytest.raises(OAuthProblem) as caught:
        waits(tokens, *errors)
    return str(caught.value)


def test_the_code_and_what_is_asked_for(tokens: TokenServer) -> None:
    app = app_at(tokens.url)
    code = request_code(app)
    assert (code.page, code.code) == ("https://microsoft.example/devicelogin", "WDJB-MJHT")
    assert wait_for_approval(app, code, lambda _: None).access in tokens.good
    (first, asked), (second, polled) = tokens.forms
    assert first == "/acme.example/oauth2/v2.0/devicecode"
    assert asked == {
        "client_id": CLIENT_ID,
        "scope": "https://outlook.office.com/SMTP.Send offline_access",
    }
    assert second == "/acme.example/oauth2/v2.0/token"
    assert polled["grant_type"] == GRANT
    assert code.device_code not in repr(code)


def test_it_asks_as_often_as_it_is_told(tokens: TokenServer) -> None:
    assert waits(tokens, "authorization_pending") == [2, 2]
    assert waits(tokens, "slow_down", "authorization_pending") == [2, 7, 7]
    assert waits(tokens, "503", "503") == [2, 4, 8]  # while the server is away, ever more slowly


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("authorization_declined", "Access was denied at Microsoft. Nothing was changed."),
        ("access_denied", "Access was denied at Microsoft. Nothing was changed."),
        ("expired_token", "No one entered the code in time. Nothing was changed. Start again."),
        (
            "invalid_client",
            "Microsoft refuses the app of PANELIST_SMTP_CLIENT_ID (400: AADSTS70000:"
            " invalid_client it is). Nothing was changed. Check the client ID, the client"
            " secret and the tenant.",
        ),
    ],
)
def test_why_no_one_is_signed_in(tokens: TokenServer, error: str, said: str) -> None:
    assert refusal(tokens, error) == said


@pytest.mark.parametrize(
    "answer",
    [
        {"device_code": "x", "user_code": "y", "verification_uri": "http://elsewhere.example/"},
        {"device_code": "x", "user_code": "y"},
        {"device_code": "x\r\ny", "user_code": "y", "verification_uri": "https://a.example"},
        ["no object"],
    ],
)
def test_no_page_that_a_person_could_be_sent_to(answer: object) -> None:
    with answering(told(answer)) as server, pytest.raises(OAuthProblem, match="contained no code"):
        request_code(app_at(server.url))


def test_a_server_that_never_ends_its_answer() -> None:
    with answering(http(200, b"x" * 2**20)) as server, pytest.raises(OAuthProblem) as caught:
        request_code(app_at(server.url))
    assert "a response that is far too large" in str(caught.value)


def test_a_server_that_is_not_there(tokens: TokenServer) -> None:
    app = replace(app_at(tokens.url), device_url="http://127.0.0.1:9/devicecode")
    with pytest.raises(OAuthProblem) as caught:
        request_code(app)
    assert str(caught.value) == (
        "Microsoft cannot be reached (connection refused). Nothing was changed. Try again."
    )
