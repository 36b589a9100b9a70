"""Parses times of day and days of the week as people write them."""

from __future__ import annotations

import re

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIME = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?\s*([ap]m)?", re.IGNORECASE)


def minute_of_day(text: str) -> int | None:
    """Minutes since midnight of "9:00", "09.30", "9am" or "24:00". None if it is no such time."""
    found = _TIME.fullmatch(text.strip())
    if found is None or not (found[2] or found[3]):
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    whole = 60 * hour + minute
    return whole if minute < 60 and whole <= 24 * 60 else None


def weekday(text: str) -> int | None:
    """0 for "Monday", "mon" or "Mondays" to 6 for Sunday. None if it is no such day."""
    name = text.strip().rstrip(".").casefold()
    if len(name) > len("Mon"):
        name = name.removesuffix("s")
    if len(name) < len("Mon"):
        return None
    return next((at for at, day in enumerate(DAYS) if day.casefold().startswith(name)), None)


def written(minutes: int) -> str:
    """Minutes since midnight as "09:00"."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
