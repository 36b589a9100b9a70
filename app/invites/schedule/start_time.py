"""A start time as a person types it, in this computer's time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from app.invites.errors import StudyProblem
from app.invites.schedule.clock_time import minute_of_day, weekday
from app.panel import dates
from app.text import plain

FARTHEST = 366  # days
_NAMED = {"today": 0, "tomorrow": 1}


def parse(text: str, now: float) -> int:
    """Seconds since 1970 of "Tuesday 9:00" (the next one), "tomorrow 9:00", "9:00", "8 Dec 9:00",
    "2026-12-08 09:00" or "2026-12-08T09:00+01:00". Raises StudyProblem if it is no moment, is over
    or is more than a year away."""
    said = " ".join(text.replace(",", " ").split())
    try:
        at = _moment(said, datetime.fromtimestamp(now))
    except (ValueError, OverflowError, OSError):
        at = None
    if at is None:
        raise StudyProblem(
            f"“{plain(said, 60)}” is not a valid start time. Write a day and a time, such as "
            "Tuesday 9:00,"
            " tomorrow 14:30 or 2026-12-08 09:00.",
            "start",
        )
    if at <= now:
        raise StudyProblem(f"{moment_words(at)} has passed. Choose a later start time.", "start")
    if at > now + FARTHEST * 86_400:
        raise StudyProblem(
            f"{moment_words(at)} is more than a year away. Choose an earlier start time.",
            "start",
        )
    return at


def _moment(said: str, now: datetime) -> int | None:
    words = said.casefold().removeprefix("on ").replace(" at ", " ").split()
    for size in (1, 2):  # "9:00" or "9:00 am"
        minute = minute_of_day("".join(words[-size:])) if len(words) >= size else None
        if minute is not None:
            return _at(" ".join(words[:-size]), minute, now)
    if len(said) <= len("2026-12-08"):  # a day without a time
        return None
    return int(datetime.fromisoformat(said).timestamp())


def _at(day: str, minute: int, now: datetime) -> int:
    today = now.date()
    if not day or day in _NAMED:
        found = today + timedelta(days=_NAMED.get(day, 0))
        at = _on(found, minute)
        return at if day or at > now.timestamp() else _on(found + timedelta(days=1), minute)
    named = weekday(day)
    if named is not None:
        found = today + timedelta(days=(named - today.weekday()) % 7)
        at = _on(found, minute)
        return at if at > now.timestamp() else _on(found + timedelta(days=7), minute)
    return _on(_written(day, now), minute)


def _written(day: str, now: datetime) -> date:
    """A date, such as "8 dec". Without a year it is the next one."""
    found = datetime.fromtimestamp(dates.moment(day, now.timestamp())).date()
    yearless = re.fullmatch(r"[0-9]{1,2}\.? [a-z]+|[a-z]+ [0-9]{1,2}", day) is not None
    return found.replace(year=found.year + 1) if found < now.date() and yearless else found


def _on(day: date, minute: int) -> int:
    midnight = datetime(day.year, day.month, day.day)
    return int((midnight + timedelta(minutes=minute)).timestamp())


def moment_words(at: float) -> str:
    """A moment that leaves no doubt: "Tuesday 8 December 2026 at 09:00 (CET, UTC+01:00)"."""
    moment = datetime.fromtimestamp(at).astimezone()
    offset = moment.strftime("%z")
    zone = moment.tzname() or "UTC"
    utc = f"UTC{offset[:3]}:{offset[3:5]}"
    named = zone if zone == "UTC" else f"{zone}, {utc}"
    if not zone.isalpha():  # "+03" says the same
        named = utc
    return f"{moment:%A} {moment.day} {moment:%B %Y} at {moment:%H:%M} ({named})"
