"""One account, one database, and the real sync between them, in a time that is ours."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from app import paths
from app.db import connections
from app.db.engines.store_factory import open_store
from app.sandbox.world.world import World
from app.settings import RequestRate, Settings
from app.sync.auth.key_check import access_by_key
from app.sync.backfill import Backfill
from app.sync.committer import Committer
from app.sync.engine import Engine
from app.sync.events import EventPoller
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.endpoints import LISTINGS
from app.sync.stripe.rate_limits import RateLimit
from tests.sync.machine.changes import Change, apply
from tests.sync.machine.clock import AtOnce, Clock, Stuck, run
from tests.sync.machine.exact import alive, assert_exact, assert_sound
from tests.sync.machine.mortal import Crash, Dead, Life, opened, reopened
from tests.sync.machine.network import CALM, Network, Weather

ACCOUNT = ("stripe", "acct_machine", False, "Machine", "restricted_key")
LONGEST_LAG = 45.0  # seconds until an event can be seen
SLOW = 25.0  # seconds that a page flies: the client waits 30 for an answer
Fresh = Callable[[], Settings]


class Homes:
    """Settings with an empty database each: copies of one, as making its tables takes longer
    than a whole run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def fresh(self) -> Settings:
        """Settings whose database no other run has seen."""
        home = self._folder / f"home-{next(self._numbers)}"
        home.mkdir(mode=0o700)
        shutil.copy(self._empty, paths.database(home))
        return Settings(home=home, rate=RequestRate(None, None))

    @cached_property
    def _empty(self) -> Path:
        home = self._folder / "empty"
        store = open_store(Settings(home=home))
        connections.record(store, *ACCOUNT)
        store.close()
        return paths.database(home)


class Bench:
    """``page``: how many objects Stripe puts on a page; ``lag``: the longest time in seconds
    until an event can be seen; ``duplicates``: the share of changes that make two."""

    def __init__(self, settings: Settings, page: int, lag: float, duplicates: float) -> None:
        self.clock, self.life = Clock(), Life()
        self.world = World(customers=0, seed=3, clock=self.clock.truth, event_lag=lag)
        self.world.events_table.duplicates = duplicates
        self.network = Network(self.world, self.life, page)
        self.settings = settings
        self.store = opened(settings, self.life)
        self.connection = connections.record(self.store, *ACCOUNT)
        self._access = access_by_key(self.world.restricted_key).access
        self._dead: set[str] = set()
        self._seen: set[str] = set()

    def close(self) -> None:
        """Nothing of it is needed any more."""
        self.store.close()
        shutil.rmtree(self.settings.home, ignore_errors=True)

    def happen(self, changes: Sequence[Change]) -> None:
        """Change the account, all in this second."""
        for change in changes:
            apply(self.world, change)

    @property
    def complete(self) -> bool:
        """Whether the first copy is done."""
        return self._state().status == "complete"

    def sync(self, weather: Weather = CALM, *, full: bool = False) -> None:
        """Run the engine once."""
        engine = Engine(self.store, self.settings, self._access, self.connection)
        self._run(partial(engine.run, once=True, full=full), weather)

    def list_and_poll(
        self, rounds: Sequence[tuple[float, Sequence[Change]]], *, late: bool = False
    ) -> None:
        """List everything again. While the pages are on their way, seconds pass, the account
        changes, and events are polled: (seconds, changes) for each time. ``late``: only once
        customers are listed, which comes last where the segments are known."""
        weather = Weather(latencies=(0.3,), slow_lists=SLOW)  # slow: all lists side by side
        self._run(partial(self._list_and_poll, rounds, late), weather)

    def allow(self) -> None:
        """Give the key every permission, and connect with it again."""
        self.network.service.options.forbid = frozenset()
        steps = connections.steps(self.store, self.connection)
        if any(step.state == "skipped" for step in steps.values()):
            connections.require_listing(self.store, self.connection)

    def settle(self) -> None:
        """Let everything arrive; then the panel is the account, and stays it."""
        self.allow()
        for _ in range(2):
            self.clock.elapsed += LONGEST_LAG + 1
            self.sync()
            assert_exact(self.world, self.store, self.connection)

    async def _list_and_poll(
        self, rounds: Sequence[tuple[float, Sequence[Change]]], late: bool
    ) -> None:
        customers, here = LISTINGS["customers"], (self.store, self.connection)
        api = StripeApi(
            self.settings.stripe_api_base,
            self._access,
            self.settings.rate,
            first_seq=self._state().request_seq + 1,
        )
        committer = Committer(*here, lambda: None)
        async with api, committer:
            reply = await api.page(customers.path, {"limit": 1}, customers.read_page)
            await committer.do(partial(Backfill.begin, *here, reply.date))
            listing = asyncio.create_task(Backfill(api, *here, committer).run())
            poller = EventPoller(api, *here, committer)
            asked = self.network.asked[customers.path]
            while late and self.network.asked[customers.path] == asked and not listing.done():
                await asyncio.sleep(1)
            for seconds, changes in rounds:
                await asyncio.sleep(seconds)
                self.happen(changes)
                await asyncio.sleep(seconds)
                await poller.poll()
            await listing

    def _run(self, main: Callable[[], Coroutine[Any, Any, None]], weather: Weather) -> None:
        self.network.weather, self.network.died = weather, 0
        self.life.begin(weather.fatal)
        try:
            with self._stood_in():
                run(self.clock, main(), writes_at_once=weather.writes_at_once)
        except (Crash, Dead):
            self.store = reopened(self.store, self.settings, self.life)
        except Stuck:
            raise AssertionError("every task waits for something that nobody will do") from None
        except StripeProblem as problem:
            if not self._foreseen(problem, weather):
                raise
        finally:
            self.network.weather = CALM
            self.life.begin(None)
        self._look()

    @contextmanager
    def _stood_in(self) -> Iterator[None]:
        """The program in our time, over our network, in one thread."""
        with ExitStack() as stood_in:
            for name, stand_in in (
                ("time.time", self.clock.local),
                (
                    "app.sync.stripe.rate_limits.RateLimit",
                    partial(RateLimit, clock=self.clock.monotonic),
                ),
                ("app.sync.stripe.client.Transport", self.network.wire),
                ("app.sync.committer.ThreadPoolExecutor", AtOnce),
            ):
                stood_in.enter_context(patch(name, stand_in))
            yield

    def _foreseen(self, problem: StripeProblem, weather: Weather) -> bool:
        if problem.kind is ProblemKind.UNREACHABLE:
            return weather.down is not None
        return problem.kind is ProblemKind.FORBIDDEN and bool(self.network.service.options.forbid)

    def _look(self) -> None:
        """What must hold between any two runs: who was deleted never comes back."""
        assert_sound(self.store, self.connection)
        here = alive(self.store)
        assert here & self._dead == set()
        self._dead |= self._seen - here
        self._seen |= here

    def _state(self) -> connections.SyncState:
        return connections.sync_state(self.store, self.connection)
