"""A start time is read as a person means it, in the time zone of the computer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from app.invites.errors import StudyProblem
from app.invites.schedule.start_time import moment_words, parse


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


TUESDAY = datetime(2026, 12, 1, 11, 30)  # in Berlin


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Tuesday 9:00", "Tuesday 8 December 2026 at 09:00 (CET, UTC+01:00)"),
        ("tue 11:31", "Tuesday 1 December 2026 at 11:31 (CET, UTC+01:00)"),
        ("Wednesday, 9am", "Wednesday 2 December 2026 at 09:00 (CET, UTC+01:00)"),
        ("on Monday at 2:30 pm", "Monday 7 December 2026 at 14:30 (CET, UTC+01:00)"),
        ("9:00", "Wednesday 2 December 2026 at 09:00 (CET, UTC+01:00)"),
        ("14.15", "Tuesday 1 December 2026 at 14:15 (CET, UTC+01:00)"),
        ("tomorrow 9:00", "Wednesday 2 December 2026 at 09:00 (CET, UTC+01:00)"),
        ("8 Dec 9:00", "Tuesday 8 December 2026 at 09:00 (CET, UTC+01:00)"),
        ("Jan 8, 9:00", "Friday 8 January 2027 at 09:00 (CET, UTC+01:00)"),
        ("30 November 9:00", "Tuesday 30 November 2027 at 09:00 (CET, UTC+01:00)"),
        ("2026-12-08 09:00", "Tuesday 8 December 2026 at 09:00 (CET, UTC+01:00)"),
        ("2026-12-08T09:00", "Tuesday 8 December 2026 at 09:00 (CET, UTC+01:00)"),
        ("2026-12-08T09:00+05:30", "Tuesday 8 December 2026 at 04:30 (CET, UTC+01:00)"),
        ("2026-12-08T09:00Z", "Tuesday 8 December 2026 at 10:00 (CET, UTC+01:00)"),
        ("2027-06-01 09:00", "Tuesday 1 June 2027 at 09:00 (CEST, UTC+02:00)"),
        # On 28 March 2027 the clock goes from 2:00 to 3:00.
        ("2027-03-28 02:30", "Sunday 28 March 2027 at 03:30 (CEST, UTC+02:00)"),
    ],
)
def test_what_is_understood(typed: str, meant: str) -> None:
    assert moment_words(parse(typed, TUESDAY.timestamp())) == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Tuesday", "is not a valid start time"),
        ("2026-12-08", "is not a valid start time"),
        ("soon", "is not a valid start time"),
        ("Tuesday 25:00", "is not a valid start time"),
        ("13pm", "is not a valid start time"),
        ("31 Feb 9:00", "is not a valid start time"),
        ("", "is not a valid start time"),
        ("\x1b[31mTuesday", "“�[31mTuesday” is not a valid start time"),
        ("today 9:00", "Tuesday 1 December 2026 at 09:00 (CET, UTC+01:00) has passed"),
        ("yesterday 9:00", "Monday 30 November 2026 at 09:00 (CET, UTC+01:00) has passed"),
        ("2026-11-30 9:00", "has passed"),
        ("2028-12-08 9:00", "more than a year away"),
        ("9999-12-31 9:00", "more than a year away"),
    ],
)
def test_what_is_no_start(typed: str, said: str) -> None:
    with pytest.raises(StudyProblem) as problem:
        parse(typed, TUESDAY.timestamp())
    assert said in str(problem.value)
    assert problem.value.place == "start"
