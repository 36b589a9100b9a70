"""What the log says of requests that were turned away."""

from __future__ import annotations

import logging

import pytest

from app.web.rejections import RejectionTally
from tests.helpers.sandbox_client import Clock


def test_counted_and_seldom_said(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(0.0)
    tally = RejectionTally(60.0, clock)

    def said() -> list[str]:
        lines = [one.getMessage() for one in caplog.records]
        caplog.clear()
        return lines

    caplog.set_level(logging.INFO)
    tally.count("one")
    assert said() == ["one (1 since the last such line)"]
    for _ in range(1_000):
        tally.count("one")
    assert said() == []
    tally.count("other", logging.INFO)
    assert said() == ["other (1 since the last such line)"]
    clock.now = 59.0
    tally.count("one")
    assert said() == []
    clock.now = 60.0
    tally.count("one")
    assert said() == ["one (1002 since the last such line)"]
    tally.count("one")
    tally.flush()
    assert said() == ["one (1 since the last such line)"]
    tally.flush()
    assert said() == []
