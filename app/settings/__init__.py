"""All settings in one object, from the settings file and the environment. The environment wins.

Secrets come only from the environment. A secret in the settings file is refused, so that no one
commits it or backs it up by accident.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app import paths
from app.keys.keymap import Keymap
from app.settings import settings_file
from app.settings.parsers import PARSERS, is_web_address, parse_rate
from app.settings.table import (
    CALLBACK_PATH,
    HOME,
    SETTINGS,
    STATE,
    STRIPE_API,
    RequestRate,
    Setting,
    Settings,
    SettingsError,
)

__all__ = [
    "CALLBACK_PATH",
    "SETTINGS",
    "STRIPE_API",
    "RequestRate",
    "Setting",
    "Settings",
    "SettingsError",
    "default_redirects",
    "is_web_address",
    "load",
    "parse_rate",
    "sources",
]


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingsError with a sentence for a person."""
    home = paths.home(environ)
    given = _given(home, environ)
    values: dict[str, Any] = {
        one.attribute: PARSERS[one.kind](one, given[one.name][0])
        for one in SETTINGS
        if one.name in given
    }
    return Settings(home=home, state=paths.state(home, environ), keys=_keymap(home), **values)


def _keymap(home: Path) -> Keymap:
    table = settings_file.content(paths.settings_file(home)).get(settings_file.KEYS)
    if not table:
        return Keymap()
    # Checking keys needs every screen's table, and most people have none of their own.
    from app.keys.keymap_file import read_keymap

    return read_keymap(table if isinstance(table, Mapping) else {settings_file.KEYS: table})


def sources(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The names of the settings that are set, each with its source: "environment" or
    "settings.toml". Never a value. Raises SettingsError."""
    found = {name: source for name, (_, source) in _given(paths.home(environ), environ).items()}
    if settings_file.content(paths.settings_file(paths.home(environ))).get(settings_file.KEYS):
        found[settings_file.KEYS] = "settings.toml"
    folders = {one.name: "environment" for one in (HOME, STATE) if environ.get(one.variable)}
    return {**folders, **found}


def _given(home: Path, environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The text and source of each setting, except the home."""
    file = paths.settings_file(home)
    given = {name: (text, file.name) for name, text in settings_file.texts(file).items()}
    for one in SETTINGS:
        if one not in (HOME, STATE) and (text := environ.get(one.variable, "").strip()):
            given[one.name] = text, "environment"
    return given


def default_redirects(settings: Settings) -> tuple[str, str]:
    """The addresses that Stripe redirects to, for test and live mode. They must be registered
    there. In live mode Stripe requires https (docs.stripe.com/stripe-apps/install-links)."""
    if settings.oauth_redirect:
        return settings.oauth_redirect, settings.oauth_redirect
    place = f"://127.0.0.1:{settings.oauth_port}{CALLBACK_PATH}"
    return f"http{place}", f"https{place}"
