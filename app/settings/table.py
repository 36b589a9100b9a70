"""Every setting, declared once.

Each setting is a field of :class:`Settings` with everything known about it. The code that reads,
checks, lists and documents settings uses :data:`SETTINGS`, which is made from these fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from app.keys.keymap import Keymap
from app.paths import Folders
from app.problems import Problem

STRIPE_API = "https://api.stripe.com"
STRIPE_CONNECT = "https://connect.stripe.com"
OAUTH_PORT = 4573  # fixed, because Stripe redirects only to registered addresses
CALLBACK_PATH = "/stripe/callback"
TOKEN_STORES = ("keyring", "passphrase", "plain", "session")

MAIL_PROVIDERS = ("microsoft", "google")
NOTICES = ("bell", "title", "osc9", "osc777", "osc99")  # ways to get a person's attention
NOTICE_FORMATS = ("panelist", "slack")

Kind: TypeAlias = Literal[
    "text",
    "web address",
    "port",
    "request rate",
    "token store",
    "mail provider",
    "notices",
    "notice format",
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
    words: str = "",
    secret: bool = False,
) -> Any:
    """A field of :class:`Settings`. ``name``: the setting's, if it is not the field's. ``words``:
    the default in words."""
    shown = words or ("not set" if default is None else str(default))
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
        f"Credential storage for tokens and keys: {', '.join(TOKEN_STORES[:-1])} or "
        f"{TOKEN_STORES[-1]}.",
        kind="token store",
        words="your choice in the app, otherwise the system keyring",
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
    notices: tuple[str, ...] = _setting(
        "How the app gets your attention when a batch ends or stops, emails bounce or the data is"
        f" old: {', '.join(NOTICES[:-1])} or {NOTICES[-1]}, comma-separated, or none.",
        kind="notices",
        default=("bell", "title"),
        words="bell,title",
    )
    notice_url: str | None = _setting(
        "A web address that gets the same notices as JSON, such as that of a Slack channel. "
        "Anyone who knows it can post there, so Panelist never stores it.",
        kind="web address",
        secret=True,
    )
    notice_format: str = _setting(
        f"The form of that JSON: {NOTICE_FORMATS[0]}, or {NOTICE_FORMATS[1]} for Slack, Mattermost"
        " and Discord's Slack addresses.",
        kind="notice format",
        default=NOTICE_FORMATS[0],
    )
    notice_secret: str | None = _setting(
        "The secret that signs the JSON, in the header Panelist-Signature, which works as"
        " Stripe-Signature does.",
        secret=True,
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
