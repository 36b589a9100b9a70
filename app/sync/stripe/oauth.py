"""Stripe's OAuth: the registered app, the page to approve on, and exchanging codes for tokens.

Facts: docs.stripe.com/stripe-apps/api-authentication/oauth (Stripe Apps) and
docs.stripe.com/connect/oauth-reference (classic Connect). No call here is retried automatically: a
code and a refresh token work once, and a lost answer may have used them.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from app.network_failures import WireProblem
from app.oauth.errors import OAuthProblem
from app.sync.stripe.pages import UnreadableAnswer, any_object
from app.sync.stripe.transport import Headers
from app.text import plain, redacted, without_secret

if TYPE_CHECKING:
    from app.sync.stripe.sdk import SdkTransport

ACCESS_LIFE = 3600.0  # seconds; Stripe documents one hour and sends no expires_in
SHORTEST, LONGEST = 600.0, 36_000.0  # the valid range of an expires_in; otherwise one hour

Flavour = Literal["app", "connect"]


@dataclass(frozen=True)
class OAuthApp:
    """What an organisation registered at Stripe, for one mode. ``token_base``: the server that
    issues tokens, without a path."""

    flavour: Flavour
    livemode: bool
    client_id: str
    secret: str = field(repr=False)  # the secret key of the developer's own account
    authorize_url: str
    token_base: str
    redirect_uri: str


@dataclass(frozen=True)
class Tokens:
    """The result of exchanging a code or a refresh token. Connect calls use the platform's own key,
    so for Connect only the account is stored.

    ``expires_at``: seconds since 1970 by this computer's clock. None: it does not expire.
    """

    account: str
    livemode: bool
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: float | None = None


def new_state(livemode: bool) -> str:
    """256 random bits and the mode, which Stripe wants in the state."""
    return f"{'live' if livemode else 'test'}_{secrets.token_urlsafe(32)}"


def authorize_url(app: OAuthApp, state: str) -> str:
    """The page at Stripe where a person approves. A channel link keeps its path and query."""
    parts = urlsplit(app.authorize_url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query.setdefault("client_id", app.client_id)
    if app.flavour == "connect":
        # Stripe grants read_only only to Extensions, which can no longer be created.
        query |= {"response_type": "code", "scope": "read_write"}
    query |= {"redirect_uri": app.redirect_uri, "state": state}
    return urlunsplit(parts._replace(query=urlencode(query)))


async def exchange(app: OAuthApp, code: str) -> Tokens:
    """Exchange the code of a callback for tokens. Raises OAuthProblem."""
    answer = await _ask(
        app,
        {"grant_type": "authorization_code", "code": code},
        "Stripe says that this approval has expired or was used already. Nothing was"
        " connected. Start again and approve within five minutes.",
    )
    return _tokens(app, answer)


async def refresh(app: OAuthApp, tokens: Tokens) -> Tokens:
    """New tokens for expiring ones. The old ones stop working when Stripe answers.

    Raises OAuthProblem. Its kind is "expired" if access was revoked.
    """
    answer = await _ask(
        app,
        {"grant_type": "refresh_token", "refresh_token": tokens.refresh},
        "Stripe no longer renews this access, because it was revoked or not used for a year.",
    )
    fresh = _tokens(app, answer)
    if fresh.account != tokens.account:
        raise _senseless("it names another account")
    return fresh


async def _ask(app: OAuthApp, form: dict[str, str], expired: str) -> dict[str, Any]:
    path = "/v1/oauth/token" if app.flavour == "app" else "/oauth/token"
    basic = base64.b64encode(f"{app.secret}:".encode()).decode()
    status, body = await _post(app.token_base, path, {"Authorization": f"Basic {basic}"}, form)
    if status == 200:
        return body
    if _error(body) == "invalid_grant":
        raise OAuthProblem("expired", expired)
    if status in (400, 401, 403, 404):
        mode = "live" if app.livemode else "test"
        raise OAuthProblem(
            "refused",
            "Stripe refuses the client ID or the secret key"
            f" ({_said(app, form, status, body)}). Nothing was changed. Check on “Set up"
            f" OAuth” that both belong to the same app, in {mode} mode.",
        )
    raise _unusable(status)


async def _post(
    base: str, path: str, headers: Headers, form: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    """(status, decoded answer). An answer that is not a JSON object is {} unless the status is
    200."""
    async with _stripe(base, headers) as wire:
        status, _, content = await wire.post(path, form)
    return status, _object(content, status)


@asynccontextmanager
async def _stripe(base: str, headers: Headers) -> AsyncIterator[SdkTransport]:
    from app.sync.stripe.sdk import SdkTransport

    wire = SdkTransport(base, headers)
    try:
        yield wire
    except WireProblem as problem:
        raise _unreachable(problem) from None
    finally:
        await wire.close()


def _object(content: bytes, status: int) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = any_object(content)
        return answer
    except UnreadableAnswer:
        if status == 200:
            raise _senseless("it is not JSON") from None
        return {}


def _error(body: dict[str, Any]) -> str:
    """The error code (RFC 6749, 5.2). Stripe's API has an object in its place."""
    error = body.get("error")
    error = error.get("code") if isinstance(error, dict) else error
    return error if isinstance(error, str) else ""


def _said(app: OAuthApp, form: dict[str, str], status: int, body: dict[str, Any]) -> str:
    """Stripe's own words (RFC 6749, 5.2, or an error of its API), without a secret."""
    error = body.get("error")
    words = body.get("error_description") or (isinstance(error, dict) and error.get("message"))
    if not isinstance(words, str):
        return str(status)
    sent = (form[name] for name in ("code", "refresh_token") if name in form)
    return f"{status}: {plain(without_secret(redacted(words), app.secret, *sent), 200).rstrip('.')}"


def _unreachable(why: WireProblem) -> OAuthProblem:
    return OAuthProblem("unreachable", f"{why.clause}. Nothing was changed. Try again.")


def _unusable(status: int) -> OAuthProblem:
    if status >= 500 or status == 429:
        return OAuthProblem(
            "unreachable",
            f"Stripe had a server error ({status}). Nothing was changed. Try again in a minute.",
        )
    return _senseless(f"status {status}")


def _senseless(why: str) -> OAuthProblem:
    return OAuthProblem(
        "senseless",
        f"The response is not from Stripe ({why}). Nothing was changed. Check the network (a"
        " proxy or a sign-in page?) and try again.",
    )


def _tokens(app: OAuthApp, answer: dict[str, Any]) -> Tokens:
    account, livemode = answer.get("stripe_user_id"), answer.get("livemode")
    if not (isinstance(account, str) and _id(account, "acct_") and isinstance(livemode, bool)):
        raise _senseless("it names no account")
    if livemode != app.livemode:
        got, wanted = ("live", "test") if livemode else ("test", "live")
        raise OAuthProblem(
            "refused",
            f"Stripe gave access in {got} mode, but {wanted} mode was asked for. Nothing was"
            f" stored. Enter the {wanted} mode's client ID and secret key on “Set up OAuth”.",
        )
    if app.flavour == "connect":
        return Tokens(account, livemode)
    access, again = answer.get("access_token"), answer.get("refresh_token")
    if not (_token(access) and _token(again)):
        raise _senseless("it has no tokens")
    life = answer.get("expires_in")
    if not isinstance(life, int | float) or not SHORTEST <= life <= LONGEST:
        life = ACCESS_LIFE
    return Tokens(account, livemode, str(access), str(again), time.time() + life)


def _id(text: str, prefix: str) -> bool:
    rest = text.removeprefix(prefix)
    return text.startswith(prefix) and rest.isascii() and rest.isalnum() and len(text) <= 255


def _token(text: object) -> bool:
    """Whether it is safe in a header: only visible ASCII (RFC 6750, 2.1)."""
    return isinstance(text, str) and 0 < len(text) <= 4096 and text.isascii() and text.isprintable()


async def revoke(app: OAuthApp, account: str) -> bool:
    """Revoke access at Stripe. False if Stripe does not offer it or refuses.

    Raises OAuthProblem if Stripe's answer does not tell.
    """
    headers = {"Authorization": f"Bearer {app.secret}"}
    if app.flavour == "connect":
        form = {"client_id": app.client_id, "stripe_user_id": account}
        status, body = await _post(app.token_base, "/oauth/deauthorize", headers, form)
        done = status == 200 and body.get("stripe_user_id") == account
    else:
        headers["Stripe-Account"] = account
        install = await _install(app, headers, account)
        if install is None:
            return False
        path = f"/v1/apps/installs/{install}/uninstall"
        status, _ = await _post(app.token_base, path, headers, {})
        done = status == 200
    if not done and (status >= 500 or status == 429):
        raise _unusable(status)
    return done


async def _install(app: OAuthApp, headers: Headers, account: str) -> str | None:
    """The id of the app's installation in this account (docs.stripe.com/api/apps/installs). None if
    there is none or several: Stripe gives no client id there, so the other may be another app of
    the same developer."""
    async with _stripe(app.token_base, headers) as wire:
        status, _, content = await wire.get("/v1/apps/installs", {"limit": 100})
    if status >= 500 or status == 429:
        raise _unusable(status)
    rows = _object(content, status).get("data") if status == 200 else None
    rows = rows if isinstance(rows, list) else []
    ours = [row for row in rows if isinstance(row, dict) and row.get("account") == account]
    key = ours[0].get("id") if len(ours) == 1 else None
    return key if isinstance(key, str) and key.isidentifier() else None
