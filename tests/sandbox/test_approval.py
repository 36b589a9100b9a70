"""The pages people approve on, read over HTTP and looked at in a browser."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers import browser
from tests.helpers.browser import Browser
from tests.helpers.sandbox_client import Client
from tests.helpers.sandbox_oauth import CONNECT, HERE, PATHS, check, decide, page, web
from tests.sandbox.conftest import Serve

DENIED = "error=access_denied&error_description=The%20user%20denied%20your%20request"
PERMISSIONS = ("Customers", "Subscriptions", "Products", "Prices", "Events")


@pytest.mark.parametrize("path", PATHS)
def test_the_page_says_who_asks_for_what(serve: Serve, path: str) -> None:
    client = serve()
    shown = page(client, path, redirect_uri=HERE, state="s")
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    world = client.sandbox.world
    for text in ("Panelist", world.account_name, world.account_id, "TEST"):
        assert text in shown.text
    listed = re.findall(r"<li>(\w+): read</li>", shown.text)
    assert listed == ([] if path == "/oauth/authorize" else [*PERMISSIONS])
    assert "<script" not in shown.text
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:4573;" in policy
    assert "LIVE" in page(serve(live=True), path).text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("state", ["-", "", "a b&c=ü%20"])
def test_approving_and_denying_redirect(serve: Serve, path: str, state: str) -> None:
    registered = "http://127.0.0.1:9/back?kept=1"
    client = serve(redirect_uris=[registered])
    ending = "" if state == "-" else f"&state={quote(state)}"
    for uri, start in ((HERE, HERE + "?"), (registered, registered + "&"), ("-", HERE + "?")):
        shown = page(client, path, redirect_uri=uri, state=state)
        yes = decide(client, shown, "approve")
        assert yes.status_code == 302
        found = re.fullmatch(r"code=ac_\w{32}(.*)", yes.headers["location"].removeprefix(start))
        assert found is not None
        assert found[1] == ending
        no = decide(client, shown, "deny")
        assert (no.status_code, no.headers["location"]) == (302, start + DENIED + ending)


def test_only_the_form_approves(serve: Serve) -> None:
    client = serve()
    oauth = client.sandbox.world.oauth
    shown = page(client, PATHS[0])
    assert web.get(f"{client.sandbox.url}/oauth/decision?decision=approve").status_code == 401
    assert decide(client, shown, "perhaps").status_code == 400
    for origin in ("http://evil.example", "null"):
        assert decide(client, shown, "approve", origin=origin).status_code == 403
    assert oauth.installed() is None
    assert decide(client, shown, "approve", origin=client.sandbox.url).status_code == 302
    assert oauth.installed() is not None


@pytest.mark.parametrize("path", PATHS[:2])
@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "ca_other"},
        {"client_id": "-"},
        {"redirect_uri": HERE + "/"},
        {"redirect_uri": "http://127.0.0.1:4574/stripe/callback"},
        {"redirect_uri": ""},
    ],
)
def test_a_wrong_link_of_an_app(serve: Serve, path: str, wrong: dict[str, str]) -> None:
    shown = page(serve(), path, **wrong)
    assert shown.status_code == 400
    assert "The provided OAuth link is invalid" in shown.text
    assert "location" not in shown.headers


def test_other_channels_are_no_links(serve: Serve) -> None:
    client = serve()
    assert page(client, "/oauth/v2/ch_61abc/authorize").status_code == 200
    assert page(client, "/oauth/v2/other/authorize").status_code == 400


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"client_id": "ca_other"}, "invalid_request"),
        ({"redirect_uri": HERE + "/"}, "invalid_redirect_uri"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "-"}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "-"}, "invalid_scope"),
    ],
)
def test_a_wrong_link_of_connect(serve: Serve, wrong: dict[str, str], error: str) -> None:
    client = serve()
    for state in ({}, {"state": "s1"}):
        answer = page(client, "/oauth/authorize", **wrong, **state)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
        check("oauth_error", answer.json())
        assert answer.json()["error"] == error
        assert answer.json().get("state") == state.get("state")


def test_live_mode_redirects_to_https_only(serve: Serve) -> None:
    client = serve(live=True)
    assert page(client, PATHS[0], redirect_uri=HERE).status_code == 400
    location = decide(client, page(client, PATHS[0]), "deny").headers["location"]
    assert location.startswith("https://127.0.0.1:4573/stripe/callback?error=")


def test_everything_shown_is_escaped(serve: Serve) -> None:
    client = serve(redirect_uris=["http://127.0.0.1:9/<b>'\""])
    client.sandbox.world.account_name = "<script>alert(1)</script>"
    shown = page(client, PATHS[0], state='"><script>', redirect_uri="http://127.0.0.1:9/<b>'\"")
    assert shown.status_code == 200
    assert "<script" not in shown.text
    assert "<b>" not in shown.text
    location = decide(client, shown, "approve").headers["location"]
    assert location.endswith("&state=%22%3E%3Cscript%3E")


@pytest.mark.parametrize(
    "uri", ["ftp://a/b", "http://a", "http://a/", "http://a/b#c", "http://a/ü"]
)
def test_a_redirect_has_a_host_and_a_path(uri: str) -> None:
    with pytest.raises(ValueError, match="a redirect URI is"):
        Sandbox(customers=0, redirect_uris=[uri])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if browser.missing():
        pytest.skip(browser.missing())
    with browser.browser() as opened:
        yield opened


@pytest.fixture
def app(serve: Serve) -> Client:
    """A sandbox whose app is sent back to a page of a second one, as to another site."""
    other = serve(customers=0)
    return serve(redirect_uris=[f"{other.sandbox.url}/dashboard?from=stripe"])


def _link(client: Client, path: str, **more: str) -> str:
    asked = {
        "client_id": client.sandbox.world.client_id,
        "redirect_uri": client.sandbox.world.oauth.redirect_uris[-1],
        "state": 's"<&',
    }
    return f"{client.sandbox.url}{path}?{httpx.QueryParams(asked | more)}"


@pytest.mark.parametrize(("path", "more"), [(PATHS[1], {}), (PATHS[2], CONNECT)])
@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_a_person_decides(
    chromium: Browser, app: Client, path: str, more: dict[str, str], decision: str
) -> None:
    world = app.sandbox.world
    chromium.open(_link(app, path, **more))
    shown = chromium.text()
    assert "Panelist wants access to your Stripe account" in shown
    assert world.account_id in shown
    chromium.click(f"#{decision}")
    arrived = chromium.wait_for_url(world.oauth.redirect_uris[-1])
    said = dict(parse_qsl(urlsplit(arrived).query))
    assert (said["from"], said["state"]) == ("stripe", 's"<&')
    assert ("code" in said) == (decision == "approve")
    assert said.get("error") == ("access_denied" if decision == "deny" else None)
    assert (world.oauth.installed("app") is not None) == (decision == "approve" and not more)
    assert chromium.console() == []


def test_a_person_installs_and_removes_in_the_dashboard(chromium: Browser, serve: Serve) -> None:
    other = serve(customers=0)
    back = f"{other.sandbox.url}/dashboard"
    client = serve()
    world = client.sandbox.world
    world.oauth.redirect_uris.insert(0, back)
    chromium.open(f"{client.sandbox.url}/dashboard")
    assert "Panelist is not installed." in chromium.text()
    assert chromium.count("#remove") == 0
    chromium.click("#install")
    said = dict(parse_qsl(urlsplit(chromium.wait_for_url(back)).query))
    assert [*said] == ["code", "account_id", "user_id", "install_signature", "livemode"]
    assert (said["account_id"], said["livemode"]) == (world.account_id, "false")
    chromium.open(f"{client.sandbox.url}/dashboard")
    assert "Panelist is installed." in chromium.text()
    chromium.click("#remove")
    chromium.wait_for_url(f"{client.sandbox.url}/dashboard")
    assert "Panelist is not installed." in chromium.text()
    assert world.oauth.installed() is None
    assert chromium.console() == []
