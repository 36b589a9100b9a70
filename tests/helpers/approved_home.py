"""A home that knows the sandbox's app, and a person who approves there."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.credentials.factory import open_credentials
from app.credentials.store import Credentials
from app.db.store import Store
from app.oauth.redirect import read_pasted
from app.panel.overview import ConnectionView, overview
from app.sandbox.server.server import Sandbox
from app.settings import RequestRate, Settings
from app.sync.auth.oauth_app import registered
from app.sync.service import SyncService
from app.sync.stripe.access import secret_name
from app.sync.stripe.oauth import OAuthApp, authorize_url, new_state
from tests.helpers.sandbox_oauth import web

TOKEN = "POST /v1/oauth/token"
PAGES = {"app": "/oauth/v2/authorize", "connect": "/oauth/authorize"}


def known(sandbox: Sandbox, home: Path, flavour: str = "app", **more: Any) -> Settings:
    """Settings with the app that is registered at the sandbox."""
    values: dict[str, Any] = {
        "home": home,
        "rate": RequestRate(None, None),
        "stripe_api_base": sandbox.url,
        "stripe_connect_base": sandbox.url,
        "stripe_authorize_url": sandbox.url + PAGES[flavour],
        "stripe_client_id": sandbox.world.client_id,
        "stripe_client_secret": sandbox.world.client_secret,
        "token_store": "plain",
    }
    return Settings(**{**values, **more})


def service(
    store: Store, settings: Settings, credentials: Credentials | None = None
) -> SyncService:
    return SyncService(store, settings, credentials or open_credentials(settings))


def app_of(settings: Settings) -> OAuthApp:
    """What is registered, for the one mode there is."""
    credentials = open_credentials(settings)
    apps = [registered(settings, credentials, livemode) for livemode in (False, True)]
    (app,) = [app for app in apps if app is not None]
    return app


def decide(url: str, decision: str = "approve") -> str:
    """Press a button of the page; where the browser is then sent."""
    shown = web.get(url)
    assert shown.status_code == 200, shown.text
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', shown.text)
    form = {unescape(name): unescape(value) for name, value in hidden} | {"decision": decision}
    place = urlsplit(url)
    answer = web.post(f"{place.scheme}://{place.netloc}/oauth/decision", data=form)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def said(location: str) -> dict[str, str]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(location).query))


def code_for(app: OAuthApp) -> str:
    """Somebody approves; the code."""
    return said(decide(authorize_url(app, new_state(app.livemode))))["code"]


def connect(here: SyncService, livemode: bool = False) -> ConnectionView:
    """Approve, paste, exchange, connect."""
    app, state = here.oauth_app(livemode), new_state(livemode)
    assert app
    heard = read_pasted(decide(authorize_url(app, state)), state, app.redirect_uri)
    connection = here.connect(here.by_code(app, heard.code))
    return view(here.store, connection)


def view(store: Store, connection: int | None = None) -> ConnectionView:
    """A connection as the screens see it."""
    seen = overview(store, connection).connection
    assert seen
    return seen


def kept(settings: Settings, account: str, livemode: bool = False) -> dict[str, Any] | None:
    """What another start of Panelist finds kept for an account."""
    return open_credentials(settings).get(secret_name(account, livemode))


def block(settings: Settings) -> None:
    """No access can be kept or read any more, not even by root."""
    folder = settings.home / "credentials"
    folder.rename(settings.home / "away")
    folder.write_text("in the way")


def unblock(settings: Settings) -> None:
    (settings.home / "credentials").unlink()
    (settings.home / "away").rename(settings.home / "credentials")


def until(met: Callable[[], bool]) -> None:
    """Wait for something that another process does; the test's time limit ends it otherwise."""
    while not met():
        threading.Event().wait(0.01)


def once_asked(sandbox: Sandbox, path: str, do: Callable[[], object]) -> threading.Event:
    """Do something when the sandbox is first asked for a path, before it answers."""
    asked = threading.Event()

    def hook(of: str, _: dict[str, object]) -> None:
        if of == path and not asked.is_set():
            do()
            asked.set()

    sandbox.on_request = hook
    return asked
