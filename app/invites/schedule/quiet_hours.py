"""Quiet hours: the times of the week in which no email leaves, on the clock of the computer that
sends.

They are written as "20:00-08:00, Sat, Sun", with "nights" and "weekends" as short forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.invites.errors import StudyProblem
from app.invites.schedule.clock_time import DAYS, minute_of_day, weekday, written
from app.text import plain

NONE = "none"
EXAMPLE = "20:00-08:00, Sat, Sun"
SHORT = {"nights": "20:00-08:00", "weekends": "Sat-Sun"}
_WEEK = 7 * 24 * 60  # minutes


@dataclass(frozen=True)
class QuietHours:
    """``hours``: (from, to) in minutes since midnight, over midnight if "to" is not later.
    ``days``: whole days, 0 for Monday."""

    hours: tuple[tuple[int, int], ...] = ()
    days: tuple[int, ...] = ()

    def __str__(self) -> str:
        """The quiet hours in one spelling, so that equal ones compare as equal."""
        hours = (f"{written(begin)}-{written(end)}" for begin, end in self.hours)
        return ", ".join([*hours, *(DAYS[day][:3] for day in self.days)]) or NONE

    def until(self, at: float) -> float | None:
        """When the quiet time ends in which the moment ``at`` is, in seconds since 1970. None if
        ``at`` is not quiet."""
        moment = begin = datetime.fromtimestamp(at)
        while self._quiet(moment) and moment - begin < timedelta(days=8):
            moment = self._next_change(moment)
        return None if moment == begin else moment.timestamp()

    def _quiet(self, moment: datetime) -> bool:
        minute = 60 * moment.hour + moment.minute
        return moment.weekday() in self.days or any(
            begin <= minute < end if begin < end else minute >= begin or minute < end
            for begin, end in self.hours
        )

    def _next_change(self, moment: datetime) -> datetime:
        """The next moment at which it can be otherwise."""
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        ends = (midnight + timedelta(minutes=end) for _, end in self.hours)
        return min((end for end in ends if end > moment), default=midnight + timedelta(days=1))

    @property
    def always(self) -> bool:
        """Whether nothing could ever be sent."""
        monday = datetime(2024, 1, 1)
        return all(self._quiet(monday + timedelta(minutes=one)) for one in range(_WEEK))


def parse(text: str) -> QuietHours:
    """Read quiet hours. "none" and "" are none at all. Raises StudyProblem."""
    hours, days = list[tuple[int, int]](), set[int]()
    for part in text.replace("–", "-").replace(";", ",").split(","):
        said = SHORT.get(part.strip().casefold(), part.strip())
        if not said or said.casefold() == NONE:
            continue
        begin, _, end = said.partition("-")
        times = minute_of_day(begin), minute_of_day(end)
        named = weekday(begin), weekday(end or begin)
        if times[0] is not None and times[1] is not None and times[0] != times[1]:
            hours.append((times[0] % (24 * 60), times[1]))
        elif named[0] is not None and named[1] is not None:
            days |= {day % 7 for day in range(named[0], named[0] + (named[1] - named[0]) % 7 + 1)}
        else:
            raise StudyProblem(
                f"“{plain(said, 60)}” is not a valid time. Write times and days, such as"
                f" {EXAMPLE}, or nights, weekends or none.",
                "quiet_hours",
            )
    found = QuietHours(tuple(sorted(set(hours))), tuple(sorted(days)))
    if found.always:
        raise StudyProblem(
            "With these quiet hours nothing could ever be sent. Leave some hours of the week free.",
            "quiet_hours",
        )
    return found


def canonical(text: str | None) -> str | None:
    """Quiet hours as they are stored: None if a person said nothing about them. Raises
    StudyProblem."""
    return str(parse(text)) if text and text.strip() else None


def effective(*texts: str | None) -> QuietHours:
    """The quiet hours that apply: the first that were said, of the batch, the study and the
    settings."""
    return parse(next((text for text in texts if text), NONE))
