"""Stripe's rate limits, kept from this side: never more requests than it allows.

Stripe counts requests in a sliding second, for the account and for each endpoint
(docs.stripe.com/rate-limits). A limit here remembers when its last N requests were sent and
lets the next one go a second (and a hair, for jitter on the way) after the first of them. That
is exact, and unlike even pacing it makes up for the moments this program was busy.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

from app.settings import RequestRate

JITTER = 0.004  # of the second: requests may reach Stripe closer together than they were sent
SPACING = 0.8  # of the even pace: a burst would jostle on the way, and arrive too close
SLOWER = 1.03  # per 429, until the pace fits what Stripe really allows
FASTER = 0.9995  # per answer that was not refused
SLOWEST = 50.0

DEFAULTS = {True: RequestRate(100, 25), False: RequestRate(25, 25)}  # by livemode


class RateLimit:
    """At most ``rate`` requests a second; None for no limit until Stripe says 429."""

    def __init__(self, rate: float | None, clock: Callable[[], float] = monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._stretch = 1.0
        self._sent: deque[float] = deque()
        self._not_before = 0.0

    def delay(self) -> float:
        """Seconds until the next request may be sent; 0 or less for now."""
        now = self._clock()
        earliest = self._not_before
        if self.rate:
            count = max(1, int(self.rate))
            period = count / self.rate * (1 + JITTER) * self._stretch
            if len(self._sent) >= count:
                earliest = max(earliest, self._sent[-count] + period)
            if self._sent:
                earliest = max(earliest, self._sent[-1] + period / count * SPACING)
        return earliest - now

    def note_sent(self) -> None:
        """A request goes out now."""
        if self.rate:
            self._sent.append(self._clock())
            while len(self._sent) > self.rate + 1:
                self._sent.popleft()

    def note_refused(self, wait: float) -> None:
        """Stripe answered 429 for this limit: wait, and go on slower."""
        self._stretch = min(SLOWEST, self._stretch * SLOWER)
        self._not_before = max(self._not_before, self._clock() + wait)

    def note_accepted(self) -> None:
        """Stripe answered otherwise: back towards the documented pace."""
        self._stretch = max(1.0, self._stretch * FASTER)


class RateLimits:
    """The account's limit and one for each endpoint."""

    def __init__(self, rate: RequestRate) -> None:
        self.rate = rate
        self.account = RateLimit(rate.account)
        self._endpoints: dict[str, RateLimit] = {}

    def endpoint(self, name: str) -> RateLimit:
        """The limit of one operation, such as "/v1/customers"."""
        if name not in self._endpoints:
            self._endpoints[name] = RateLimit(self.rate.endpoint)
        return self._endpoints[name]

    async def wait(self, name: str) -> None:
        """Return when a request to this endpoint may be sent, and count it as sent."""
        both = (self.account, self.endpoint(name))
        while (delay := max(limit.delay() for limit in both)) > 0:
            await asyncio.sleep(delay)
        for limit in both:
            limit.note_sent()

    def accepted(self, name: str) -> None:
        """A request to this endpoint was answered, and not with 429."""
        for limit in (self.account, self.endpoint(name)):
            limit.note_accepted()

    def refused(self, name: str, reason: str, wait: float) -> None:
        """A 429, with the reason that Stripe gave in Stripe-Rate-Limited-Reason ("" if none)."""
        limit = self.account if reason.startswith("global") else self.endpoint(name)
        limit.note_refused(wait)
