"""Stripe's rate limits (docs.stripe.com/rate-limits)."""

from collections import deque
from collections.abc import Callable


class SandboxLimits:
    """Limits the requests in any second, for the account and for each endpoint.

    `rate` is `account/endpoint`, such as `100/25`; 0 is no limit. A refused request does not count.
    `clock` returns seconds.
    """

    def __init__(self, rate: str, clock: Callable[[], float]) -> None:
        self.rate, self._clock = rate, clock
        account, _, endpoint = rate.partition("/")
        self.account, self.endpoint = int(account or 0), int(endpoint or 0)
        if self.account < 0 or self.endpoint < 0:
            raise ValueError("a rate is 0 or more")
        self._taken: dict[str, deque[float]] = {}

    def refuse(self, endpoint: str) -> str | None:
        """Why a request that arrives now is refused (`Stripe-Rate-Limited-Reason`), or None."""
        now = self._clock()
        counted: list[deque[float]] = []
        for key, most, reason in (
            ("", self.account, "global-rate"),
            (endpoint, self.endpoint, "endpoint-rate"),
        ):
            if most:
                taken = self._taken.setdefault(key, deque())
                while taken and taken[0] <= now - 1:
                    taken.popleft()
                if len(taken) >= most:
                    return reason
                counted.append(taken)
        for taken in counted:
            taken.append(now)
        return None
