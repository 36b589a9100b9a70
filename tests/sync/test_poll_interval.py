"""How often Stripe is asked, as things change, as someone looks, and as the reads are used up."""

from __future__ import annotations

import itertools

from app.sync.poll_interval import LOOKED_AT, QUICK, QUIET, TOLD, PollInterval


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_it_relaxes_when_nothing_changes_and_hurries_when_something_does() -> None:
    pace = PollInterval(clock=Clock())
    pauses = []
    for _ in range(12):
        pauses.append(pace.pause)
        pace.looked(0, 1)
    assert pauses[0] == QUICK
    assert all(before <= after for before, after in itertools.pairwise(pauses))
    assert pauses[-1] == QUIET
    pace.looked(1, 1)
    assert pace.pause == QUICK
    assert "while data changes" in pace.words


def test_asking_counts_as_a_change() -> None:
    pace = PollInterval(clock=Clock())
    for _ in range(12):
        pace.looked(0, 1)
    pace.looked(0, 1, asked=True)
    assert pace.pause == QUICK


def test_somebody_who_looks_waits_a_minute_at_most_and_only_while_looking() -> None:
    clock = Clock()
    pace = PollInterval(clock=clock)
    for _ in range(12):
        pace.looked(0, 1)
    pace.attend()
    assert pace.pause == LOOKED_AT
    clock.now += 70
    assert pace.seconds_left == 0
    clock.now += 60
    assert pace.pause == QUIET
    assert pace.seconds_left == QUIET - 130


def test_many_pages_of_events_are_not_listed_again_at_once() -> None:
    pace = PollInterval(clock=Clock())
    pace.looked(10_000, 101)
    assert pace.pause == 100
    assert "every 2 min, because so much changed" in pace.words
    pace.looked(0, 2)
    assert pace.pause < 30


def test_the_months_reads_are_spared() -> None:
    clock = Clock()
    pace = PollInterval(clock=clock)
    pace.looked(5, 1)
    pace.over = True
    assert pace.pause == QUIET
    assert "to save" in pace.words
    pace.attend()
    assert pace.pause == LOOKED_AT


def test_webhooks_leave_looking_to_a_safety_net() -> None:
    clock = Clock()
    pace = PollInterval(clock=clock)
    pace.looked(5, 1)
    pace.note_webhook()
    assert pace.pause == QUIET
    assert "webhooks" in pace.words
    clock.now += TOLD
    assert pace.pause == QUICK


def test_the_demos_pace_is_fixed() -> None:
    pace = PollInterval(2.0, Clock())
    pace.looked(0, 500)
    pace.over = True
    assert pace.pause == 2
