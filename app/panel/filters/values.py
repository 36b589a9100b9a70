"""The values to the right of an operator: texts with escapes, dates and numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.panel.filters.errors import Mistake, quoted
from app.panel.filters.fields import FilterField, suggestion
from app.panel.filters.tree import SECONDS, Moment, Number, Relative, Text, Value
from app.text import fold

_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))",
    re.DOTALL,
)
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?)?\Z"
)
_RELATIVE = re.compile(r"([+-])([0-9]+)([hdwmy])\Z", re.IGNORECASE)
_UNIX = re.compile(r"[0-9]{9,11}\Z")  # seconds, as Stripe's search takes them
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?\Z")
_FARTHEST = 99_999  # of any unit; more years than the databases can count are of no use
_BEGINNINGS = "“”„«»‘’‚‹›´`"


def unquoted(token: str, start: int) -> str:
    """The text in a quoted token that starts at ``start``. Raises Mistake for an unknown escape."""
    inside = token[1:-1]
    if "\\" not in inside:
        return inside
    return _ESCAPE.sub(lambda found: _escaped(found, start + 1), inside)


def _escaped(found: re.Match[str], offset: int) -> str:
    high, low, single, letter = found.groups()
    at, end = offset + found.start(), offset + found.end()
    if high:
        return (bytes.fromhex(high) + bytes.fromhex(low)).decode("utf-16-be")
    if single:
        character = chr(int(single, 16))
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise Mistake(at, end, f"{quoted(found.group())} at {at + 1} is not a character.")
        return character
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    raise Mistake(
        at,
        end,
        f"{quoted(found.group())} at {at + 1} is not an escape. Write \\\\ for a backslash"
        ' and \\" for a quote.',
    )


def quote(text: str) -> str:
    """A text in quotes, as :func:`unquoted` reads it."""
    shown = []
    for character in text:
        if character in '"\\':
            shown.append("\\" + character)
        elif character < " " or "\x7f" <= character < "\xa0":
            shown.append(f"\\u{ord(character):04x}")
        else:
            shown.append(character)
    return f'"{"".join(shown)}"'


def check_bare(token: str, start: int) -> None:
    """Raise Mistake for typographic quotes, which come from programs and not from people."""
    if token[0] in _BEGINNINGS:
        raise Mistake(
            start,
            start + 1,
            f'The quote {token[0]} at {start + 1} is a typographic quote. Write " for it.',
        )


def value(field: FilterField, text: str, start: int, end: int) -> Value:
    """The value of a field. Raises Mistake if the text isn't a valid one."""
    if field.kind == "date":
        return _date(field, text, start, end)
    if field.kind in ("count", "money"):
        if not _NUMBER.match(text) or (field.kind == "count" and not text.isdigit()):
            raise _wrong(field, text, start, end)
        return Number(Decimal(text))
    if field.choices:
        if fold(text) not in field.choices:
            hint = suggestion(text, field.choices)
            words = f"{field.name} needs {field.takes}, not {quoted(text)} at {start + 1}"
            raise Mistake(start, end, words + (hint or "."))
        return Text(fold(text))
    return Text(text)


def _wrong(field: FilterField, text: str, start: int, end: int) -> Mistake:
    words = f"{field.name} needs {field.takes}, not {quoted(text)} at {start + 1}."
    return Mistake(start, end, words)


def _date(field: FilterField, text: str, start: int, end: int) -> Moment | Relative:
    if fold(text) == "now":
        return Relative(0, "")
    if found := _RELATIVE.match(text):
        sign, digits, unit = found.groups()
        if len(digits) > 9 or int(digits) > _FARTHEST:
            raise Mistake(
                start,
                end,
                f"{quoted(text)} at {start + 1} is too far away. Use at most {_FARTHEST}{unit}.",
            )
        return Relative(int(sign + digits), unit.lower())
    if _UNIX.match(text):
        return Moment(int(text), 1)
    if found := _DATE.match(text):
        try:
            return _moment(found)
        except (ValueError, OverflowError):
            raise Mistake(
                start, end, f"{quoted(text)} at {start + 1} is not a valid date."
            ) from None
    if re.match(r"[0-9]+[hdwmy]\Z", text, re.IGNORECASE):
        raise Mistake(
            start,
            end,
            f"{quoted(text)} at {start + 1} is a duration. Write -{text} for the past or"
            f" +{text} for the future.",
        )
    raise _wrong(field, text, start, end)


def _moment(found: re.Match[str]) -> Moment:
    year, month, day, hour, minute, second, _, sign, hours, minutes = found.groups()
    at = datetime(
        *(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)),
        tzinfo=UTC,
    )
    if sign:
        if int(hours) > 23 or int(minutes) > 59:
            raise ValueError("no such offset")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        at = at - offset if sign == "+" else at + offset
    start = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return Moment(start, 1 if second else 60 if hour else SECONDS["d"])
