"""A company with a past: 18 months in which customers came, tried, paid, changed plans and left.

Its life is played through the same changes that a world offers, in the order of time, so that each
subscription has the dates that its history explains. The same arguments make the same company.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Iterable

from app.sandbox.world import life
from app.sandbox.world.event_log import RETENTION_SECONDS
from app.sandbox.world.life import DAY, Next
from app.sandbox.world.seeded import Obj
from app.sandbox.world.subscription import ENDED, STATUSES
from app.sandbox.world.world import World

PAST_DAYS = 548  # of history that can be told
BEFORE_DAYS = 900  # in which the first customers came
EARLIER = 1 << 40  # the number of the first event that is too old to be served
_OLD_SHARE = 0.45  # of the customers came before the history begins

OFFERS = (
    ("Starter", 900, False),
    ("Pro", 2900, False),
    ("Team", 9900, False),
    ("Analytics Add-on", 1900, False),
    ("Priority Support", 4900, False),
    ("Legacy Pro (2021)", 2500, True),
)

Watch = Callable[[str, str, Obj, int], None]


class Company(World):
    """`until` is the second at which its past ends; then it goes on by the clock.

    `customers` is how many ever signed up. `watch` is called for each change of the past with the
    id and type of its event, the object after it, and the second. Events older than Stripe keeps
    them are only watched, and never served.
    """

    def __init__(
        self,
        *,
        customers: int,
        seed: int,
        until: int,
        event_lag: float = 0.0,
        redirect_uris: Iterable[str] = (),
        watch: Watch | None = None,
    ) -> None:
        self.until, self._watch = until, watch
        self.since = until - PAST_DAYS * DAY
        self._second, self._told = self.since - BEFORE_DAYS * DAY, 0
        super().__init__(
            customers=0,
            seed=seed,
            clock=lambda: self._second,
            event_lag=event_lag,
            hostile=False,
            products=OFFERS,
            redirect_uris=redirect_uris,
        )
        self.plans = life.plans(self)
        self._live(customers)
        self._renew()
        self.clock = time.time

    def _emit(self, kind: str, shown: Obj, previous: Obj | None = None) -> None:
        second = int(self.clock())
        identifier = self.events_table.ids.of(EARLIER + self._told)
        if second >= self.until - RETENTION_SECONDS:
            super()._emit(kind, shown, previous)
            identifier = self.events_table.ids.of(len(self.events_table) - 1)
        if self._watch is not None and second < self.until:
            self._watch(identifier, kind, shown, second)
        self._told += 1

    def _live(self, customers: int) -> None:
        """Play the past: what is due first happens first, and each thing decides what follows."""
        due: list[tuple[int, int, Callable[[], Iterable[Next]]]] = []
        number = 0

        def plan(steps: Iterable[Next]) -> None:
            nonlocal number
            for at, step in steps:
                if at < self.until:
                    heapq.heappush(due, (int(at), number, step))
                    number += 1

        # Chance of one's own, so that a life does not depend on the hour at which others live.
        plan(
            (at, life.signup(self, random.Random(f"{self.seed}/company/{n}")))
            for n, at in enumerate(self._signups(customers))
        )
        while due:
            self._second, _, step = heapq.heappop(due)
            plan(step())
        self._second = self.until

    def _signups(self, customers: int) -> list[int]:
        """When each customer signs up: more and more a month, and hardly any at night."""
        rng = random.Random(f"{self.seed}/signups")
        old = int(customers * _OLD_SHARE)
        first = self.since - BEFORE_DAYS * DAY
        days = [first + BEFORE_DAYS * DAY * rng.random() ** 0.6 for _ in range(old)]
        days += [self.since + PAST_DAYS * DAY * rng.random() ** 0.5 for _ in range(customers - old)]
        return [int(day // DAY * DAY + rng.triangular(6, 22, 14) * 3600) for day in days]

    def _renew(self) -> None:
        """Move the periods of living subscriptions to now, as the renewals would have done."""
        table = self.subscriptions_table
        for n in range(len(table)):
            if STATUSES[table.status[n]] not in ENDED:
                whole = table.object(n)
                data = [_renewed(held, self.until) for held in whole["items"]["data"]]
                table.replace(n, whole | {"items": whole["items"] | {"data": data}})

    def live_change(self, rng: random.Random) -> str:
        """Make one change that an ordinary day brings. Returns a sentence about it."""
        return life.live_change(self, rng)


def _renewed(held: Obj, until: int) -> Obj:
    begin, end = held["current_period_start"], held["current_period_end"]
    moved = max(until - begin, 0) // (end - begin) * (end - begin)
    return held | {"current_period_start": begin + moved, "current_period_end": end + moved}
