"""The person at the keyboard, and the text files that they name."""

from __future__ import annotations

import getpass
import os
import sys

from app.invites.errors import StudyProblem
from app.paths import is_database
from app.text import plain


def by() -> str:
    """Who they are, for the ledger."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"  # as in a container whose user has no name


def read_text(file: str, most: int | None = None) -> str:
    """Read a text file, or standard input for "-", of at most ``most`` bytes. Raises
    StudyProblem."""
    try:
        if file == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig")
        if is_database(file):
            raise _no_text(file)
        with open(file, "rb") as opened:
            found = opened.read(-1 if most is None else most + 1)
    except OSError as error:
        raise StudyProblem(f"{plain(file)} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise _no_text(file) from None
    if most is not None and len(found) > most:
        raise StudyProblem(f"{plain(file)} is larger than {most:,} bytes. Nothing was changed.")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_text(file) from None


def _no_text(file: str) -> StudyProblem:
    return StudyProblem(f"{plain(file)} is no text in UTF-8. Nothing was changed.")
