"""The values of settings, from text. A value that cannot be used is a :class:`SettingsError`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from app.settings.table import (
    MAIL_PROVIDERS,
    NOTICE_FORMATS,
    NOTICES,
    OAUTH_PORT,
    TOKEN_STORES,
    Kind,
    RequestRate,
    Setting,
    SettingsError,
)


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
    from ipaddress import ip_address  # slow to import, and few set an address

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


def _notices(setting: Setting, text: str) -> tuple[str, ...]:
    names = tuple(part.strip().casefold() for part in text.split(",") if part.strip())
    if names == ("none",):
        return ()
    if not names or set(names) - set(NOTICES):
        raise SettingsError(
            f"{setting.variable} is {text[:50]!r}. Write {', '.join(NOTICES)}, comma-separated, or"
            " none."
        )
    return names


def _notice_format(setting: Setting, text: str) -> str:
    if text not in NOTICE_FORMATS:
        raise SettingsError(
            f"{setting.variable} is {text[:50]!r}. Write {' or '.join(NOTICE_FORMATS)}."
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


PARSERS: Mapping[Kind, Callable[[Setting, str], object]] = {
    "text": _text,
    "web address": _address,
    "port": _port,
    "request rate": lambda _, text: parse_rate(text),
    "token store": _token_store,
    "mail provider": _mail_provider,
    "notices": _notices,
    "notice format": _notice_format,
}
