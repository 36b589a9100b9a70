"""Days as people type them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.panel.dates import Unit, begin, moment, stepped

NOW = datetime(2026, 3, 31, 14, 1).timestamp()
DAYS = st.dates(date(1980, 1, 1), date(2200, 1, 1))


@pytest.fixture(autouse=True, params=["Europe/Berlin", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Days begin where one is; some have 23 hours."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-02-03", date(2026, 2, 3)),
        ("  2026-02-03 ", date(2026, 2, 3)),
        ("3 Feb", date(2026, 2, 3)),
        ("3. february", date(2026, 2, 3)),
        ("Feb 3", date(2026, 2, 3)),
        ("31 Mar", date(2026, 3, 31)),
        ("1 Apr", date(2025, 4, 1)),
        ("3 Feb 2024", date(2024, 2, 3)),
        ("feb 3, 2024", date(2024, 2, 3)),
        ("29 Feb", date(2024, 2, 29)),
        ("today", date(2026, 3, 31)),
        ("Yesterday", date(2026, 3, 30)),
        ("-0d", date(2026, 3, 31)),
        ("-30d", date(2026, 3, 1)),
        ("-2W", date(2026, 3, 17)),
        ("-1m", date(2026, 2, 28)),
        ("-13m", date(2025, 2, 28)),
        ("-1y", date(2025, 3, 31)),
    ],
)
def test_a_day_is_understood(typed: str, meant: date) -> None:
    now = datetime(2026, 3, 31, 14, 1).timestamp()
    midnight = datetime(meant.year, meant.month, meant.day)
    assert moment(typed, now) == midnight.timestamp()
    last = moment(typed, now, end=True)
    assert datetime.fromtimestamp(last).date() == meant
    assert datetime.fromtimestamp(last + 1).date() > meant


@pytest.mark.parametrize(
    "typed",
    ["2026-02-03T14:01", "2026-02-03 14:01:00", "2026-02-03T14:01:00+02:00"],
)
def test_a_moment_is_taken_as_it_is(typed: str) -> None:
    for end in (False, True):
        assert moment(typed, NOW, end=end) == int(datetime.fromisoformat(typed).timestamp())


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "30d", "+30d", "-d", "- 30d", "-30x", "-999999d", "-9999y", "2026-02-30", "31"),
        *("31 Feb", "0 Feb", "3 Ju", "3 Jun 0000", "3 Febtober", "Feb", "now()", "2026-13-01"),
        *("-30d\x1b[2J", "１２ Feb", "9" * 5_000, "99999-01-01"),
    ],
)
def test_what_is_no_day_is_said_in_a_sentence(typed: str) -> None:
    with pytest.raises(
        ValueError,
        match=r"^That is not a valid date. Type a day such as "
        r".*-30d\.$",
    ):
        moment(typed, NOW)


@given(text=st.text(max_size=20), end=st.booleans())
def test_any_text_is_a_moment_or_a_sentence(text: str, end: bool) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(moment(text, NOW, end=end), int)


@given(day=DAYS, by=st.integers(-300, 300), unit=st.sampled_from(["day", "week"]))
def test_steps_of_days_come_back(day: date, by: int, unit: Unit) -> None:
    assert stepped(stepped(day, unit, by), unit, -by) == day


@given(day=DAYS, by=st.integers(-300, 300), unit=st.sampled_from(["month", "year"]))
def test_a_step_of_months_keeps_the_day_where_it_can(day: date, by: int, unit: Unit) -> None:
    found = stepped(day, unit, by)
    months = (found.year - day.year) * 12 + found.month - day.month
    assert months == by * (12 if unit == "year" else 1)
    assert found.day == day.day or (found.day < day.day and stepped(found, "day", 1).day == 1)


@given(day=DAYS)
def test_a_day_begins_at_its_first_second(day: date) -> None:
    first = begin(day)
    assert datetime.fromtimestamp(first).date() == day
    assert datetime.fromtimestamp(first - 1).date() < day
