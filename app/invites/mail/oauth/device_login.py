"""Signs in with a code that a person enters on another page (RFC 8628), as Microsoft offers it.

Facts: learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.invites.mail.oauth.mail_tokens import MailTokens, read_answer, refused
from app.invites.mail.oauth.providers import MailApp
from app.oauth.errors import OAuthProblem
from app.oauth.token_server import TokenAnswer, ask
from app.text import plain

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL, LONGEST_INTERVAL = 5.0, 60.0  # seconds between two questions
SLOWER = 5.0  # seconds that slow_down adds (RFC 8628, 3.5)
LIFE, LONGEST_LIFE = 900.0, 3_600.0  # seconds that a person has; Microsoft gives 15 minutes

# RFC 8628, 3.5, and Microsoft's own names for the same.
_DENIED = ("access_denied", "authorization_declined")
_EXPIRED = ("expired_token", "code_expired")


@dataclass(frozen=True)
class DeviceCode:
    """What a person needs: the page to open and the code to enter there. ``expires_at`` is seconds
    of the monotonic clock."""

    page: str
    code: str
    device_code: str = field(repr=False)
    interval: float
    expires_at: float


def request_code(app: MailApp) -> DeviceCode:
    """Ask for a code. Raises OAuthProblem."""
    form = {"client_id": app.client_id, "scope": app.provider.scope}
    answer = ask(app.device_url, form, app.provider.name)
    if answer.error or answer.status != 200:
        raise refused(app, answer)
    page = answer.text("verification_uri") or answer.text("verification_url")
    code, device_code = answer.body.get("user_code"), answer.text("device_code")
    if not (_is_page(page, app) and isinstance(code, str) and code and device_code):
        raise OAuthProblem(
            "senseless",
            f"The response from {app.provider.name} contained no code to enter. Nothing was"
            " changed. Check the network (a proxy or a sign-in page?) and try again.",
        )
    life = _seconds(answer, "expires_in", LIFE, LONGEST_LIFE)
    return DeviceCode(
        plain(page),
        plain(code, 50),
        device_code,
        interval=_seconds(answer, "interval", INTERVAL, LONGEST_INTERVAL),
        expires_at=time.monotonic() + life,
    )


def wait_for_approval(
    app: MailApp, code: DeviceCode, wait: Callable[[float], object] = time.sleep
) -> MailTokens:
    """Ask until a person has approved. ``wait`` waits some seconds. Raises OAuthProblem.

    While the network is away it goes on asking, because the user signs in during that time.
    """
    form = {"grant_type": GRANT, "client_id": app.client_id, "device_code": code.device_code}
    if app.secret:
        form["client_secret"] = app.secret
    interval = code.interval
    while time.monotonic() < code.expires_at:
        wait(interval)
        try:
            answer = ask(app.token_url, form, app.provider.name)
        except OAuthProblem as problem:
            if problem.kind != "unreachable":
                raise
            interval = min(interval * 2, LONGEST_INTERVAL)  # RFC 8628, 3.5
            continue
        if answer.error == "slow_down":
            interval += SLOWER
        elif answer.error != "authorization_pending":
            return _approved(app, answer)
    raise _expired()


def _approved(app: MailApp, answer: TokenAnswer) -> MailTokens:
    if answer.status == 200:
        return read_answer(app, answer)
    if answer.error in _DENIED:
        raise OAuthProblem(
            "denied",
            f"Access was denied at {app.provider.name}. Nothing was changed.",
        )
    if answer.error in _EXPIRED:
        raise _expired()
    raise refused(app, answer)


def _expired() -> OAuthProblem:
    return OAuthProblem(
        "expired", "No one entered the code in time. Nothing was changed. Start again."
    )


def _is_page(page: str, app: MailApp) -> bool:
    """Whether a person may be sent there: it is encrypted, or it is the stand-in of a test."""
    return page.startswith("https://") or urlsplit(page)[:2] == urlsplit(app.device_url)[:2]


def _seconds(answer: TokenAnswer, name: str, otherwise: float, most: float) -> float:
    value = answer.body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return otherwise
    return min(float(value), most)
