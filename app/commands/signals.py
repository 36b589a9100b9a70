"""The signals that stop a command, from a person or from the process that started Panelist."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Coroutine, Iterator


def interrupt_on(*numbers: signal.Signals) -> None:
    """Make these signals raise KeyboardInterrupt, as SIGINT does."""
    for number in numbers:
        signal.signal(number, signal.default_int_handler)


@contextlib.contextmanager
def stop_event() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set inside the block."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_until_signalled(work: Coroutine[object, object, object]) -> bool:
    """Run a coroutine until it ends, or until SIGINT or SIGTERM. True if it was stopped."""
    import asyncio

    async def main() -> bool:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return True
        return False

    return asyncio.run(main())
