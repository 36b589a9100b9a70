"""The app's terminal goes away, in each of the ways that it can."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from tests.helpers.approved_home import until
from tests.helpers.command import Home, at


class Terminal:
    """A terminal that is not the one of the program's session, so that its end is no signal."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        os.set_blocking(self.ours, False)

    def open(self, home: Home) -> subprocess.Popen[str]:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self.theirs)
        process = home.start(**streams, umask=0o077)
        os.close(self.theirs)
        return process

    def read(self) -> bytes:
        with suppress(BlockingIOError, OSError):
            return os.read(self.ours, 65_536)
        return b""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=3, seed=1) as running:
        yield running


def close(terminal: Terminal, _: subprocess.Popen[str]) -> None:
    os.close(terminal.ours)
    terminal.ours = -1  # another file may get its number


def send(number: signal.Signals) -> Callable[[Terminal, subprocess.Popen[str]], None]:
    return lambda _, process: process.send_signal(number)


@pytest.mark.parametrize(
    ("go_away", "code"),
    [(close, 129), (send(signal.SIGHUP), 129), (send(signal.SIGTERM), 143)],
    ids=["closed", "SIGHUP", "SIGTERM"],
)
def test_the_app_quits_in_order(
    go_away: Callable[[Terminal, subprocess.Popen[str]], None],
    code: int,
    sandbox: Sandbox,
    tmp_path: Path,
) -> None:
    home = at(sandbox, tmp_path / "home")
    home.variables["TERM"] = "xterm-256color"
    store = open_store(Settings(home=home.folder))
    terminal = Terminal()
    process = terminal.open(home)

    def syncs() -> bool:
        terminal.read()
        return store.row("SELECT who FROM syncer") != ("",)

    try:
        until(syncs)
        go_away(terminal, process)
        until(lambda: terminal.read() == b"" and process.poll() is not None)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == code
    assert store.row("SELECT who FROM syncer") == ("",)  # another Panelist may sync at once
    store.close()
