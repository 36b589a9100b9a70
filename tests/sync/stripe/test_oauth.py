"""The page to approve on, codes for tokens, and every answer that the token endpoint may give."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.oauth.errors import OAuthProblem
from app.sandbox.server.server import Sandbox
from app.sync.stripe import oauth
from app.sync.stripe.oauth import (
    ACCESS_LIFE,
    OAuthApp,
    Tokens,
    authorize_url,
    exchange,
    new_state,
    refresh,
)
from tests.helpers.approved_home import PAGES, TOKEN, app_of, code_for, known
from tests.helpers.sandbox_client import Clock
from tests.helpers.sandbox_oauth import web
from tests.helpers.scripted_server import Elsewhere, answering, http, told

ACCOUNT, CODE = "acct_1Canary", "ac_CanaryCode123"
ACCESS, AGAIN = "sk_test_CanaryAccess1", "rt_CanaryRefresh1"
SECRET = "sk_test_51CanarySecret1"
GOOD: dict[str, Any] = {
    "access_token": ACCESS,
    "livemode": False,
    "refresh_token": AGAIN,
    "scope": "stripe_apps",
    "stripe_user_id": ACCOUNT,
    "token_type": "bearer",
}
HELD = Tokens(ACCOUNT, False, ACCESS, AGAIN, time.time() + 60)
PORTAL = b"<html><form action=/login>Welcome to the hotel's network</form></html>"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(customers=1, seed=61, clock=clock) as running:
        yield running


def an_app(base: str, **fields: Any) -> OAuthApp:
    page, here = f"{base}{PAGES['app']}", "http://127.0.0.1:4573/stripe/callback"
    app = OAuthApp("app", False, "ca_Canary1", SECRET, page, base, here)
    return replace(app, **fields)


def problem(app: OAuthApp, kind: str, *, renew: bool = False) -> str:
    """The sentence with which a code, or a renewal, is refused; it holds no secret."""
    with pytest.raises(OAuthProblem) as caught:
        asyncio.run(refresh(app, HELD) if renew else exchange(app, CODE))
    text = str(caught.value)
    assert caught.value.kind == kind, text
    assert text.endswith(".")
    for secret in (CODE, ACCESS, AGAIN, app.secret):
        assert secret[3:] not in text + repr(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return text


# The page


def asked(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, keep_blank_values=True)


def test_the_page_of_an_app_gets_three_things_and_no_more() -> None:
    app = an_app("https://marketplace.stripe.com")
    url = authorize_url(app, "test_state")
    assert url.startswith(app.authorize_url + "?")
    assert asked(url) == {
        "client_id": [app.client_id],
        "redirect_uri": [app.redirect_uri],
        "state": ["test_state"],
    }


def test_a_channel_link_keeps_its_path_and_its_own_client_id() -> None:
    link = (
        "https://marketplace.stripe.com/oauth/v2/chnlink_61a/authorize?client_id=ca_own&x=&state=s"
    )
    url = authorize_url(an_app("", authorize_url=link), "test_state")
    assert url.startswith(link.partition("?")[0] + "?")
    assert (asked(url)["client_id"], asked(url)["x"]) == (["ca_own"], [""])
    assert asked(url)["state"] == ["test_state"]


def test_connect_gets_what_it_insists_on() -> None:
    url = authorize_url(an_app("", flavour="connect"), "s")
    assert (asked(url)["response_type"], asked(url)["scope"]) == (["code"], ["read_write"])


def test_an_address_with_a_query_of_its_own_arrives_whole() -> None:
    back = "http://127.0.0.1:4573/stripe/callback?a=b&c=%2F"
    assert asked(authorize_url(an_app("", redirect_uri=back), "s"))["redirect_uri"] == [back]


@pytest.mark.parametrize("link", [*PAGES.values(), "/oauth/v2/chnlink_61abc/authorize"])
def test_the_sandbox_shows_the_page(sandbox: Sandbox, tmp_path: Path, link: str) -> None:
    settings = known(sandbox, tmp_path, stripe_authorize_url=sandbox.url + link)
    assert web.get(authorize_url(app_of(settings), "test_s")).status_code == 200


def test_a_state_says_the_mode_and_cannot_be_guessed() -> None:
    states = {new_state(livemode=live) for live in (False, True) for _ in range(50)}
    assert len(states) == 100
    assert {state[:5] for state in states} == {"test_", "live_"}
    assert min(map(len, states)) >= 5 + 43  # 256 bits, 6 a character


# Codes and tokens at the sandbox


@pytest.mark.parametrize("live", [False, True])
def test_a_code_gives_tokens_of_the_account(tmp_path: Path, live: bool) -> None:
    with Sandbox(customers=1, seed=62, live=live) as sandbox:
        app = app_of(known(sandbox, tmp_path))
        before = time.time()
        tokens = asyncio.run(exchange(app, code_for(app)))
        assert (tokens.account, tokens.livemode) == (sandbox.world.account_id, live)
        assert tokens.expires_at
        assert before + ACCESS_LIFE <= tokens.expires_at <= time.time() + ACCESS_LIFE
        bearer = {"Authorization": f"Bearer {tokens.access}"}
        assert web.get(f"{sandbox.url}/v1/customers", headers=bearer).status_code == 200
        shown = repr(tokens) + repr(app)
        assert not [one for one in (tokens.access, tokens.refresh, app.secret) if one in shown]


def test_connect_gives_an_account_and_nothing_that_ends(sandbox: Sandbox, tmp_path: Path) -> None:
    app = app_of(known(sandbox, tmp_path, "connect"))
    assert asyncio.run(exchange(app, code_for(app))) == Tokens(sandbox.world.account_id, False)


@pytest.mark.parametrize("day", [-86_400, 0, 86_400])
def test_a_clock_that_is_off_by_a_day(
    sandbox: Sandbox, tmp_path: Path, clock: Clock, day: int
) -> None:
    """Only spans count, and only on this computer's clock."""
    clock.now = time.time() + day
    app = app_of(known(sandbox, tmp_path))
    tokens = asyncio.run(exchange(app, code_for(app)))
    fresh = asyncio.run(refresh(app, tokens))
    for one in (tokens, fresh):
        assert one.expires_at
        assert 0 < one.expires_at - time.time() <= ACCESS_LIFE


def test_a_renewal_gives_a_new_pair_and_ends_the_old(sandbox: Sandbox, tmp_path: Path) -> None:
    app = app_of(known(sandbox, tmp_path))
    tokens = asyncio.run(exchange(app, code_for(app)))
    fresh = asyncio.run(refresh(app, tokens))
    assert fresh.account == tokens.account
    assert len({tokens.access, tokens.refresh, fresh.access, fresh.refresh}) == 4
    with pytest.raises(OAuthProblem, match="no longer renews") as caught:
        asyncio.run(refresh(app, tokens))
    assert caught.value.kind == "expired"


def test_codes_that_are_worth_nothing(sandbox: Sandbox, tmp_path: Path, clock: Clock) -> None:
    app = app_of(known(sandbox, tmp_path))
    connect = app_of(known(sandbox, tmp_path, "connect"))
    used, old, foreign = code_for(app), code_for(app), code_for(connect)
    asyncio.run(exchange(app, used))
    clock.now += 301
    for code in (used, old, foreign, "ac_NobodyGaveThis"):
        with pytest.raises(OAuthProblem, match="expired or was used already") as caught:
            asyncio.run(exchange(app, code))
        assert caught.value.kind == "expired"
        assert code not in str(caught.value)
    assert sandbox.requests[TOKEN] == 5


@pytest.mark.parametrize("secret", ["restricted_key", "nobody's"])
def test_a_secret_that_is_not_the_developers(sandbox: Sandbox, tmp_path: Path, secret: str) -> None:
    given = getattr(sandbox.world, secret, SECRET)
    app = app_of(known(sandbox, tmp_path, stripe_client_secret=SECRET))
    assert "Check on “Set up OAuth”" in problem(replace(app, secret=given), "refused")


# Every other answer


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


ANSWERS: dict[str, tuple[bytes, str]] = {
    "400": (told({"error": "invalid_request", "error_description": CODE}, 400), "refused"),
    "400 invalid_grant": (told({"error": "invalid_grant"}, 400), "expired"),
    "401": (told({"error": {"message": f"Invalid API Key: {SECRET}"}}, 401), "refused"),
    "401 of a portal": (http(401, PORTAL), "refused"),
    "403": (told({"error": {"code": "x"}}, 403), "refused"),
    "404": (http(404, PORTAL), "refused"),
    "429": (told({"error": {"code": "rate_limit"}}, 429), "unreachable"),
    "500": (told({"error": {"type": "api_error"}}, 500), "unreachable"),
    "502 page": (http(502, PORTAL), "unreachable"),
    "511 portal": (http(511, PORTAL), "unreachable"),
    "302": (http(302, b"", "Location: http://127.0.0.1:1/"), "senseless"),
    "201": (told(GOOD, 201), "senseless"),
    "page": (http(200, PORTAL, "Content-Type: text/html"), "senseless"),
    "empty": (http(200, b""), "senseless"),
    "a list": (told([GOOD]), "senseless"),
    "half JSON": (http(200, b'{"access_token":"sk_test_Canary'), "senseless"),
    "half an answer": (told(GOOD)[:-20], "unreachable"),
    "nothing": (b"", "unreachable"),
    "noise": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "unreachable"),
    "no account": (told(without("stripe_user_id")), "senseless"),
    "no mode": (told(without("livemode")), "senseless"),
    "mode as text": (told(GOOD | {"livemode": "false"}), "senseless"),
    "no access": (told(without("access_token")), "senseless"),
    "no refresh": (told(without("refresh_token")), "senseless"),
    "empty access": (told(GOOD | {"access_token": ""}), "senseless"),
    "access of two lines": (told(GOOD | {"access_token": "sk_1\r\nX: y"}), "senseless"),
    "access with an umlaut": (told(GOOD | {"access_token": "sk_ä"}), "senseless"),
    "account of two lines": (told(GOOD | {"stripe_user_id": "acct_1\r\nX: y"}), "senseless"),
    "account that is a path": (told(GOOD | {"stripe_user_id": "acct_1/../x"}), "senseless"),
    "the other mode": (told(GOOD | {"livemode": True}), "refused"),
}


@pytest.mark.parametrize(("answer", "kind"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_without_tokens_is_a_sentence_and_asked_for_once(
    answer: bytes, kind: str
) -> None:
    for renew in (False, True):
        with answering(answer) as elsewhere:
            problem(an_app(elsewhere.url), kind, renew=renew)
        assert len(elsewhere.asked) == 1


@pytest.mark.parametrize("fault", ["302", "400", "500", "html", "nothing"])
def test_each_fault_of_the_sandbox(sandbox: Sandbox, tmp_path: Path, fault: str) -> None:
    kinds = {"302": "senseless", "html": "senseless", "400": "refused"}
    sandbox.options.token_fault = fault
    problem(app_of(known(sandbox, tmp_path)), kinds.get(fault, "unreachable"))


def test_stripes_own_words_are_shown_without_the_secrets_that_they_repeat() -> None:
    words = f"No such app for \x1b[31m{CODE} with key {SECRET}"
    body = {"error": "invalid_client", "error_description": words}
    with answering(told(body, 401)) as elsewhere:
        said = problem(an_app(elsewhere.url), "refused")
    assert "401: No such app for" in said
    assert "\x1b" not in said
    for secret in (CODE, SECRET):
        hidden = secret.rpartition("_")[2]
        words = said.partition("(")[2].partition(")")[0]
        assert not any(hidden[at : at + 4] in words for at in range(len(hidden) - 3))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_carries_nothing_to_where_it_leads(status: int) -> None:
    with ExitStack() as stack:
        second = stack.enter_context(answering(told(GOOD)))
        answer = http(status, b"", f"Location: {second.url}/v1/oauth/token")
        first = stack.enter_context(answering(answer))
        problem(an_app(first.url), "senseless")
        problem(an_app(first.url), "senseless", renew=True)
        assert asyncio.run(revoked(an_app(first.url))) is False
        assert asyncio.run(revoked(an_app(first.url, flavour="connect"))) is False
    assert len(first.asked) == 4
    assert second.asked == []


async def revoked(app: OAuthApp) -> bool:
    return await oauth.revoke(app, ACCOUNT)


def test_nobody_there() -> None:
    assert "cannot be reached" in problem(an_app("http://127.0.0.1:1"), "unreachable")


def test_a_renewal_for_another_account_is_refused() -> None:
    with answering(told(GOOD | {"stripe_user_id": "acct_1Other"})) as elsewhere:
        assert "another account" in problem(an_app(elsewhere.url), "senseless", renew=True)


@pytest.mark.parametrize(
    ("said", "life"),
    [
        (7200, 7200.0),
        (900.5, 900.5),
        *[(absurd, 3600.0) for absurd in (None, 0, -5, 1, 30, 10**12, 1e300, "7200", True, [1])],
    ],
    ids=repr,
)
def test_how_long_access_lives(said: object, life: float) -> None:
    """What cannot be right counts as not said: a second would mean a renewal a request."""
    with answering(told(GOOD | {"expires_in": said})) as elsewhere:
        before = time.time()
        tokens = asyncio.run(exchange(an_app(elsewhere.url), CODE))
    assert tokens.expires_at
    assert before + life <= tokens.expires_at <= time.time() + life


def test_what_is_sent(tmp_path: Path) -> None:
    """The secret by Basic, and nothing that Stripe does not ask for."""
    with answering(told(GOOD)) as elsewhere:
        asyncio.run(exchange(an_app(elsewhere.url), CODE))
        asyncio.run(refresh(an_app(elsewhere.url), HELD))
    code, again = (form_of(elsewhere, number) for number in (0, 1))
    assert code == {"grant_type": ["authorization_code"], "code": [CODE]}
    assert again == {"grant_type": ["refresh_token"], "refresh_token": [AGAIN]}
    assert all("\r\nAuthorization: Basic " in one for one in elsewhere.asked)


def form_of(elsewhere: Elsewhere, number: int) -> dict[str, list[str]]:
    return parse_qs(elsewhere.asked[number].partition("\r\n\r\n")[2])
