"""One settings object, from the settings file and the environment; the environment wins.

Secrets come from the environment only: a secret in the settings file is refused, so that
nobody commits or backs one up by accident.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from app import paths
from app.problems import Problem

STRIPE_API = "https://api.stripe.com"
STRIPE_CONNECT = "https://connect.stripe.com"
OAUTH_PORT = 4573  # fixed, because Stripe redirects only to what was registered there
CALLBACK_PATH = "/stripe/callback"
TOKEN_STORES = ("keyring", "passphrase", "plain", "session")

SECRETS = (
    "stripe_key",
    "stripe_client_secret",
    "passphrase",
    "webhook_secret",
    "smtp_password",
)
PLAIN = (
    "database_url",
    "stripe_api_base",
    "stripe_rate",
    "stripe_connect_base",
    "stripe_authorize_url",
    "stripe_client_id",
    "oauth_port",
    "oauth_redirect",
    "token_store",
    "smtp_server",
    "mail_rate",
)


class SettingsError(Problem):
    """The settings cannot be used; the text says which one and what to write instead."""


@dataclass(frozen=True)
class RequestRate:
    """Requests a second that Stripe allows: to the account in all, and to one endpoint.

    ``None`` means no limit. Source: docs.stripe.com/rate-limits.
    """

    account: float | None
    endpoint: float | None


@dataclass(frozen=True)
class Settings:
    """What a person may set. ``rate`` is None when it follows from the key's mode; the five
    ``stripe_…`` and ``oauth_…`` of OAuth describe one app, registered at Stripe for one mode."""

    home: Path
    database_url: str | None = None
    stripe_api_base: str = STRIPE_API
    rate: RequestRate | None = None
    stripe_key: str | None = field(default=None, repr=False)
    stripe_connect_base: str = STRIPE_CONNECT
    stripe_authorize_url: str | None = None
    stripe_client_id: str | None = None
    stripe_client_secret: str | None = field(default=None, repr=False)
    oauth_port: int = OAUTH_PORT
    oauth_redirect: str | None = None  # another address than that of the port
    token_store: str | None = None  # one of TOKEN_STORES
    passphrase: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)  # several have commas between
    smtp_server: str | None = None  # see app.invites.mail.server_settings, as of the next two
    smtp_password: str | None = field(default=None, repr=False)
    mail_rate: str | None = None
    poll_seconds: float | None = None  # the demo's pace; None for the usual one


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingsError with a sentence for a person."""
    home = paths.home(environ)
    values = _from_file(paths.settings_file(home))
    for name in (*PLAIN, *SECRETS):
        value = environ.get("PANELIST_" + name.upper(), "").strip()
        if value:
            values[name] = value
    rate, store = values.get("stripe_rate"), values.get("token_store")
    if store and store not in TOKEN_STORES:
        raise SettingsError(
            f"PANELIST_TOKEN_STORE is {store[:50]!r}; write one of {', '.join(TOKEN_STORES)}."
        )
    return Settings(
        home=home,
        database_url=values.get("database_url"),
        stripe_api_base=_address(values, "stripe_api_base") or STRIPE_API,
        rate=parse_rate(rate) if rate else None,
        stripe_key=values.get("stripe_key"),
        stripe_connect_base=_address(values, "stripe_connect_base") or STRIPE_CONNECT,
        stripe_authorize_url=_address(values, "stripe_authorize_url"),
        stripe_client_id=values.get("stripe_client_id"),
        stripe_client_secret=values.get("stripe_client_secret"),
        oauth_port=_port(values.get("oauth_port", str(OAUTH_PORT))),
        oauth_redirect=_address(values, "oauth_redirect"),
        token_store=store,
        passphrase=values.get("passphrase"),
        webhook_secret=values.get("webhook_secret"),
        smtp_server=values.get("smtp_server"),
        smtp_password=values.get("smtp_password"),
        mail_rate=values.get("mail_rate"),
    )


def _address(values: Mapping[str, str], name: str) -> str | None:
    text = values.get(name)
    if text is None:
        return None
    if not is_web_address(text):
        raise SettingsError(
            f"PANELIST_{name.upper()} is not a web address such as https://api.stripe.com; correct"
            " it or leave it out."
        )
    return text.rstrip("/")


def is_web_address(text: str) -> bool:
    """Whether it is a whole address that a browser or a client can be sent to."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(whole) and text.isascii() and text.isprintable() and " " not in text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65_536):
        raise SettingsError(
            f"PANELIST_OAUTH_PORT is {text[:50]!r}; write a number up to 65535, such as"
            f" {OAUTH_PORT}, or leave it out."
        )
    return int(text)


def default_redirects(settings: Settings) -> tuple[str, str]:
    """Where Stripe sends the browser back to, for test and for live: to be registered there. In
    live mode Stripe insists on https (docs.stripe.com/stripe-apps/install-links)."""
    if settings.oauth_redirect:
        return settings.oauth_redirect, settings.oauth_redirect
    place = f"://127.0.0.1:{settings.oauth_port}{CALLBACK_PATH}"
    return f"http{place}", f"https{place}"


def parse_rate(text: str) -> RequestRate:
    """``"100/25"`` (account/endpoint), ``"25"`` for both, ``"0"`` for no limit."""
    try:
        account, _, endpoint = text.partition("/")
        numbers = [float(part) for part in (account, endpoint or account)]
    except ValueError:
        numbers = [-1.0]
    if not all(0 <= number <= 1e6 for number in numbers):  # nor is NaN between them
        raise SettingsError(
            f"PANELIST_STRIPE_RATE is {text!r}; write account/endpoint in requests a second,"
            " such as 100/25, or 0 for no limit."
        )
    return RequestRate(*(number or None for number in numbers))


def _from_file(file: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"{file} cannot be read ({error}); correct it or move it away."
        ) from None
    for name, value in content.items():
        if name in SECRETS:
            raise SettingsError(
                f"{file} holds {name!r}; secrets do not belong in it. Remove the line and set"
                f" PANELIST_{name.upper()} instead."
            )
        if name not in PLAIN or not isinstance(value, str):
            raise SettingsError(f"{file}: {name!r} is not a setting, or its value is not a text.")
    return content
