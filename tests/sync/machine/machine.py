"""Chance: everything that can happen to an account, its sync, and the computer it runs on.

The history is a real one: who was there before the first sync has no event that anybody could
still ask for. Again and again the faults stop, the last events arrive, and the panel must be
the account: a full listing later on would repair what is wrong now.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.sync.machine.bench import LONGEST_LAG, Bench, Fresh
from tests.sync.machine.changes import KINDS, Change
from tests.sync.machine.network import FAULTS, Weather

DAY = 86_400.0

_numbers = st.integers(0, 7)
_often = ("create_customer", "rename_customer", "change_email", "delete_customer", "change_status")
changes = st.builds(Change, st.sampled_from((*KINDS, *_often)), _numbers, _numbers)
# Of the newest, because their pages come first and are those in flight.
_of_the_newest = st.builds(
    Change,
    st.sampled_from((*_often, "change_product", "change_price")),
    st.integers(0, 2),
    _numbers,
)
some = st.lists(changes, min_size=1, max_size=4)
_nth = st.integers(1, 40)
weathers = st.builds(
    Weather,
    latencies=st.lists(st.sampled_from((0.01, 0.3, 2.0, 12.0)), max_size=5).map(tuple),
    faults=st.dictionaries(_nth, st.sampled_from(FAULTS), max_size=2),
    flights=st.dictionaries(_nth, st.lists(changes, min_size=1, max_size=2), max_size=3),
    dying_cursors=st.sampled_from((0, 0, 1, 3)),
    down=st.none() | st.none() | st.none() | _nth,
    writes_at_once=st.booleans(),
)
# Between two transactions is where it matters most.
fatal = st.one_of(
    st.tuples(st.just("commit"), st.integers(1, 4)),
    st.tuples(st.just("commit"), st.integers(1, 4)),
    st.tuples(st.just("commit"), st.integers(1, 25)),
    st.tuples(st.sampled_from(("request", "statement")), st.integers(1, 24)),
    st.tuples(st.just("statement"), st.integers(1, 150)),
)
ticks = st.sampled_from((1.0, 5.0, 20.0, 50.0, 700.0, DAY))
past = st.lists(st.tuples(st.sampled_from((0.0, 0.0, 1.0, DAY)), changes), max_size=12)
interruptions = st.lists(st.tuples(fatal, some, ticks), max_size=2)
beginning: dict[str, Any] = {
    "page": st.integers(2, 4),
    "lag": st.sampled_from((45.0, 5.0, 0.0)),
    "duplicates": st.sampled_from((0.0, 0.5)),
    "people": st.sampled_from((0, 3, 6, 9)),
    "past": past,
    "gap": st.sampled_from((40 * DAY, 40 * DAY, 0.0)),
    "weather": weathers,
    "interruptions": interruptions,
}


class SyncMachine(RuleBasedStateMachine):
    """``fresh``: gives the settings of an empty database."""

    fresh: ClassVar[Fresh]

    @initialize(**beginning)
    def begin(
        self,
        page: int,
        lag: float,
        duplicates: float,
        people: int,
        past: Sequence[tuple[float, Change]],
        gap: float,
        weather: Weather,
        interruptions: Sequence[tuple[tuple[str, int], Sequence[Change], float]],
    ) -> None:
        """An account with a past, of which after 40 days nothing tells any more, and its first
        copy in any weather, which may have to begin more than once."""
        self.bench = Bench(type(self).fresh(), page, lag, duplicates)
        self.bench.happen([Change("create_customer", n, n) for n in range(people)])
        for seconds, change in past:
            self.bench.clock.elapsed += seconds
            self.bench.happen([change])
        self.bench.clock.elapsed += gap
        for fatal, some, seconds in interruptions:
            self.bench.sync(replace(weather, fatal=fatal, down=None))
            self.bench.happen(some)
            self.bench.clock.elapsed += seconds
        self.bench.sync(weather)
        self.bench.settle()

    @rule(**beginning)
    def another_account(self, **beginning: Any) -> None:
        """A first copy happens once to an account, and much can go wrong in it."""
        self.bench.close()
        self.begin(**beginning)

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

    @rule(rounds=st.lists(st.tuples(some, ticks), min_size=1, max_size=4))
    def quiet_day(self, rounds: Sequence[tuple[Sequence[Change], float]]) -> None:
        """Changes, and a run soon after each."""
        for some, seconds in rounds:
            self.bench.happen(some)
            self.bench.sync()
            self.bench.clock.elapsed += seconds
            self.bench.sync()
        self.bench.settle()

    @rule(weather=weathers)
    def sync_in(self, weather: Weather) -> None:
        """A run in any weather."""
        self.bench.sync(weather)

    @rule(some=some, weather=weathers, full=st.sampled_from((False, False, True)), fatal=fatal)
    def crash_in(
        self, some: Sequence[Change], weather: Weather, full: bool, fatal: tuple[str, int]
    ) -> None:
        """A run that does not get to its end, unless it is a short one."""
        self.bench.happen(some)
        self.bench.clock.elapsed += LONGEST_LAG
        self.bench.sync(replace(weather, fatal=fatal, down=None), full=full)
        if not full:
            self.bench.settle()

    @rule(weather=weathers)
    def full_in(self, weather: Weather) -> None:
        """List everything again, in any weather."""
        self.bench.sync(weather, full=True)

    @precondition(lambda self: self.bench.complete)
    @rule(
        rounds=st.lists(
            st.tuples(
                st.sampled_from((2.0, 9.0)), st.lists(_of_the_newest, min_size=1, max_size=3)
            ),
            min_size=1,
            max_size=3,
        ),
        late=st.booleans(),
    )
    def poll_while_pages_fly(
        self, rounds: Sequence[tuple[float, Sequence[Change]]], late: bool
    ) -> None:
        """Pages in flight, changes and polls at once: what is stored last was not sent last."""
        self.bench.list_and_poll(rounds, late=late)
        self.bench.settle()

    @rule(
        what=st.sampled_from(("subscriptions", "customers", "products", "prices", "events")),
        since=st.integers(2, 12),
        full=st.sampled_from((True, True, False)),
        some=some,
        weather=weathers,
    )
    def without_permission(
        self, what: str, since: int, full: bool, some: Sequence[Change], weather: Weather
    ) -> None:
        """The key loses a permission during a run, and has it again after the next."""
        self.bench.sync(replace(weather, forbids=(what, since), down=None), full=full)
        self.bench.network.service.options.forbid = frozenset({what})
        self.bench.happen(some)
        self.bench.sync()
        self.bench.settle()

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
