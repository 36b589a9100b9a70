"""The file settings.toml: its texts, and what must not be in it."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.settings.table import SETTINGS, SettingsError

KEYS = "keys"  # the table with a person's own keys


def content(file: Path) -> dict[str, Any]:
    """Everything in a settings file, or nothing if it does not exist."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None
    import tomllib  # slow to import, and many have no such file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: Exception) -> SettingsError:
    why = error.strerror if isinstance(error, OSError) else error
    return SettingsError(f"{file} cannot be read ({why}). Correct it or move it.")


def texts(file: Path) -> dict[str, str]:
    """The settings in a file by their names. Raises SettingsError for one that does not belong
    there."""
    given = {name: value for name, value in content(file).items() if name != KEYS}
    known = {one.name: one for one in SETTINGS}
    for name, value in given.items():
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
        _check_mode(file, given)
    return given


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
