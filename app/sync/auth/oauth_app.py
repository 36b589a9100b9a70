"""The app that an organisation registered at Stripe for OAuth: where its settings come from, and
whether they can be right.

There is one app for each mode. The environment can name one completely. Otherwise it is what a
person entered on “Set up OAuth”. That is in the credential storage, because it has a secret key.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import asdict
from urllib.parse import urlsplit

from app.credentials.store import Credentials
from app.oauth.errors import OAuthProblem
from app.settings import CALLBACK_PATH, STRIPE_API, Settings, default_redirects, is_web_address
from app.sync.stripe.oauth import Flavour, OAuthApp, exchange

MARKETPLACE = "https://marketplace.stripe.com/oauth/v2/authorize"
FIELDS = ("client_id", "secret", "authorize_url", "redirect_uri")

_CLIENT_ID = re.compile(r"ca_\w{8,250}", re.ASCII)
_SECRET = re.compile(r"sk_(live|test)_\w{8,240}", re.ASCII)


class SetupProblem(Exception):
    """The entered values cannot be right. ``field`` is the wrong one, of FIELDS."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def registered(settings: Settings, credentials: Credentials, livemode: bool) -> OAuthApp | None:
    """The app for a mode, or None. Raises CredentialProblem, and OAuthProblem if the settings
    cannot be right."""
    app = _from_settings(settings)
    if app is not None and app.livemode == livemode:
        return app
    kept = credentials.get(_name(livemode))
    with suppress(TypeError):  # the stored fields are not those of register()
        return OAuthApp(**kept) if kept else None
    return None


def register(credentials: Credentials, app: OAuthApp) -> None:
    """Store an app. Raises CredentialProblem."""
    credentials.put(_name(app.livemode), asdict(app))


def entered(
    settings: Settings,
    client_id: str,
    secret: str,
    authorize_url: str = "",
    redirect_uri: str = "",
) -> OAuthApp:
    """An app from the values that a person entered. Its secret key decides the mode, and empty
    addresses get their defaults. Raises SetupProblem."""
    client_id, secret = client_id.strip(), secret.strip()
    livemode = secret.startswith("sk_live_")
    authorize_url = authorize_url.strip() or settings.stripe_authorize_url or MARKETPLACE
    redirect_uri = redirect_uri.strip() or default_redirects(settings)[livemode]
    _check_client_id(client_id)
    _check_secret(secret)
    _check_page(settings, authorize_url)
    _check_redirect(redirect_uri, livemode)
    return _app(settings, livemode, client_id, secret, authorize_url, redirect_uri)


def check(app: OAuthApp) -> None:
    """Ask Stripe whether it knows this secret key, by exchanging a code that cannot exist. Raises
    OAuthProblem if Stripe does not know the key, or does not answer."""
    try:
        asyncio.run(exchange(app, "ac_panelist_asks_whether_this_key_is_known"))
    except OAuthProblem as problem:
        if problem.kind != "expired":  # the kind for an unknown code
            raise


def _check_client_id(client_id: str) -> None:
    if not _CLIENT_ID.fullmatch(client_id):
        raise SetupProblem(
            "client_id",
            "A client ID starts with ca_. Stripe shows one for live mode and one for test"
            " mode in your app's settings.",
        )


def _check_secret(secret: str) -> None:
    if secret.startswith("rk_"):
        raise SetupProblem(
            "secret",
            "This is a restricted key. Use it under “Restricted key”, without OAuth. OAuth"
            " needs the secret key (sk_) of the account that owns the app.",
        )
    if not _SECRET.fullmatch(secret):
        raise SetupProblem(
            "secret",
            "A secret key starts with sk_test_ or sk_live_. Check that you pasted the"
            " complete key and nothing else.",
        )


def _check_page(settings: Settings, address: str) -> None:
    """A browser opens this page, so it must be Stripe's or that of the sandbox in use."""
    parts = urlsplit(address) if is_web_address(address) else urlsplit("")
    host = parts.hostname or ""
    if parts.scheme == "https" and host.endswith(".stripe.com"):
        return
    known = {urlsplit(settings.stripe_authorize_url or "").hostname}
    if settings.stripe_api_base != STRIPE_API:
        known.add(urlsplit(settings.stripe_api_base).hostname)
    if host not in known - {None}:
        raise SetupProblem(
            "authorize_url",
            "This is not an install link from Stripe. An install link starts with"
            " https://marketplace.stripe.com/ or https://connect.stripe.com/.",
        )


def _check_redirect(address: str, livemode: bool) -> None:
    parts = urlsplit(address) if is_web_address(address) else urlsplit("")
    if not parts.hostname or len(parts.path) < 2 or parts.fragment:
        raise SetupProblem(
            "redirect_uri",
            "A redirect address must be complete and have a path, such as"
            f" http://127.0.0.1:4573{CALLBACK_PATH}.",
        )
    if livemode and parts.scheme != "https":
        raise SetupProblem(
            "redirect_uri", "In live mode, Stripe redirects only to https:// addresses."
        )


def _from_settings(settings: Settings) -> OAuthApp | None:
    client_id, secret = settings.stripe_client_id, settings.stripe_client_secret
    if not (client_id and secret):
        return None
    try:
        _check_client_id(client_id)
        _check_secret(secret)
    except SetupProblem as problem:
        name = f"PANELIST_STRIPE_CLIENT_{'SECRET' if problem.field == 'secret' else 'ID'}"
        raise OAuthProblem("setup", f"{name} cannot be right. {problem}") from None
    livemode = secret.startswith("sk_live_")
    page = settings.stripe_authorize_url or MARKETPLACE
    return _app(settings, livemode, client_id, secret, page, default_redirects(settings)[livemode])


def _app(
    settings: Settings, livemode: bool, client_id: str, secret: str, page: str, redirect: str
) -> OAuthApp:
    flavour = _flavour(page)
    base = settings.stripe_api_base if flavour == "app" else settings.stripe_connect_base
    return OAuthApp(flavour, livemode, client_id, secret, page, base, redirect)


def _flavour(page: str) -> Flavour:
    """Pages of Stripe Apps are under /oauth/v2/. Classic Connect has /oauth/authorize."""
    parts = urlsplit(page)
    classic = parts.path.rstrip("/") == "/oauth/authorize" or parts.hostname == "connect.stripe.com"
    return "connect" if classic else "app"


def _name(livemode: bool) -> str:
    return f"oauth app {'live' if livemode else 'test'}"
