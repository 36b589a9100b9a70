"""Never more requests than Stripe allows, and slower when Stripe says so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.settings import RequestRate
from app.sync.stripe.rate_limits import DEFAULTS, RateLimit, RateLimits


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def send_when_allowed(limit: RateLimit, clock: Clock) -> float:
    """Wait as the limit says, send, and return the moment."""
    while (delay := limit.delay()) > 0:
        clock.now += delay
    limit.note_sent()
    return clock.now


def busiest_second(moments: list[float]) -> int:
    """The most requests in any sliding second."""
    return max(sum(start <= other < start + 1 for other in moments) for start in moments)


@settings(max_examples=100)
@given(st.integers(1, 30), st.lists(st.sampled_from([0.0, 0.001, 0.04, 0.5, 3.0]), max_size=120))
def test_no_second_ever_has_more_than_the_limit(rate: int, busy: list[float]) -> None:
    """``busy``: how long this program does something else before each request."""
    clock = Clock()
    limit = RateLimit(rate, clock)
    moments = []
    for pause in [*busy, *[0.0] * 3 * rate]:
        clock.now += pause
        moments.append(send_when_allowed(limit, clock))
    assert busiest_second(moments) <= rate


@pytest.mark.parametrize("rate", [0.2, 1, 25, 100])
def test_the_limit_is_used_nearly_to_the_full(rate: float) -> None:
    clock = Clock()
    limit = RateLimit(rate, clock)
    started = clock.now
    for _ in range(int(rate * 20) + 1):
        send_when_allowed(limit, clock)
    assert clock.now - started <= 20 * 1.03


def test_a_moment_of_other_work_is_made_up_for() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    started = clock.now
    for number in range(100):
        clock.now += 0.3 if number % 10 == 0 else 0.0
        send_when_allowed(limit, clock)
    assert clock.now - started < 10.5


def test_without_a_limit_nothing_waits() -> None:
    clock = Clock()
    limit = RateLimit(None, clock)
    for _ in range(10_000):
        assert limit.delay() <= 0
        limit.note_sent()


@pytest.mark.parametrize("rate", [None, 25.0])
def test_after_a_refusal_it_waits_as_long_as_stripe_says(rate: float | None) -> None:
    clock = Clock()
    limit = RateLimit(rate, clock)
    limit.note_refused(3.0)
    assert limit.delay() == pytest.approx(3.0)
    limit.note_refused(1.0)
    assert limit.delay() == pytest.approx(3.0), "a shorter wait takes nothing back"
    clock.now += 3.0
    assert limit.delay() <= 0


def seconds_for(limit: RateLimit, clock: Clock, requests: int) -> float:
    started = clock.now
    for _ in range(requests):
        send_when_allowed(limit, clock)
    return clock.now - started


def test_refusals_make_it_slower_and_answers_bring_it_back() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    usual = seconds_for(limit, clock, 100)
    for _ in range(20):
        limit.note_refused(0.0)
    slower = seconds_for(limit, clock, 100)
    assert slower > 1.5 * usual
    for _ in range(3_000):
        limit.note_accepted()
    assert seconds_for(limit, clock, 100) == pytest.approx(usual, rel=0.15)


def test_it_never_gets_so_slow_that_it_stops() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    for _ in range(10_000):
        limit.note_refused(0.0)
    assert seconds_for(limit, clock, 20) < 200


def test_stripe_names_whose_limit_it_was() -> None:
    limits = RateLimits(RequestRate(100, 25))
    limits.refused("/v1/customers", "endpoint-rate", 60.0)
    assert limits.endpoint("/v1/customers").delay() > 50
    assert limits.endpoint("/v1/prices").delay() <= 0
    assert limits.account.delay() <= 0
    limits.refused("/v1/prices", "global-rate", 60.0)
    assert limits.account.delay() > 50
    assert limits.endpoint("/v1/prices").delay() <= 0


async def test_the_account_and_the_endpoint_both_count() -> None:
    limits = RateLimits(RequestRate(3, 2))
    for name in ("/v1/customers", "/v1/customers", "/v1/prices"):
        await limits.wait(name)
    assert limits.endpoint("/v1/customers").delay() > 0
    assert limits.account.delay() > 0


def test_the_limits_that_stripe_documents() -> None:
    """docs.stripe.com/rate-limits: 100 a second live, 25 in a sandbox, 25 for an endpoint."""
    assert (DEFAULTS[True], DEFAULTS[False]) == (RequestRate(100, 25), RequestRate(25, 25))
