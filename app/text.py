"""Makes foreign text safe for a screen, a terminal, a mail or a file.

A customer's name can hold terminal escapes that set the clipboard, bidi controls that reverse
what a person reads, or a formula that a spreadsheet runs. The database keeps what Stripe sent,
so everything that shows it calls :func:`plain` first.
"""

from __future__ import annotations

import re
import time
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LINE_LIMIT = 500
MARKS_LIMIT = 8

_SAFE = re.compile(r"[\x20-\x7e]*\Z")
_SPACES = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029]+")
# The zero width joiner (U+200D) stays: emoji and names in Indic scripts need it.
_DANGEROUS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e007f\U000f0000-\U0010ffff]"
)
_IN_LINE = re.compile(r"[^\n\t]+")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain(value: object, limit: int = LINE_LIMIT) -> str:
    """One safe line: no control byte, no bidi override, no endless accents.

    Line breaks and tabs become a space, and every other control character becomes U+FFFD.
    A text longer than ``limit`` characters is cut and ends in "…". None becomes "".
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if _SAFE.match(text):
        return text
    text = _DANGEROUS.sub(REPLACEMENT, _SPACES.sub(" ", text))
    return _without_stacked_marks(text)


def plain_lines(text: str) -> str:
    """A text of several lines, each made safe by :func:`plain`. Line breaks and tabs stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _IN_LINE.sub(lambda found: plain(found[0], len(found[0]) + 1), text)


def _without_stacked_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MARKS_LIMIT:
            kept.append(character)
    return "".join(kept)


def storable(text: str) -> str:
    """The text as SQLite and PostgreSQL can store it: NUL and lone surrogates become U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", REPLACEMENT)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", REPLACEMENT, text)
    return text


def fold(text: str) -> str:
    """The text as filters and searches compare it, without case and however accents are encoded.

    This is Unicode's canonical caseless match (The Unicode Standard, 3.13, D145), so "STRASSE" is
    "straße", and an é of one character is one of two. Beyond it the Turkish İ is an i: its dot
    would otherwise be a character of its own. Accents matter: "zoe" is not "zoë".
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFD", text).casefold()
    return unicodedata.normalize("NFC", folded.replace("i\N{COMBINING DOT ABOVE}", "i"))


def csv_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, "CSV Injection").

    A changed text starts with an apostrophe. A text that already starts with one gets another,
    so removing a leading apostrophe always gives the original back.
    """
    text = "" if value is None else str(value)
    return "'" + text if text.startswith((*_FORMULA, "'")) else text


_KEY = re.compile(r"\b([rs]k_(?:live|test)_|whsec_|rt_|ac_)[\w*+/=]+")
_EMAIL = re.compile(r"[^\s@<>()'\",;:=]+@[^\s@<>()'\",;:=]+")


def redacted(text: str) -> str:
    """A text for the log, without Stripe's keys and secrets and without emails."""
    return _EMAIL.sub("•••@•••", _KEY.sub(r"\1•••", text))


SHOWN = 3  # characters of a secret in a row that say nothing about it


def without_secret(text: str, *secrets: str) -> str:
    """Someone else's words, without any part of the secrets that is longer than ``SHOWN``."""
    size = SHOWN + 1
    parts = {one[at : at + size] for one in secrets for at in range(len(one) - SHOWN)}
    hidden: set[int] = set()
    for at in range(len(text) - SHOWN):
        if text[at : at + size] in parts:
            hidden.update(range(at, at + size))
    shown = "".join("\0" if at in hidden else letter for at, letter in enumerate(text))
    return re.sub("\0+", "•••", shown)


def masked(value: str | None) -> str:
    """A name or email, masked: only its first letter and that of its domain are left."""
    if not value:
        return ""
    local, at, domain = plain(value).partition("@")
    return f"{local[:1]}•••" + (f"@{domain[:1]}•••" if at else "")


# docs.stripe.com/currencies: "Zero-decimal currencies", "Three-decimal currencies" and "Special
# cases". UGX is also listed as zero-decimal, but as a special case its amounts have two decimals.
ZERO_DECIMAL = frozenset((
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga",
    "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf",
))  # fmt: skip
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
WHOLE_UNITS = frozenset({"isk", "ugx"})  # two decimals in Stripe's amounts, which are always 00


def money(amount: int | None, currency: str | None) -> str:
    """``1234, "eur"`` → ``12.34 EUR``. Source: docs.stripe.com/currencies."""
    if amount is None or not currency:
        return ""
    code = currency.lower()
    if code in ZERO_DECIMAL:
        return f"{amount:,} {plain(currency).upper()}"
    places = 3 if code in THREE_DECIMAL else 2
    shown = 0 if code in WHOLE_UNITS and amount % 100 == 0 else places
    return f"{amount / 10**places:,.{shown}f} {plain(currency).upper()}"


def when(at: float | None, now: float | None = None) -> str:
    """A moment (seconds since 1970) in local time: "14:01" today, else "3 Feb 14:01"."""
    if at is None:
        return "never"
    moment, today = time.localtime(at), time.localtime(now)
    clock = time.strftime("%H:%M", moment)
    if moment[:3] == today[:3]:
        return clock
    day = f"{moment.tm_mday} {time.strftime('%b', moment)}"
    return f"{day} {clock}" if moment[0] == today[0] else f"{day} {moment[0]} {clock}"


def day(at: float, now: float | None = None) -> str:
    """A day in local time: "3 Feb", and "3 Feb 2025" in another year."""
    moment, today = time.localtime(at), time.localtime(now)
    said = f"{moment.tm_mday} {time.strftime('%b', moment)}"
    return said if moment[0] == today[0] else f"{said} {moment[0]}"


def clock(seconds: float) -> str:
    """Seconds that count down: "1:42", or "2:05:10" with hours."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """Seconds in words: "40 s", "6 min 40 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
