"""The signals that stop a command, from a person or from the process that started Panelist.

The first one ends a command in order. The second one ends it at once, whatever it waits for: the
answer of a mail server, a name that is not found, a database. What is recorded is then as after a
kill, which every part of Panelist is made for.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator

STOPS = (signal.SIGINT, signal.SIGTERM)  # the second of these ends a command at once
SOON = 1.0  # seconds for a command to end before it says how to end it at once

_HINT = b"\nStopping. Press ctrl+c again to stop at once.\n"
_at_once = "Stopped. Everything saved so far is kept."


def end_at_second_signal() -> None:
    """From now on, the second signal of STOPS ends this process with exit code 1.

    A thread waits for them, because Python calls handlers only between two of its own steps: while
    the main thread looks up a name, it would hear nothing (docs.python.org/3/library/signal.html,
    "Execution of Python signal handlers").
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(heard,), name="signals", daemon=True).start()


def _watch(heard: int) -> None:
    _next_stop(heard)
    if os.isatty(2) and not select.select([heard], [], [], SOON)[0]:
        with contextlib.suppress(OSError):
            os.write(2, _HINT)
    _next_stop(heard)
    with contextlib.suppress(OSError):
        os.write(2, f"{_at_once}\n".encode())
    os._exit(1)


def _next_stop(heard: int) -> None:
    while os.read(heard, 1)[0] not in STOPS:
        pass


def _heard() -> tuple[signal.Signals, ...]:
    """The signals that end a command in order. SIGHUP says that its terminal has gone. A shell and
    the kernel may both send it, so a second one means nothing. nohup has it ignored."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return STOPS if ignored else (*STOPS, signal.SIGHUP)


def interrupt_on_signals() -> None:
    """Make SIGTERM and SIGHUP raise KeyboardInterrupt, as SIGINT does."""
    for number in _heard():
        if number != signal.SIGINT:
            signal.signal(number, signal.default_int_handler)


@contextlib.contextmanager
def call_on_signal(stop: Callable[[], object]) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP call this inside the block."""
    before = {number: signal.getsignal(number) for number in _heard()}
    for number in before:
        signal.signal(number, lambda *_: stop())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stop_event(
    at_once: str | None = None, hurry: Callable[[], object] = lambda: None
) -> Iterator[threading.Event]:
    """An event that a signal sets inside the block. ``at_once``: what the second one says
    instead of the usual. ``hurry``: called after it is set, in the main thread, between two steps
    of what runs there. What it raises is raised there."""
    global _at_once
    stop, before = threading.Event(), _at_once
    _at_once = at_once or before

    def stop_now() -> None:
        stop.set()
        hurry()

    try:
        with call_on_signal(stop_now):
            yield stop
    finally:
        _at_once = before


def run_until_signalled(work: Coroutine[object, object, object]) -> bool:
    """Run a coroutine until it ends, or until a signal. True if it was stopped."""
    import asyncio

    async def main() -> bool:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        # Not loop.add_signal_handler, which would take the signals away from the thread above.
        with call_on_signal(lambda: loop.call_soon_threadsafe(task.cancel)):
            try:
                await task
            except asyncio.CancelledError:
                return True
            return False

    return asyncio.run(main())
