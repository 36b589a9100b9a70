"""Connects to a mail server, logs in, and says in the server's own words what went wrong.

Python's smtplib sends logins as ASCII. This login is UTF-8, as RFC 4616 (PLAIN) wants it and as
servers accept it for LOGIN and CRAM-MD5. Whoever signed in at Microsoft or Google logs in with an
access token: :mod:`app.invites.mail.xoauth2`.
"""

from __future__ import annotations

import base64
import hmac
import smtplib
import socket
import ssl
from collections.abc import Callable

from app.certificates import advice, trusted
from app.invites.mail.server_settings import MailServer
from app.invites.mail.smtp_replies import is_reply
from app.invites.mail.smtp_socket import SmtpSession, SmtpTlsSession
from app.text import plain, without_secret

CONNECT = 30.0  # seconds for each step until the login is done
LONGEST = 300  # characters of someone else's words
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
LOGGED_IN = (235, 503)  # 503: it is already logged in

FAILURES = (OSError, smtplib.SMTPException, ValueError)

_KEEP = "Nothing was sent."


class LoginRefused(Exception):
    """The server did not let us in. The text is a sentence for a person. ``code`` and ``words`` are
    the server's answer; the code is 0 if it gave none."""

    def __init__(self, text: str, code: int = 0, words: str = "") -> None:
        super().__init__(text)
        self.code, self.words = code, words


def connect(server: MailServer, password: str) -> smtplib.SMTP:
    """A session that may send, by a password. Raises LoginRefused."""

    def log_in(smtp: smtplib.SMTP) -> None:
        if server.user:
            _login(smtp, server.user, password)

    try:
        return opened_session(server, log_in)
    except FAILURES as error:
        raise explained(server, error, *_forms(server.user, password)) from None


def opened_session(server: MailServer, log_in: Callable[[smtplib.SMTP], None]) -> smtplib.SMTP:
    """A session that is logged in. Raises one of FAILURES, and then nothing is left open."""
    steps: list[smtplib.SMTP] = []
    try:
        smtp = _encrypted(server, steps.append)
        smtp.ehlo_or_helo_if_needed()
        log_in(smtp)
        return smtp
    except BaseException:
        for opened in steps:
            opened.close()
        raise


def _encrypted(server: MailServer, opened: Callable[[smtplib.SMTP], None]) -> smtplib.SMTP:
    if server.security == "tls":
        smtp: smtplib.SMTP = SmtpTlsSession(
            server.host, server.port, timeout=CONNECT, context=trusted()
        )
        opened(smtp)
    else:
        smtp = SmtpSession(server.host, server.port, timeout=CONNECT)
        opened(smtp)
        if server.security == "starttls":
            smtp.starttls(context=trusted())
    # The last line of an email leaves alone. It must not wait until the others are confirmed.
    if smtp.sock is not None:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return smtp


class _NoLogin(smtplib.SMTPException):
    """The server offers none, or none that Panelist speaks. ``offered``: their names."""

    def __init__(self, offered: str) -> None:
        super().__init__()
        self.offered = offered


def _login(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """Try what the server offers until one way works (RFC 4954)."""
    offered = offered_logins(smtp)
    ways = [way for way in MECHANISMS if way in offered]
    if not ways:
        raise _NoLogin(plain(" ".join(offered), LONGEST))
    for way in ways:
        code, text = _WAYS[way](smtp, user.encode(), password.encode())
        if code in LOGGED_IN:
            return
    raise smtplib.SMTPAuthenticationError(code, text)


def offered_logins(smtp: smtplib.SMTP) -> list[str]:
    """The mechanisms that the server named, in upper case."""
    return smtp.esmtp_features.get("auth", "").upper().split()


def _plain(smtp: smtplib.SMTP, user: bytes, password: bytes) -> tuple[int, bytes]:
    return smtp.docmd("AUTH", "PLAIN " + _plain_form(user, password))


def _by_login(smtp: smtplib.SMTP, user: bytes, password: bytes) -> tuple[int, bytes]:
    code, text = smtp.docmd("AUTH", "LOGIN")
    for answer in (user, password):
        if code == 334:
            code, text = smtp.docmd(_base64(answer))
    return code, text


def _cram_md5(smtp: smtplib.SMTP, user: bytes, password: bytes) -> tuple[int, bytes]:
    code, text = smtp.docmd("AUTH", "CRAM-MD5")
    if code == 334:
        proof = hmac.new(password, base64.b64decode(text), "md5").hexdigest().encode()
        code, text = smtp.docmd(_base64(user + b" " + proof))
    return code, text


_WAYS = {"PLAIN": _plain, "LOGIN": _by_login, "CRAM-MD5": _cram_md5}


def _plain_form(user: bytes, password: bytes) -> str:
    """RFC 4616, 2."""
    return _base64(b"\0".join((b"", user, password)))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def explained(server: MailServer, error: Exception, *secrets: str) -> LoginRefused:
    """The sentence for what went wrong, one of FAILURES. ``secrets``: what it must not show."""
    name = f"The mail server {server}"
    if isinstance(error, smtplib.SMTPResponseException):
        words = server_words(error, *secrets)
        return LoginRefused(_answered(name, error, words), error.smtp_code, words)
    if isinstance(error, _NoLogin):
        return LoginRefused(_no_login(name, error.offered))
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return LoginRefused(
            f"{name} offers no encryption on this port. {_KEEP} Use a port that does, or write"
            " smtps:// if it is encrypted from the first byte."
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        why = plain(error.verify_message or error.reason or error, LONGEST)
        return LoginRefused(
            f"This computer does not trust the certificate of the mail server {server} ({why})."
            f" {_KEEP} {advice()}."
        )
    if isinstance(error, ssl.SSLError):
        return LoginRefused(_not_tls(name, server, error))
    why = broken_words(error)
    if server.security == "starttls" and _is_silent(error):
        return LoginRefused(
            f"{name} accepted the connection but did not respond. {_KEEP} If this port is"
            " encrypted from the first byte, write smtps:// instead of smtp://."
        )
    return LoginRefused(f"{name} cannot be reached ({why}). {_KEEP}")


def server_words(error: smtplib.SMTPResponseException, *secrets: str) -> str:
    """What the server said, cleaned and without the secrets."""
    said = error.smtp_error
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return plain(without_secret(words, *secrets), LONGEST)


def _answered(name: str, error: smtplib.SMTPResponseException, words: str) -> str:
    said = f"{error.smtp_code} {words}".strip().rstrip(".")
    if not is_reply(error.smtp_code):
        return (
            f"{name} does not speak SMTP on this port. {_KEEP} Check the host and the port in"
            " PANELIST_SMTP_SERVER."
        )
    if not isinstance(error, smtplib.SMTPAuthenticationError):
        return f"{name} does not accept the connection ({said}). {_KEEP}"
    if 400 <= error.smtp_code < 500:
        return f"{name} cannot check the login now ({said}). {_KEEP} Try again later."
    return (
        f"{name} refuses the login ({said}). {_KEEP} If the password is wrong, enter the"
        " right one with panelist mail --password-stdin."
    )


def _no_login(name: str, offered: str) -> str:
    if "XOAUTH2" in offered.split():
        return (
            f"{name} accepts only a sign-in, no passwords ({offered}). {_KEEP} Set"
            " PANELIST_SMTP_OAUTH to microsoft or google, and sign in with panelist mail"
            " login."
        )
    if offered:
        return (
            f"{name} offers only login methods that Panelist does not support ({offered})."
            f" {_KEEP} Panelist supports {', '.join(MECHANISMS)} and XOAUTH2."
        )
    return (
        f"{name} offers no login on this port. {_KEEP} Use its port for sending, which is usually"
        " 587 or 465, or remove the user from PANELIST_SMTP_SERVER."
    )


def _not_tls(name: str, server: MailServer, error: ssl.SSLError) -> str:
    why = plain(error.reason or error, LONGEST).replace("_", " ").lower()
    if server.security == "tls":
        return (
            f"{name} does not start with encryption on this port ({why}). {_KEEP} If it offers"
            " STARTTLS, write smtp:// instead of smtps://."
        )
    return f"The encrypted connection to the mail server {server} failed ({why}). {_KEEP}"


def broken_words(error: Exception) -> str:
    """Why a connection broke. smtplib says of a server that is silent for too long that it closed
    the connection, which it did not."""
    if isinstance(error, TimeoutError) or _is_silent(error):
        return "it did not respond in time"
    return plain(getattr(error, "strerror", "") or error, LONGEST).rstrip(".")


def _is_silent(error: Exception) -> bool:
    """Whether the server was reached, and said nothing until the time was over."""
    said = str(error)
    return isinstance(error, smtplib.SMTPServerDisconnected) and "timed out" in said


def _forms(user: str, password: str) -> tuple[str, ...]:
    """All that goes over the wire and would show the password to who sees it."""
    kept = password.encode()
    return (password, _base64(kept), _plain_form(user.encode(), kept))
