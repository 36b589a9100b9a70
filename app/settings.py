"""All settings in one object, from the settings file and the environment. The environment wins.

Each setting is declared once, as a field of :class:`Settings` with everything known about it. The
code that reads, checks, lists and documents settings uses :data:`SETTINGS`, which is made from
these fields.

Secrets come only from the environment. A secret in the settings file is refused, so that no one
commits it or backs it up by accident.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from app import paths
from app.keys.keymap import Keymap, read_keymap
from app.paths import Folders
from app.problems import Problem

STRIPE_API = "https://api.stripe.com"
STRIPE_CONNECT = "https://connect.stripe.com"
OAUTH_PORT = 4573  # fixed, because Stripe redirects only to registered addresses
CALLBACK_PATH = "/stripe/callback"
KEYS = "keys"  # the table of settings.toml with a person's own keys
TOKEN_STORES = ("keyring", "passphrase", "plain", "session")

MAIL_PROVIDERS = ("microsoft", "google")

Kind: TypeAlias = Literal[
    "text", "web address", "port", "request rate", "token store", "mail provider"
]


class SettingsError(Problem):
    """The settings cannot be used. The text says which one and what to write instead."""


@dataclass(frozen=True)
class RequestRate:
    """The API requests that Stripe allows in a second: for the whole account, and for one endpoint.

    ``None`` means no limit. Source: docs.stripe.com/rate-limits.
    """

    account: float | None
    endpoint: float | None


@dataclass(frozen=True)
class Setting:
    """Everything known about one setting. ``attribute``: its field of :class:`Settings`.
    ``default``: the value if it is not set, in words. ``help``: one sentence for a person. A
    ``secret`` comes only from the environment."""

    name: str
    attribute: str
    kind: Kind
    default: str
    help: str
    secret: bool = False

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"PANELIST_{self.name.upper()}"

    @property
    def in_file(self) -> bool:
        """Whether it may be in settings.toml. The folders may not, because that file is in one of
        them, and the other must not depend on what is put back from a copy."""
        return not self.secret and self.name not in ("home", "state")


def _setting(
    help_text: str,
    *,
    name: str = "",
    kind: Kind = "text",
    default: object = None,
    words: str = "not set",
    secret: bool = False,
) -> Any:
    """A field of :class:`Settings`. ``name``: the setting's, if it is not the field's. ``words``:
    the default in words if it is None."""
    shown = words if default is None else str(default)
    about = (name, kind, shown, help_text, secret)
    return field(default=default, repr=not secret, metadata={"setting": about})


@dataclass(frozen=True)
class Settings:
    """The values of all settings."""

    home: Path
    database_url: str | None = _setting(
        "The address of a PostgreSQL database to use instead of the SQLite file, written as"
        " postgresql://user:password@host:port/name.",
        words="a SQLite file in the home folder",
    )
    stripe_key: str | None = _setting(
        "A restricted Stripe key for unattended use, which Panelist never stores.",
        secret=True,
    )
    rate: RequestRate | None = _setting(  # noqa: RUF009 - makes a field, as dataclasses.field does
        "The most requests a second to Stripe, written as account/endpoint, or 0 for no limit.",
        name="stripe_rate",
        kind="request rate",
        words="100/25 in live mode, 25/25 in test mode",
    )
    stripe_client_id: str | None = _setting(
        "The client ID of your Stripe App, which connecting with OAuth needs."
    )
    stripe_client_secret: str | None = _setting(
        "The secret key of the Stripe account that owns the app, which OAuth needs.",
        secret=True,
    )
    stripe_authorize_url: str | None = _setting(
        "The install link that Stripe shows for your app, which is needed until the app is"
        " published.",
        kind="web address",
    )
    oauth_port: int = _setting(
        "The port on this computer that Stripe and Google redirect the browser to.",
        kind="port",
        default=OAUTH_PORT,
    )
    oauth_redirect: str | None = _setting(
        "Another redirect address. If it is not on this computer, you paste what Stripe returns.",
        kind="web address",
        words=f"port {OAUTH_PORT} of this computer",
    )
    token_store: str | None = _setting(
        f"Where tokens and keys are kept: {', '.join(TOKEN_STORES[:-1])} or {TOKEN_STORES[-1]}.",
        kind="token store",
        words="your choice in the app, otherwise the keyring",
    )
    passphrase: str | None = _setting(
        "The passphrase of the encrypted credentials file, for unattended use.",
        secret=True,
    )
    webhook_secret: str | None = _setting(
        "The signing secrets of the webhook endpoints, comma-separated, which Panelist never"
        " stores.",
        secret=True,
    )
    smtp_server: str | None = _setting(
        "The mail server that invites leave through: smtps://user@host for TLS, or"
        " smtp://user@host for STARTTLS.",
        words="not set: invites are saved as files",
    )
    smtp_password: str | None = _setting(
        "The password of the mail server, for unattended use, which Panelist never stores.",
        secret=True,
    )
    smtp_oauth: str | None = _setting(
        "Sign in to the mail server with OAuth instead of a password: microsoft or google.",
        kind="mail provider",
        words="not set: a password",
    )
    smtp_client_id: str | None = _setting(
        "The client ID of the app that you registered at Microsoft or Google for sending email."
    )
    smtp_client_secret: str | None = _setting(
        "The client secret of that app, which Google needs and Panelist never stores.",
        secret=True,
    )
    smtp_tenant: str = _setting(
        "The ID or domain of your Microsoft tenant, if the app is for one tenant only.",
        default="common",
    )
    smtp_oauth_base: str | None = _setting(
        "Another address for signing in to the mail server, such as a test server.",
        kind="web address",
        words="the provider's own",
    )
    mail_rate: str | None = _setting(
        "The most emails a minute and a day, written as 10/500, or 0 for no limit.",
        words="10/500",
    )
    quiet_hours: str | None = _setting(
        "When no email leaves, unless a study or a batch says otherwise, written as"
        " 20:00-08:00, Sat, Sun, or nights, weekends.",
        words="not set: emails leave at any time",
    )
    stripe_api_base: str = _setting(
        "Another address for Stripe's API, such as that of the sandbox.",
        kind="web address",
        default=STRIPE_API,
    )
    stripe_connect_base: str = _setting(
        "Another address for Stripe's Connect API.",
        kind="web address",
        default=STRIPE_CONNECT,
    )
    keys: Keymap = Keymap()  # noqa: RUF009 - it is immutable
    poll_seconds: float | None = None  # the demo's interval; None for the usual one
    state: Path | None = None  # the folder of the witness; None for one in the home, as in the demo

    @property
    def folders(self) -> Folders:
        """Where Panelist's files are."""
        return Folders(self.home, self.state or self.home / "state")


HOME = Setting(
    "home",
    "home",
    "text",
    "the system's folder for application data",
    "The folder that holds everything Panelist writes.",
)
STATE = Setting(
    "state",
    "state",
    "text",
    "the system's folder for application state",
    "The folder where this computer remembers what was sent, so that it notices a restored"
    " copy of the database.",
)


def _rows() -> tuple[Setting, ...]:
    found = []
    for one in fields(Settings):
        if "setting" in one.metadata:
            name, *about = one.metadata["setting"]
            found.append(Setting(name or one.name, one.name, *about))
    return HOME, STATE, *found


SETTINGS = _rows()


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingsError with a sentence for a person."""
    home = paths.home(environ)
    given = _given(home, environ)
    values: dict[str, Any] = {
        one.attribute: _PARSERS[one.kind](one, given[one.name][0])
        for one in SETTINGS
        if one.name in given
    }
    return Settings(home=home, state=paths.state(home, environ), keys=_keymap(home), **values)


def _keymap(home: Path) -> Keymap:
    table = _content(paths.settings_file(home)).get(KEYS, {})
    return read_keymap(table if isinstance(table, Mapping) else {KEYS: table})


def sources(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The names of the settings that are set, each with its source: "environment" or
    "settings.toml". Never a value. Raises SettingsError."""
    found = {name: source for name, (_, source) in _given(paths.home(environ), environ).items()}
    if _content(paths.settings_file(paths.home(environ))).get(KEYS):
        found[KEYS] = "settings.toml"
    folders = {one.name: "environment" for one in (HOME, STATE) if environ.get(one.variable)}
    return {**folders, **found}


def _given(home: Path, environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The text and source of each setting, except the home."""
    file = paths.settings_file(home)
    given = {name: (text, file.name) for name, text in _from_file(file).items()}
    for one in SETTINGS:
        if one not in (HOME, STATE) and (text := environ.get(one.variable, "").strip()):
            given[one.name] = text, "environment"
    return given


def _text(_: Setting, text: str) -> str:
    return text


def _address(setting: Setting, text: str) -> str:
    if not is_web_address(text):
        raise SettingsError(
            f"{setting.variable} is not a web address such as https://api.stripe.com."
            " Correct or remove it."
        )
    if urlsplit(text).scheme == "http" and not _is_here(urlsplit(text).hostname or ""):
        raise SettingsError(
            f"{setting.variable} is not encrypted, so keys and customers would cross the"
            " network unprotected. Write https:// instead of http://."
        )
    return text.rstrip("/")


def _is_here(host: str) -> bool:
    """Whether a host is this computer (RFC 6761, 6.3, and loopback addresses)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _port(setting: Setting, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65_536):
        raise SettingsError(
            f"{setting.variable} is {text[:50]!r}. Write a number up to 65535, such as"
            f" {OAUTH_PORT}, or remove it."
        )
    return int(text)


def _token_store(setting: Setting, text: str) -> str:
    if text not in TOKEN_STORES:
        raise SettingsError(
            f"{setting.variable} is {text[:50]!r}. Write one of {', '.join(TOKEN_STORES)}."
        )
    return text


def _mail_provider(setting: Setting, text: str) -> str:
    if text not in MAIL_PROVIDERS:
        raise SettingsError(
            f"{setting.variable} is {text[:50]!r}. Write {' or '.join(MAIL_PROVIDERS)}, or"
            " remove it to log in with a password."
        )
    return text


def is_web_address(text: str) -> bool:
    """Whether it is a complete address that a browser or a client can open."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(whole) and text.isascii() and text.isprintable() and " " not in text


def default_redirects(settings: Settings) -> tuple[str, str]:
    """The addresses that Stripe redirects to, for test and live mode. They must be registered
    there. In live mode Stripe requires https (docs.stripe.com/stripe-apps/install-links)."""
    if settings.oauth_redirect:
        return settings.oauth_redirect, settings.oauth_redirect
    place = f"://127.0.0.1:{settings.oauth_port}{CALLBACK_PATH}"
    return f"http{place}", f"https{place}"


def parse_rate(text: str) -> RequestRate:
    """Parse ``"100/25"`` (account/endpoint), ``"25"`` for both, or ``"0"`` for no limit."""
    try:
        account, _, endpoint = text.partition("/")
        numbers = [float(part) for part in (account, endpoint or account)]
    except ValueError:
        numbers = [-1.0]
    if not all(0 <= number <= 1e6 for number in numbers):  # false for NaN too
        raise SettingsError(
            f"PANELIST_STRIPE_RATE is {text!r}. Write account/endpoint in requests a second,"
            " such as 100/25, or 0 for no limit."
        )
    return RequestRate(*(number or None for number in numbers))


_PARSERS: Mapping[Kind, Callable[[Setting, str], object]] = {
    "text": _text,
    "web address": _address,
    "port": _port,
    "request rate": lambda _, text: parse_rate(text),
    "token store": _token_store,
    "mail provider": _mail_provider,
}


def _content(file: Path) -> dict[str, Any]:
    """Everything in a settings file, or nothing if it does not exist."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{file} cannot be read ({why}). Correct it or move it.") from None


def _from_file(file: Path) -> dict[str, str]:
    content = _content(file)
    content.pop(KEYS, None)
    known = {one.name: one for one in SETTINGS}
    for name, value in content.items():
        setting = known.get(name)
        if setting is not None and setting.secret:
            raise SettingsError(
                f"{file} holds {name!r}. Secrets do not belong in it. Remove the line and"
                f" set {setting.variable} instead."
            )
        if setting is None or not setting.in_file or not isinstance(value, str):
            raise SettingsError(
                f"{file}: {name!r} is not a setting, or its value is not text. Correct or"
                " remove that line."
            )
    if file.exists():
        _check_mode(file, content)
    return content


def _check_mode(file: Path, content: Mapping[str, str]) -> None:
    """Refuse a file that other users can change, or that shows them a password. In a folder that
    only its owner may enter, its mode does not matter."""
    mode = file.stat().st_mode
    if not file.parent.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH):
        return
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        can = "change it"
    elif mode & (stat.S_IRGRP | stat.S_IROTH) and any(map(_has_password, content.values())):
        can = "read the password in it"
    else:
        return
    raise SettingsError(
        f"{file} is not used, because other users of this computer can {can}. Run chmod 600 on it,"
        " then try again."
    )


def _has_password(text: str) -> bool:
    return "@" in text and ":" in text.partition("://")[2].rpartition("@")[0]
