"""Deliberate, repeatable faults between a client and Stripe."""

import random
from dataclasses import dataclass, field

KINDS = (
    "error_500",
    "error_401",
    "rate_429",
    "lock_timeout",
    "html",
    "cut_body",
    "cut_json",
    "reset",
    "hang",
)


@dataclass
class Faults:
    """The probability of each fault, from 0 to 1, and the requests that always fail.

    - `error_500`: 500 with Stripe's body; `should_retry` is its Stripe-Should-Retry header
    - `error_401`: 401 without a code, as if the key were unknown
    - `rate_429`, `lock_timeout`: 429, for a rate limit or for a locked object
    - `html`: 502 with a web page, as a proxy sends it
    - `cut_body`: the connection closes in the middle of the body
    - `cut_json`: 200 and half of the JSON, with a correct Content-Length
    - `reset`: the connection is reset before any answer
    - `hang`: no answer, and the connection stays open
    - `slow` seconds are added to a share `slow_share` of the answers
    - `fail_nth`: numbers, counted from 1, of the requests that fail with `fail_with`
    - `only`: the faults apply to paths that start with this, such as `/v1/customers`
    """

    seed: int = 1
    error_500: float = 0.0
    error_401: float = 0.0
    rate_429: float = 0.0
    lock_timeout: float = 0.0
    html: float = 0.0
    cut_body: float = 0.0
    cut_json: float = 0.0
    reset: float = 0.0
    hang: float = 0.0
    slow: float = 0.0
    slow_share: float = 0.1
    fail_nth: set[int] = field(default_factory=set)
    fail_with: str = "error_500"
    should_retry: str | None = "false"
    only: str = "/v1/"
    seen: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(f"{self.seed}/faults")
        if self.fail_with not in KINDS:
            raise ValueError(f"fail_with is one of {', '.join(KINDS)}")
        self.fail_nth = set(self.fail_nth)

    def next(self, path: str) -> str | None:
        """The fault of the next request, or None. Each request draws once, so runs repeat."""
        if not path.startswith(self.only):
            return None
        self.seen += 1
        draw = self._rng.random()
        if self.seen in self.fail_nth:
            return self.fail_with
        for kind in KINDS:
            draw -= getattr(self, kind)
            if draw < 0:
                return kind
        return None

    def delay(self, path: str) -> float:
        """Seconds to add to the next answer."""
        if not self.slow or not path.startswith(self.only):
            return 0.0
        return self.slow if self._rng.random() < self.slow_share else 0.0
