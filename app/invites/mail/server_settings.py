"""The mail server for invites and its rate, from the settings.

``smtps://user@host`` speaks TLS from the first byte (RFC 8314, port 465). ``smtp://user@host``
starts TLS with STARTTLS (RFC 3207, port 587). ``smtp+plain://host`` has no encryption and is only
for a server on this computer.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from app.credentials.store import Credentials
from app.settings import Settings, SettingsError

SECURITY = {"smtps": ("tls", 465), "smtp": ("starttls", 587), "smtp+plain": ("none", 25)}
HERE = ("127.0.0.1", "::1", "localhost")
EXAMPLE = "smtps://research@mail.example.com"
PER_MINUTE, PER_DAY = 10, 500


@dataclass(frozen=True)
class MailServer:
    """``security`` is "tls", "starttls" or "none". Without a ``user`` there is no login."""

    host: str
    port: int
    security: str
    user: str

    def __str__(self) -> str:
        return f"{self.user + '@' if self.user else ''}{self.host}:{self.port}"


@dataclass(frozen=True)
class MailRate:
    """The maximum number of emails. None means no limit."""

    per_minute: int | None = PER_MINUTE
    per_day: int | None = PER_DAY


def mail_server(settings: Settings) -> MailServer | None:
    """The mail server, or None if none is set. Raises SettingsError."""
    text = settings.smtp_server
    if not text:
        return None
    try:
        parts = urlsplit(text)
        security, port = SECURITY[parts.scheme]
        host, port = parts.hostname or "", parts.port or port
        odd = bool(parts.path.strip("/") or parts.query or parts.fragment)
    except (ValueError, KeyError):
        host, port, odd, security = "", 0, True, ""
        parts = urlsplit("")
    if parts.password is not None:
        raise SettingsError(
            "PANELIST_SMTP_SERVER contains a password. Nothing was sent. Remove it and run"
            " panelist mail --password-stdin, or set PANELIST_SMTP_PASSWORD."
        )
    if not host or odd or not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(
            f"PANELIST_SMTP_SERVER is not the address of a mail server such as {EXAMPLE}."
            " Correct or remove it."
        )
    if security == "none" and host not in HERE:
        raise SettingsError(
            "PANELIST_SMTP_SERVER names a mail server without encryption, which must be on"
            f" this computer. Write {EXAMPLE} or smtp://…"
        )
    user = unquote(parts.username or "")
    if settings.smtp_oauth and not user:
        raise SettingsError(
            "PANELIST_SMTP_OAUTH needs the address to sign in with. Write it before the"
            " host in PANELIST_SMTP_SERVER, such as"
            " smtp://you@example.com@smtp.office365.com."
        )
    return MailServer(host, port, security, user)


def mail_rate(settings: Settings) -> MailRate:
    """Parses ``"10/500"``, a minute and a day, or ``0`` for no limit. Raises SettingsError."""
    text = settings.mail_rate
    if not text:
        return MailRate()
    minute, _, day = text.partition("/")
    numbers = [part.strip() for part in (minute, day or "0")]
    if not all(part.isascii() and part.isdigit() and len(part) < 8 for part in numbers):
        raise SettingsError(
            f"PANELIST_MAIL_RATE is {text[:50]!r}. Write the number of emails a minute and a"
            f" day, such as {PER_MINUTE}/{PER_DAY}, or 0 for no limit."
        )
    return MailRate(*(int(part) or None for part in numbers))


def password(settings: Settings, credentials: Credentials, server: MailServer) -> str | None:
    """The password of the user, from the environment or stored for this server. Raises
    CredentialProblem."""
    if settings.smtp_password:
        return settings.smtp_password
    kept = (credentials.get(_name(server)) or {}).get("password")
    return kept if isinstance(kept, str) else None


def keep_password(credentials: Credentials, server: MailServer, text: str) -> None:
    """Store the password in the credential storage. Raises CredentialProblem."""
    credentials.put(_name(server), {"password": text})


def _name(server: MailServer) -> str:
    return f"smtp {server}"
