"""Chance: everything that can happen to an account, its sync, and the computer it runs on.

The history is a real one: who was there before the first sync has no event that anybody could
still ask for. At the end of every run the faults stop, the last events arrive, and the panel
must be the account.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.sync.machine.bench import Bench, Fresh
from tests.sync.machine.changes import KINDS, Change
from tests.sync.machine.network import DELETE_LAST, FAULTS, Weather

DAY = 86_400.0

_numbers = st.integers(0, 7)
_often = ("create_customer", "rename_customer", "change_email", "delete_customer", "change_status")
changes = st.builds(Change, st.sampled_from((*KINDS, *_often)), _numbers, _numbers)
_in_flight = st.builds(
    Change, st.sampled_from((DELETE_LAST, DELETE_LAST, *KINDS, *_often)), _numbers, _numbers
)
some = st.lists(changes, min_size=1, max_size=4)
_nth = st.integers(1, 40)
weathers = st.builds(
    Weather,
    latencies=st.lists(st.sampled_from((0.01, 0.3, 2.0, 12.0)), max_size=5).map(tuple),
    faults=st.dictionaries(_nth, st.sampled_from(FAULTS), max_size=2),
    flights=st.dictionaries(_nth, st.lists(_in_flight, min_size=1, max_size=2), max_size=3),
    down=st.none() | st.none() | st.none() | _nth,
    writes_at_once=st.booleans(),
)
_fatal = st.tuples(st.sampled_from(("request", "statement")), st.integers(1, 24)) | st.tuples(
    st.just("statement"), st.integers(1, 150)
)
ticks = st.sampled_from((1.0, 5.0, 20.0, 50.0, 700.0, DAY))
past = st.lists(st.tuples(st.sampled_from((0.0, 0.0, 1.0, DAY)), changes), max_size=12)


class SyncMachine(RuleBasedStateMachine):
    """``fresh``: gives the settings of an empty database."""

    fresh: ClassVar[Fresh]

    @initialize(
        page=st.integers(2, 4),
        lag=st.sampled_from((45.0, 5.0, 0.0)),
        duplicates=st.sampled_from((0.0, 0.5)),
        people=st.integers(0, 6),
        past=past,
        gap=st.sampled_from((40 * DAY, 40 * DAY, 0.0)),
    )
    def begin(
        self,
        page: int,
        lag: float,
        duplicates: float,
        people: int,
        past: Sequence[tuple[float, Change]],
        gap: float,
    ) -> None:
        """An account with a past; after 40 days nothing tells of it any more."""
        self.bench = Bench(type(self).fresh(), page, lag, duplicates)
        self.bench.happen([Change("create_customer", n, n) for n in range(people)])
        for seconds, change in past:
            self.bench.clock.elapsed += seconds
            self.bench.happen([change])
        self.bench.clock.elapsed += gap

    @rule(some=some)
    def change(self, some: Sequence[Change]) -> None:
        """The account changes, all in one second."""
        self.bench.happen(some)

    @rule(seconds=ticks)
    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.bench.clock.elapsed += seconds

    @rule(days=st.integers(31, 40), some=some)
    def away(self, days: int, some: Sequence[Change]) -> None:
        """Things change, and the program is off for so long that nothing tells of them."""
        self.bench.happen(some)
        self.bench.clock.elapsed += days * DAY

    @rule(days=st.sampled_from((-1.0, 0.0, 1.0)))
    def clock_jumps(self, days: float) -> None:
        """This computer's clock is put wrong, or right again."""
        self.bench.clock.skew = days * DAY

    @rule()
    def sync(self) -> None:
        """A run on a quiet day."""
        self.bench.sync()

    @rule(weather=weathers)
    def sync_in(self, weather: Weather) -> None:
        """A run in any weather."""
        self.bench.sync(weather)

    @rule(weather=weathers, full=st.booleans(), fatal=_fatal)
    def crash_in(self, weather: Weather, full: bool, fatal: tuple[str, int]) -> None:
        """A run that does not get to its end, unless it is a short one."""
        self.bench.sync(_deadly(weather, fatal), full=full)

    @rule(weather=weathers)
    def full_in(self, weather: Weather) -> None:
        """List everything anew, in any weather."""
        self.bench.sync(weather, full=True)

    @precondition(lambda self: self.bench.complete)
    @rule(
        rounds=st.lists(
            st.tuples(st.sampled_from((2.0, 9.0)), some), min_size=1, max_size=3
        )
    )
    def poll_while_pages_fly(self, rounds: Sequence[tuple[float, Sequence[Change]]]) -> None:
        """Pages in flight, changes and polls at once: what is stored last was not sent last."""
        self.bench.list_and_poll(rounds)

    @rule(
        what=st.sampled_from(("customers", "subscriptions", "products", "prices", "events")),
        full=st.booleans(),
        some=some,
        weather=weathers,
    )
    def without_permission(
        self, what: str, full: bool, some: Sequence[Change], weather: Weather
    ) -> None:
        """The key loses a permission for a while."""
        self.bench.network.service.options.forbid = frozenset({what})
        self.bench.sync(weather, full=full)
        self.bench.happen(some)
        self.bench.sync()
        self.bench.allow()

    def teardown(self) -> None:
        """At the end the panel is the account; unless something failed before."""
        bench = getattr(self, "bench", None)
        if bench is None:
            return
        try:
            if sys.exc_info()[0] is None:
                bench.settle()
        finally:
            bench.close()


def _deadly(weather: Weather, fatal: tuple[str, int]) -> Weather:
    return Weather(
        weather.latencies,
        weather.faults,
        weather.flights,
        fatal=fatal,
        writes_at_once=weather.writes_at_once,
    )
