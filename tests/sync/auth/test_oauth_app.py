"""What an organisation registered at Stripe: what is entered, where it is kept, which counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.credentials.factory import open_credentials
from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.oauth.errors import OAuthProblem
from app.sandbox.server.server import Sandbox
from app.settings import CALLBACK_PATH, Settings
from app.sync.auth.oauth_app import MARKETPLACE, SetupProblem, check, entered, registered
from app.sync.stripe.oauth import OAuthApp
from tests.helpers.approved_home import PAGES, TOKEN, connect, known, service

CLIENT = "ca_" + "Client1" * 4
KEYS = {mode: f"sk_{mode}_51{'Secret1' * 4}" for mode in ("test", "live")}
CHANNEL = "https://marketplace.stripe.com/oauth/v2/chnlink_61abc/authorize?client_id=ca_x"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", token_store="plain")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=2, seed=66) as running:
        yield running


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.mark.parametrize("mode", KEYS)
@pytest.mark.parametrize("space", ["", " ", "\r\n"])
def test_what_is_usual_need_not_be_entered(settings: Settings, mode: str, space: str) -> None:
    app = entered(settings, f"{space}{CLIENT}{space}", f"{space}{KEYS[mode]}{space}", space, space)
    scheme = "https" if mode == "live" else "http"
    assert app == OAuthApp(
        "app",
        mode == "live",
        CLIENT,
        KEYS[mode],
        MARKETPLACE,
        "https://api.stripe.com",
        f"{scheme}://127.0.0.1:4573{CALLBACK_PATH}",
    )
    assert KEYS[mode] not in repr(app)


@pytest.mark.parametrize(
    ("page", "flavour", "base"),
    [
        (CHANNEL, "app", "https://api.stripe.com"),
        ("https://connect.stripe.com/oauth/authorize", "connect", "https://connect.stripe.com"),
        ("https://connect.stripe.com/oauth/authorize/", "connect", "https://connect.stripe.com"),
        ("https://marketplace.stripe.com/oauth/authorize", "connect", "https://connect.stripe.com"),
    ],
)
def test_the_link_says_which_oauth_it_is(
    settings: Settings, page: str, flavour: str, base: str
) -> None:
    app = entered(settings, CLIENT, KEYS["test"], page)
    assert (app.flavour, app.token_base, app.authorize_url) == (flavour, base, page)


WRONG: dict[str, tuple[str, dict[str, str]]] = {
    "nothing": ("client_id", {"client_id": ""}),
    "an app id": ("client_id", {"client_id": "app_61Abcdefghij"}),
    "too short": ("client_id", {"client_id": "ca_1"}),
    "two words": ("client_id", {"client_id": f"{CLIENT} {CLIENT}"}),
    "an ellipsis": ("client_id", {"client_id": f"{CLIENT}…"}),
    "no key": ("secret", {"secret": ""}),
    "a restricted key": ("secret", {"secret": KEYS["test"].replace("sk_", "rk_")}),
    "a publishable key": ("secret", {"secret": KEYS["test"].replace("sk_", "pk_")}),
    "a header": ("secret", {"secret": f"{KEYS['test']}\r\nX: y"}),
    "another script": ("secret", {"secret": f"{KEYS['test']}ä"}),
    "no address": ("authorize_url", {"authorize_url": "marketplace"}),
    "no TLS": ("authorize_url", {"authorize_url": "http://marketplace.stripe.com/oauth"}),
    "another site": ("authorize_url", {"authorize_url": "https://stripe.com.evil.example/oauth"}),
    "a lookalike": ("authorize_url", {"authorize_url": "https://notstripe.com/oauth/authorize"}),
    "a user": ("authorize_url", {"authorize_url": "https://x.stripe.com@evil.example/oauth"}),
    "a script": ("authorize_url", {"authorize_url": "javascript:alert(1)"}),
    "no path": ("redirect_uri", {"redirect_uri": "http://127.0.0.1:4573"}),
    "only a slash": ("redirect_uri", {"redirect_uri": "http://127.0.0.1:4573/"}),
    "a fragment": ("redirect_uri", {"redirect_uri": "http://127.0.0.1:4573/x#y"}),
    "a path alone": ("redirect_uri", {"redirect_uri": "/stripe/callback"}),
    "live without TLS": (
        "redirect_uri",
        {"secret": KEYS["live"], "redirect_uri": "http://127.0.0.1:4573/x"},
    ),
}


@pytest.mark.parametrize(("field", "given"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_right(settings: Settings, field: str, given: dict[str, str]) -> None:
    fields: dict[str, Any] = {"client_id": CLIENT, "secret": KEYS["test"]} | given
    with pytest.raises(SetupProblem) as caught:
        entered(settings, **fields)
    assert caught.value.field == field
    assert str(caught.value).endswith(".")
    secret = fields["secret"]
    assert not secret or secret not in str(caught.value)


def test_a_stand_in_may_have_its_own_page(sandbox: Sandbox, settings: Settings) -> None:
    """And only while it is in use."""
    page = f"{sandbox.url}/oauth/v2/authorize"
    here = replace(settings, stripe_api_base=sandbox.url)
    assert entered(here, CLIENT, KEYS["test"], page).token_base == sandbox.url
    with pytest.raises(SetupProblem):
        entered(settings, CLIENT, KEYS["test"], page)


# Kept


def test_each_mode_has_its_own_and_the_last_entered_counts(
    sandbox: Sandbox, settings: Settings, store: Store
) -> None:
    sandbox.options.token_fault = ""  # whatever happened before
    here = service(store, replace(settings, stripe_api_base=sandbox.url))
    secret, page = sandbox.world.client_secret, f"{sandbox.url}/oauth/v2/authorize"
    assert (here.oauth_app(False), here.oauth_app(True)) == (None, None)
    here.set_up("ca_FirstOne1", secret, page, "")
    app = here.set_up("ca_SecondOne1", secret, page, "")
    assert here.oauth_app(True) is None
    with Sandbox(customers=1, seed=67, live=True) as live:
        there = service(store, replace(settings, stripe_api_base=live.url))
        other = there.set_up(
            live.world.client_id, live.world.client_secret, f"{live.url}/oauth/v2/authorize", ""
        )
    again = service(store, settings)
    assert (again.oauth_app(False), again.oauth_app(True)) == (app, other)
    assert (app.client_id, app.livemode, other.livemode) == ("ca_SecondOne1", False, True)


def test_what_stripe_does_not_know_is_not_kept(
    sandbox: Sandbox, settings: Settings, store: Store
) -> None:
    here = service(store, replace(settings, stripe_api_base=sandbox.url))
    page = f"{sandbox.url}/oauth/v2/authorize"
    with pytest.raises(OAuthProblem) as caught:
        here.set_up(CLIENT, KEYS["test"], page, "")
    assert caught.value.kind == "refused"
    assert KEYS["test"] not in str(caught.value)
    with pytest.raises(SetupProblem):
        here.set_up(CLIENT, "sk_nothing", page, "")
    assert here.credentials.names() == []


@pytest.mark.parametrize("flavour", PAGES)
def test_asking_stripe_uses_nothing_up(sandbox: Sandbox, tmp_path: Path, flavour: str) -> None:
    here = known(sandbox, tmp_path, flavour)
    app = registered(here, open_credentials(here), False)
    assert app
    before = dict(sandbox.requests)
    check(app)
    asked = {name for name in sandbox.requests if sandbox.requests[name] != before.get(name)}
    assert asked == {TOKEN if flavour == "app" else "POST /oauth/token"}
    assert sandbox.world.oauth.installed() is None


def test_what_was_entered_connects(sandbox: Sandbox, settings: Settings, store: Store) -> None:
    here = service(store, replace(settings, stripe_api_base=sandbox.url))
    world = sandbox.world
    here.set_up(world.client_id, world.client_secret, f"{sandbox.url}/oauth/v2/authorize", "")
    assert connect(here).account == world.account_id
    sandbox.world.oauth.remove_all()


# The environment


@pytest.mark.parametrize("mode", KEYS)
def test_the_environment_comes_first_for_its_mode(settings: Settings, mode: str) -> None:
    credentials = open_credentials(settings)
    there = replace(settings, stripe_client_id=CLIENT, stripe_client_secret=KEYS[mode])
    for other, key in KEYS.items():
        kept = entered(settings, "ca_EnteredOne", key)
        credentials.put(f"oauth app {other}", kept.__dict__)
    found = {live: registered(there, credentials, live) for live in (False, True)}
    clients = {live: app and app.client_id for live, app in found.items()}
    livemode = mode == "live"
    assert clients == {livemode: CLIENT, not livemode: "ca_EnteredOne"}


@pytest.mark.parametrize("given", [{"stripe_client_id": CLIENT}, {"stripe_client_secret": "sk_x"}])
def test_half_of_it_in_the_environment_is_nothing(
    settings: Settings, given: dict[str, Any]
) -> None:
    here = replace(settings, **given)
    assert registered(here, open_credentials(here), False) is None


@pytest.mark.parametrize(
    ("client", "secret", "name"),
    [
        ("app_61Abcdefghij", KEYS["test"], "PANELIST_STRIPE_CLIENT_ID"),
        (CLIENT, KEYS["test"].replace("sk_", "rk_"), "PANELIST_STRIPE_CLIENT_SECRET"),
        (CLIENT, f"{KEYS['test']}…", "PANELIST_STRIPE_CLIENT_SECRET"),
        (CLIENT, f"{KEYS['test']}\nX: y", "PANELIST_STRIPE_CLIENT_SECRET"),
    ],
)
def test_the_environment_may_be_wrong_too(
    settings: Settings, client: str, secret: str, name: str
) -> None:
    """It goes into a header, and a person wants to know which one it is."""
    here = replace(settings, stripe_client_id=client, stripe_client_secret=secret)
    with pytest.raises(OAuthProblem, match=name) as caught:
        registered(here, open_credentials(here), False)
    assert caught.value.kind == "setup"
    assert secret not in str(caught.value)


def test_the_settings_say_the_port_and_the_page(settings: Settings) -> None:
    here = replace(
        settings, stripe_client_id=CLIENT, stripe_client_secret=KEYS["test"], oauth_port=5555
    )
    app = registered(here, open_credentials(here), False)
    assert app
    assert app.redirect_uri == f"http://127.0.0.1:5555{CALLBACK_PATH}"
    there = replace(here, stripe_authorize_url=CHANNEL, oauth_redirect="https://lab.example/back")
    app = registered(there, open_credentials(there), False)
    assert app
    assert (app.authorize_url, app.redirect_uri) == (CHANNEL, "https://lab.example/back")
