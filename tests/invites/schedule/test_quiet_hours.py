"""Quiet hours are read as they are written, and end when they should."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from app.invites.errors import StudyProblem
from app.invites.schedule.quiet_hours import canonical, effective, parse


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("nights, weekends", "20:00-08:00, Sat, Sun"),
        ("20:00–8:00; saturdays, Sunday", "20:00-08:00, Sat, Sun"),
        ("10pm-6am", "22:00-06:00"),
        ("12:00-13:00, 20:00-24:00", "12:00-13:00, 20:00-24:00"),
        ("Fri-Mon", "Mon, Fri, Sat, Sun"),
        ("24:00-6:00", "00:00-06:00"),
        ("None", "none"),
        ("", None),
        (None, None),
    ],
)
def test_what_is_kept(typed: str | None, kept: str | None) -> None:
    assert canonical(typed) == kept
    assert canonical(kept) == kept


@pytest.mark.parametrize("typed", ["at night", "20-8", "8:00-8:00", "Mon-8:00", "25:00-8:00"])
def test_what_is_not_understood(typed: str) -> None:
    with pytest.raises(StudyProblem, match="is not a valid time"):
        parse(typed)


@pytest.mark.parametrize("typed", ["Mon-Sun", "0:00-24:00", "8:00-20:00, nights"])
def test_some_time_must_be_left(typed: str) -> None:
    with pytest.raises(StudyProblem, match="nothing could ever be sent"):
        parse(typed)


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        ("nights", "2026-12-01 19:59", None),
        ("nights", "2026-12-01 20:00", "2026-12-02 08:00"),
        ("nights", "2026-12-02 07:59", "2026-12-02 08:00"),
        ("nights", "2026-12-02 08:00", None),
        ("nights, weekends", "2026-12-04 21:00", "2026-12-07 08:00"),
        ("weekends", "2026-12-06 12:00", "2026-12-07 00:00"),
        ("12:00-13:00, 12:30-14:00", "2026-12-01 12:10", "2026-12-01 14:00"),
        ("20:00-24:00", "2026-12-01 21:00", "2026-12-02 00:00"),
        ("nights", "2027-03-27 23:00", "2027-03-28 08:00"),  # the clock goes forward
        ("nights", "2027-10-30 23:00", "2027-10-31 08:00"),  # and back
    ],
)
def test_when_they_end(hours: str, at: str, until: str | None) -> None:
    found = parse(hours).until(datetime.fromisoformat(at).timestamp())
    assert (found and datetime.fromtimestamp(found).isoformat(" ", "minutes")) == until


def test_the_first_that_says_something_applies() -> None:
    assert str(effective(None, "20:00-08:00", "Sat")) == "20:00-08:00"
    assert str(effective("none", "20:00-08:00")) == "none"
    assert str(effective(None, None)) == "none"
