"""A clock that is wrong is said, as long as it is."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.panel.overview import overview
from app.sync import stripe_clock
from tests.helpers.rows import connection


def said(store: Store) -> list[str]:
    return [message.text for message in overview(store).messages]


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(601.0, "10 min ahead of"), (-86_400.0, "24 h behind"), (-245.0, "4 min be")],
)
def test_a_difference_is_said_once_until_it_is_gone(store: Store, ahead: float, words: str) -> None:
    here = connection(store)
    for seconds in (ahead, ahead + 0.4):
        stripe_clock.record_clock_error(store, here, seconds)
    (text,) = said(store)
    assert words in text
    assert "Webhooks are refused" in text
    stripe_clock.record_clock_error(store, here, 2.0)
    assert said(store) == []


def test_a_small_difference_is_none(store: Store) -> None:
    here = connection(store)
    for seconds in (0.0, 239.0, -239.0):
        stripe_clock.record_clock_error(store, here, seconds)
    assert said(store) == []
