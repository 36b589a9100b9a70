"""The state of a running server: its world, its options and its record of requests."""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from app.sandbox.server import api
from app.sandbox.server.faults import Faults
from app.sandbox.world.changes import random_change
from app.sandbox.world.seeded import Obj
from app.sandbox.world.world import World

LOG_LENGTH = 10_000
# The faults of token endpoints (`SandboxOptions.token_fault`).
TOKEN_FAULTS = ("", "302", "400", "500", "html", "nothing")


@dataclass
class SandboxOptions:
    """How the server behaves. Assign to change it while it runs.

    - `rate`: requests per second as `account/endpoint`, such as `100/25`; 0 is no limit.
      `limit_clock` measures the seconds
    - `latency`: seconds until each answer
    - `forbid`: resources that keys may not read: customers, subscriptions, products, prices,
      events, account
    - `revoked`, `expired`: every key and access token is refused for this reason. OAuth still
      issues new tokens
    - `keys`: keys or access tokens that are accepted in addition to the world's two keys and the
      tokens of its OAuth
    - `live_changes`: random changes per minute
    - `token_life`: seconds, by the world's clock, that an app's access tokens work. With
      `expires_in` the answer states them, which Stripe's does not
    - `token_fault`: the fault of the token endpoints. "302" (to `token_redirect`), "400", "500" and
      "html" (200 and a web page) answer without doing anything. "nothing" does what was asked and
      closes the connection without an answer. "" is no fault
    - `date_ahead`: seconds that the Date header is ahead of the world's clock
    - `token_delay`: seconds until each answer of the token endpoints, in addition to `latency`
    """

    rate: str = "0"
    latency: float = 0.0
    forbid: frozenset[str] = frozenset()
    faults: Faults = field(default_factory=Faults)
    revoked: bool = False
    expired: bool = False
    keys: frozenset[str] = frozenset()
    live_changes: float = 0.0
    limit_clock: Callable[[], float] = time.monotonic
    token_life: float = 3600.0
    expires_in: bool = False
    token_fault: str = ""
    token_redirect: str = ""
    token_delay: float = 0.0
    date_ahead: float = 0.0

    def __post_init__(self) -> None:
        if self.token_fault not in TOKEN_FAULTS:
            raise ValueError(f"token_fault is one of {', '.join(TOKEN_FAULTS[1:])}, or empty")


class State:
    """One world and the options of its server.

    `requests` counts the requests by path template, and `statuses` by the status sent (0: no
    answer). `log` holds the last 10,000 as (world's time, path, query, status). `on_request` is
    called with the path and the parsed query before each answer, in the server's thread and with
    `lock` held, so it may change the world. `on_answer` is called with the path, the query and the
    object of a successful answer. What it returns is sent instead: an object, or any bytes.
    """

    def __init__(self, world: World, options: SandboxOptions) -> None:
        self.world, self.options = world, options
        self.lock = threading.RLock()
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.log: deque[tuple[float, str, str, int]] = deque(maxlen=LOG_LENGTH)
        self.on_request: Callable[[str, dict[str, object]], None] | None = None
        self.on_answer: Callable[[str, dict[str, object], Obj], Obj | bytes] | None = None
        self.changes_rng = random.Random(f"{world.seed}/live")

    def access(self) -> api.KeyRights:
        """What keys may do, from the options."""
        options = self.options
        return api.KeyRights(options.forbid, options.revoked, options.expired, options.keys)

    def change(self) -> str:
        """Make one random change. Returns a sentence about it."""
        with self.lock:
            return random_change(self.world, self.changes_rng)
