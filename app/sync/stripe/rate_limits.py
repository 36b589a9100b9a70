"""Stripe's rate limits, kept on this side: never send more requests than Stripe allows.

Stripe counts requests in a sliding second, for the account and for each endpoint
(docs.stripe.com/rate-limits). A limit here remembers when its last N requests were sent. The next
one may go one second after the first of them, plus a little for jitter on the way. That is exact,
and unlike even pacing it makes up for moments in which this program was busy.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

from app.settings import RequestRate

JITTER = 0.004  # of the second: requests may arrive closer together than they were sent
SPACING = 0.8  # of the even pace: a burst would bunch up on the way and arrive too close together
SLOWER = 1.03  # for each 429, until the pace fits what Stripe really allows
FASTER = 0.9995  # for each answer other than 429
SLOWEST = 50.0

DEFAULTS = {True: RequestRate(100, 25), False: RequestRate(25, 25)}  # by livemode


class RateLimit:
    """At most ``rate`` requests a second. None means no limit until Stripe answers 429."""

    def __init__(self, rate: float | None, clock: Callable[[], float] = monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._stretch = 1.0
        self._sent: deque[float] = deque()
        self._not_before = 0.0

    def delay(self) -> float:
        """Seconds until the next request may be sent. 0 or less means now."""
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
        """Note that a request is sent now."""
        if self.rate:
            self._sent.append(self._clock())
            while len(self._sent) > self.rate + 1:
                self._sent.popleft()

    def note_refused(self, wait: float) -> None:
        """Note a 429 for this limit: wait, then continue more slowly."""
        self._stretch = min(SLOWEST, self._stretch * SLOWER)
        self._not_before = max(self._not_before, self._clock() + wait)

    def note_accepted(self) -> None:
        """Note another answer: return gradually to the documented pace."""
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
        """Wait until a request to this endpoint may be sent, and count it as sent."""
        both = (self.account, self.endpoint(name))
        while (delay := max(limit.delay() for limit in both)) > 0:
            await asyncio.sleep(delay)
        for limit in both:
            limit.note_sent()

    def accepted(self, name: str) -> None:
        """Note an answer other than 429 to a request to this endpoint."""
        for limit in (self.account, self.endpoint(name)):
            limit.note_accepted()

    def refused(self, name: str, reason: str, wait: float) -> None:
        """Note a 429. ``reason``: Stripe-Rate-Limited-Reason, or "" without that header."""
        limit = self.account if reason.startswith("global") else self.endpoint(name)
        limit.note_refused(wait)
