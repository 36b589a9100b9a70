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

STRIPE_API = "https://api.stripe.com"

SECRETS = ("stripe_key",)
PLAIN = ("database_url", "stripe_api_base", "stripe_rate")


class SettingsError(Exception):
    """The settings cannot be used; the text says which one and what to write instead."""


@dataclass(frozen=True)
class Rate:
    """Requests a second that Stripe allows: to the account in all, and to one endpoint.

    ``None`` means no limit. Source: docs.stripe.com/rate-limits.
    """

    account: float | None
    endpoint: float | None


@dataclass(frozen=True)
class Settings:
    """What a person may set. ``rate`` is None when it follows from the key's mode."""

    home: Path
    database_url: str | None = None
    stripe_api_base: str = STRIPE_API
    rate: Rate | None = None
    stripe_key: str | None = field(default=None, repr=False)
    poll_seconds: float | None = None  # the demo's pace; None for the usual one


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingsError with a sentence for a person."""
    home = paths.home(environ)
    values = _from_file(paths.settings_file(home))
    for name in (*PLAIN, *SECRETS):
        value = environ.get("PANELIST_" + name.upper(), "").strip()
        if value:
            values[name] = value
    rate = values.get("stripe_rate")
    return Settings(
        home=home,
        database_url=values.get("database_url"),
        stripe_api_base=_web_address(values.get("stripe_api_base", STRIPE_API)),
        rate=parse_rate(rate) if rate else None,
        stripe_key=values.get("stripe_key"),
    )


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise SettingsError(
            "PANELIST_STRIPE_API_BASE is not a web address such as https://api.stripe.com; correct"
            " it or leave it out."
        )
    return text.rstrip("/")


def parse_rate(text: str) -> Rate:
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
    return Rate(*(number or None for number in numbers))


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
