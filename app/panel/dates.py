"""Dates as users type them, and steps between dates, all in this computer's time zone."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from typing import Literal

Unit = Literal["day", "week", "month", "year"]

WRITTEN = "a day such as 2026-02-03, 3 Feb or -30d"
_UNITS: dict[str, Unit] = {"d": "day", "w": "week", "m": "month", "y": "year"}
_AGO = re.compile(r"-([0-9]{1,5})([dwmy])", re.IGNORECASE)
_DAY_MONTH = re.compile(r"([0-9]{1,2})\.? ([a-z]{3,9})(?: ([0-9]{4}))?", re.IGNORECASE)
_MONTH_DAY = re.compile(r"([a-z]{3,9}) ([0-9]{1,2})(?:,? ([0-9]{4}))?", re.IGNORECASE)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_NAMED = {"today": 0, "yesterday": 1}


def moment(text: str, now: float, *, end: bool = False) -> int:
    """A time in seconds since 1970: "2026-02-03" (its start, or its last second with ``end``),
    "2026-02-03T14:01", "3 Feb" (the most recent one), "-30d", "-2w", "-6m", "-1y", "today".

    Raises ValueError with a sentence for the user.
    """
    written = " ".join(text.split())
    try:
        day = _day(written, date.fromtimestamp(now))
        if day is None:
            return int(datetime.fromisoformat(written).timestamp())
        return begin(day + timedelta(days=1)) - 1 if end else begin(day)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"That is not a valid date. Type {WRITTEN}.") from error


def begin(day: date) -> int:
    """The first second of a day."""
    return int(datetime(day.year, day.month, day.day).timestamp())


def stepped(day: date, unit: Unit, by: int) -> date:
    """The date ``by`` days, weeks, months or years later (or earlier). A month too short for the
    day gives its last day. Raises OverflowError before year 1 and after 9999."""
    if unit in ("day", "week"):
        return day + timedelta(days=by * (7 if unit == "week" else 1))
    years, month = divmod(day.month - 1 + by * (12 if unit == "year" else 1), 12)
    year = day.year + years
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("That year is not valid")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _day(text: str, today: date) -> date | None:
    """The date in the text. None for what can only be an ISO 8601 date with a time."""
    if text.casefold() in _NAMED:
        return today - timedelta(days=_NAMED[text.casefold()])
    if found := _AGO.fullmatch(text):
        return stepped(today, _UNITS[found[2].lower()], -int(found[1]))
    if found := _DAY_MONTH.fullmatch(text):
        return _named(found[1], found[2], found[3], today)
    if found := _MONTH_DAY.fullmatch(text):
        return _named(found[2], found[1], found[3], today)
    return date.fromisoformat(text) if len(text) <= len("2026-02-03") else None


def _named(day: str, name: str, year: str | None, today: date) -> date:
    month, *others = (at for at, one in enumerate(_MONTHS, 1) if one.startswith(name.lower()))
    if others:
        raise ValueError("more than one month starts with these letters")
    if year:
        return date(int(year), month, int(day))
    for year_before in range(today.year, today.year - 9, -1):  # 29 Feb may be eight years ago
        if int(day) <= calendar.monthrange(year_before, month)[1]:
            found = date(year_before, month, int(day))
            if found <= today:
                return found
    raise ValueError("not a valid day")
