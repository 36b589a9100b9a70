"""The app's terminal, which may go away: a closed window, a lost ssh session, a signal.

Then the app quits as if a person had quit it. An email that is being sent has a second to be
accepted, the sync's lease is free, and the exit code is what a shell reports for the signal.
"""

from __future__ import annotations

import asyncio
import signal
import termios
from contextlib import suppress
from functools import partial
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

LOOK = 1.0  # seconds between two looks at the terminal
SIGNALLED = 128  # what a shell adds to the number of the signal that ended a program


class TerminalDriver(LinuxDriver):
    """Outlives its terminal. With Textual's own driver, one thread reads nothing over and over, and
    the other one dies of what it can't write, so that the app waits for it forever."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        assert self._file is not None
        self._file = LastingOutput(self._file)  # type: ignore[assignment]
        self._watched = False

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if not self._watched:  # it also starts again after ctrl+z
            self._watched = True
            self._quit_on_signals()
            self._app.set_interval(LOOK, self._look)

    def run_input_thread(self) -> None:
        try:
            super().run_input_thread()
        except OSError:  # the session's leader has ended, and its terminal answers no one else
            with suppress(RuntimeError):  # the app has ended
                self._app.call_later(self._quit, signal.SIGHUP)

    def _look(self) -> None:
        """A program in a session of its own gets no signal when its terminal is closed."""
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            self._quit(signal.SIGHUP)

    def _quit_on_signals(self) -> None:
        """Quit on SIGHUP and SIGTERM. A second SIGTERM ends the process at once. A second SIGHUP
        means nothing, because both the shell and the kernel send one."""
        loop = asyncio.get_running_loop()

        def heard(number: int, _: object) -> None:
            if number == signal.SIGTERM:
                signal.signal(number, signal.SIG_DFL)
            with suppress(RuntimeError):  # the app has ended
                loop.call_soon_threadsafe(partial(self._quit, number))

        for number in (signal.SIGHUP, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
                signal.signal(number, heard)

    def _quit(self, number: int) -> None:
        self._app.exit(return_code=SIGNALLED + number)


class LastingOutput:
    """Standard error as the driver writes to it. What a lost terminal doesn't take is dropped."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()
