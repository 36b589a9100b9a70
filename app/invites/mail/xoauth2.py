"""Logs in to a mail server with an access token: the SASL mechanism XOAUTH2.

Facts: developers.google.com/workspace/gmail/imap/xoauth2-protocol, and "SMTP protocol exchange" of
learn.microsoft.com/exchange/client-developer/legacy-protocols/
how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth.
"""

from __future__ import annotations

import base64
import contextlib
import json
import smtplib

from app.credentials.errors import CredentialProblem
from app.invites.mail.oauth.mail_tokens import AGAIN, MailAccess
from app.invites.mail.server_settings import MailServer
from app.invites.mail.smtp_login import (
    FAILURES,
    LOGGED_IN,
    LoginRefused,
    explained,
    offered_logins,
    opened_session,
    server_words,
)
from app.oauth.errors import OAuthProblem
from app.text import plain

_KEEP = "Nothing was sent."
_REFUSED = 535  # RFC 4954, 6: the credentials are invalid


def connect_by_token(server: MailServer, access: MailAccess) -> smtplib.SMTP:
    """A session that may send. If the server refuses the token, it is renewed once, because it may
    have ended early. Raises LoginRefused."""
    token = _token(access)
    try:
        return _connect(server, token)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise _explained(server, access, error, token) from None
    except FAILURES as error:
        raise _explained(server, access, error, token) from None
    token = _token(access, token)
    try:
        return _connect(server, token)
    except FAILURES as error:
        raise _explained(server, access, error, token) from None


def _token(access: MailAccess, refused: str = "") -> str:
    try:
        return access.token(refused)
    except OAuthProblem as problem:
        # An unreachable token server answers later. The others need a person.
        code = 0 if problem.kind == "unreachable" else _REFUSED
        raise LoginRefused(f"{problem} {_KEEP}", code, "no valid sign-in") from None
    except CredentialProblem as problem:
        raise LoginRefused(str(problem), _REFUSED, "no sign-in that can be read") from None


class _NotOffered(smtplib.SMTPException):
    """The server does not speak XOAUTH2. ``offered``: the names of what it speaks."""

    def __init__(self, offered: str) -> None:
        super().__init__()
        self.offered = offered


class _TokenRefused(smtplib.SMTPAuthenticationError):
    """``status``: what the server said of the token before it refused the login, or ""."""

    def __init__(self, code: int, text: bytes, status: str) -> None:
        super().__init__(code, text)
        self.status = status


def _connect(server: MailServer, token: str) -> smtplib.SMTP:
    def log_in(smtp: smtplib.SMTP) -> None:
        if "XOAUTH2" not in (offered := offered_logins(smtp)):
            raise _NotOffered(plain(" ".join(offered), 300))
        code, text = smtp.docmd("AUTH", f"XOAUTH2 {_form(server.user, token)}")
        status = ""
        if code == 334:  # what is wrong, in JSON. An empty answer asks for the refusal
            status = _status(text)
            code, text = smtp.docmd("")
        if code not in LOGGED_IN:
            raise _TokenRefused(code, text, status)

    return opened_session(server, log_in)


def _form(user: str, token: str) -> str:
    return base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode()


def _status(text: bytes) -> str:
    """The status in the server's challenge, such as "401"."""
    with contextlib.suppress(ValueError, RecursionError):
        said = json.loads(base64.b64decode(text))
        status = said.get("status") if isinstance(said, dict) else ""
        return plain(status, 20)
    return ""


def _explained(
    server: MailServer, access: MailAccess, error: Exception, token: str
) -> LoginRefused:
    """The sentence for what went wrong."""
    name = access.app.provider.name
    secrets = token, _form(server.user, token)
    if isinstance(error, _NotOffered):
        return LoginRefused(
            f"The mail server {server} does not accept OAuth on this port"
            f" ({error.offered or 'it offers no login'}). {_KEEP} Check"
            " PANELIST_SMTP_SERVER, or remove PANELIST_SMTP_OAUTH to log in with a"
            " password."
        )
    if not isinstance(error, _TokenRefused) or error.smtp_code < 500:
        return explained(server, error, *secrets)
    words = server_words(error, *secrets)
    said = f"{error.smtp_code} {words}".strip().rstrip(".")
    if error.status:
        said = f"{said}, status {error.status}"
    # learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/
    # authenticated-client-smtp-submission
    advice = (
        "An administrator of Microsoft 365 must allow authenticated SMTP for this mailbox."
        if words.startswith("5.7.139")
        else f"{AGAIN} as {server.user}. If {name} still refuses it, check that this mailbox is"
        " allowed to send by SMTP."
    )
    return LoginRefused(
        f"The mail server {server} refuses the sign-in at {name} ({said}). {_KEEP} {advice}",
        error.smtp_code,
        words,
    )
