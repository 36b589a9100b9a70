"""The person at the keyboard, and the text files that they name."""

from __future__ import annotations

import getpass
import os
import re
import sys

from app.invites.errors import StudyProblem
from app.paths import is_database
from app.text import plain

# How .xlsx, .ods, .numbers (ZIP) and .xls (OLE) begin.
_SPREADSHEETS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # no text has them, but for an escape
_SAMPLE = 4_000


def by() -> str:
    """Who they are, for the ledger."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"  # as in a container whose user has no name


def read_text(file: str, most: int | None = None, *, guess: bool = False) -> str:
    """Read a text file, or standard input for "-", of at most ``most`` bytes. With ``guess`` a text
    that is not Unicode is read as Windows-1252, as old spreadsheets write it. Raises
    StudyProblem."""
    try:
        if file == "-":
            return _decoded(sys.stdin.buffer.read(), file, guess)
        if is_database(file):
            raise _no_text(file)
        with open(file, "rb") as opened:
            found = opened.read(-1 if most is None else most + 1)
    except OSError as error:
        raise StudyProblem(f"{plain(file)} cannot be read ({error.strerror}).") from None
    if most is not None and len(found) > most:
        raise StudyProblem(f"{plain(file)} is larger than {most:,} bytes. Nothing was changed.")
    return _decoded(found, file, guess)


def _decoded(content: bytes, file: str, guess: bool) -> str:
    name = "Standard input" if file == "-" else plain(file)
    if content.startswith(_SPREADSHEETS):
        raise StudyProblem(
            f"{name} is a spreadsheet or an archive, not a text file. In Excel choose Save as → CSV"
            " UTF-8. Nothing was changed."
        )
    try:
        if encoding := _wide(content):
            return content.decode(encoding).removeprefix("\ufeff")
        if b"\0" in content:
            raise _no_text(name, guess)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if not guess or _wide(content) or _CONTROL.search(content):
            raise _no_text(name, guess) from None
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        raise _no_text(name, guess) from None


def _wide(content: bytes) -> str | None:
    """The encoding of a text in UTF-16, which Excel calls Unicode Text. Without a byte order mark
    every other byte of the first ASCII characters is NUL."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = content[:_SAMPLE]
    low, high = start[1::2], start[::2]
    if len(start) < 4 or _CONTROL.search(start.replace(b"\0", b"")):
        return None
    if low.count(0) > len(low) / 2 and not high.count(0):
        return "utf-16-le"
    if high.count(0) > len(high) / 2 and not low.count(0):
        return "utf-16-be"
    return None


def _no_text(name: str, a_list: bool = False) -> StudyProblem:
    advice = " In Excel choose Save as → CSV UTF-8." if a_list else ""
    return StudyProblem(f"{plain(name)} is not UTF-8 text.{advice} Nothing was changed.")
