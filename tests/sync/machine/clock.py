"""Time that passes only when someone says so, and an event loop that lives in it.

A run of the sync costs no waiting: where every task waits, the clock jumps to the first that is
due. The order of everything follows from the latencies drawn, so that a run can be repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from typing import Any

START = 1_800_000_000.0  # seconds since 1970: when a world begins
WRITING = 0.005  # seconds until a transaction that was handed to the writer is over


class Clock:
    """``truth`` is Stripe's clock, ``local`` this computer's, which may be wrong."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.skew = 0.0

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self.elapsed

    def truth(self) -> float:
        """Stripe's clock."""
        return START + self.elapsed

    def local(self) -> float:
        """What ``time.time()`` says here."""
        return START + self.elapsed + self.skew


class Stuck(BaseException):
    """Every task waits for something that no one will do."""


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, lets the time pass. No one outside talks to the loop."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck
        self._clock.elapsed += timeout
        return []


class Loop(asyncio.SelectorEventLoop):
    """``writes_at_once``: whether what is handed to another thread is done before the loop goes
    on, or only just before the loop is told of it. Both happen; only order tells them apart."""

    def __init__(self, clock: Clock, *, writes_at_once: bool) -> None:
        super().__init__(_Selector(clock))
        self._clock = clock
        self._at_once = writes_at_once
        self._last = 0.0
        self._clock_resolution = 1e-6  # after months of seconds a float has no finer one
        self.set_exception_handler(lambda *_: None)

    def time(self) -> float:
        return self._clock.elapsed

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """In this thread, one after the other as a single worker would."""
        future = self.create_future()
        told = _done(func, args) if self._at_once else None

        def tell() -> None:
            if future.cancelled():
                return
            result, failure = told or _done(func, args)
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

        self._last = max(self.time() + WRITING, self._last + 1e-6)
        self.call_at(self._last, tell)
        return future


def _done(func: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return func(*args), None
    except Exception as failure:
        return None, failure


class AtOnce:
    """Stands for a pool of one thread: what is submitted is done at once, in this thread."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def submit(self, work: Callable[[], object]) -> Future[object]:
        """Do it."""
        done: Future[object] = Future()
        done.set_result(work())
        return done

    def shutdown(self, wait: bool = True) -> None:
        """Nothing is left to do."""


def run(clock: Clock, main: Coroutine[Any, Any, None], *, writes_at_once: bool = True) -> None:
    """Run to the end in the clock's time. Raises what it raises, and Stuck."""
    loop = Loop(clock, writes_at_once=writes_at_once)
    try:
        loop.run_until_complete(main)
    finally:
        with contextlib.suppress(Stuck):
            loop.run_until_complete(_ended(asyncio.all_tasks(loop)))
        loop.close()


async def _ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
