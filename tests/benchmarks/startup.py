"""How long `panelist --help`, every command's `--help` and the app's first frame take.

Each is run in turn with what it is compared with, so that what else this machine does meets both
alike: `--help` with a Python that does nothing, the first frame with a Textual app of one line.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence

from tests.benchmarks import running

NOTHING = ["-c", "pass"]
MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("First frame")
Minimal().run()
"""
SIZE = struct.pack("HHHH", 40, 120, 0, 0)
PATIENCE = 20.0  # seconds for a frame
ASKED, ATTRIBUTES = b"\x1b[c", b"\x1b[?62;22c"  # DA1 and its answer


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(prog="startup", description=__doc__)
    parser.add_argument("--runs", type=running.count, default=20, metavar="N", help="of each (20)")
    runs = parser.parse_args().runs
    running.load()
    _helps(runs)
    _first_frames(runs)


def _helps(runs: int) -> None:
    from app.commands import COMMANDS

    rows = []
    for command in ("", *COMMANDS):
        asked = ["-m", "app", *([command] if command else []), "--help"]
        bare, ended = [], []
        for turn in range((runs if not command else max(3, runs // 4)) + 1):
            pair = running.timed(NOTHING), running.timed(asked)
            if turn:  # the first pair only warms the disk
                bare.append(pair[0])
                ended.append(pair[1])
        wall = [one.wall * 1000 for one in ended]
        more = statistics.median(wall) - statistics.median(one.wall * 1000 for one in bare)
        cpu = running.spread([one.cpu * 1000 for one in ended], ".0f")
        name = f"panelist {command} --help".replace("  ", " ")
        rows.append((name, running.spread(wall, ".0f"), cpu, f"{more:+.0f}"))
    running.table(("command", "wall ms", "CPU ms", "more than Python ms"), rows)


def _first_frames(runs: int) -> None:
    with tempfile.TemporaryDirectory() as used, tempfile.TemporaryDirectory() as homes:
        subprocess.run(
            [sys.executable, "-m", "app", "info"],
            cwd=running.ROOT,
            env=running.environment(PANELIST_HOME=used),
            check=True,
            capture_output=True,
        )
        found: dict[str, list[tuple[float, float]]] = {}
        for turn in range(runs + 1):
            for name, command, mark, home in (
                ("a minimal Textual app", ["-c", MINIMAL], b"First frame", used),
                ("panelist", ["-m", "app"], b"restricted key", used),
                ("panelist, the first time", ["-m", "app"], b"restricted key", f"{homes}/{turn}"),
            ):
                once = first_frame(command, mark, home)
                if turn:
                    found.setdefault(name, []).append(once)
    rows = []
    minimal = found["a minimal Textual app"]
    for name, times in found.items():
        ratios = [
            statistics.median(
                one[at] / other[at] for one, other in zip(times, minimal, strict=True)
            )
            for at in (0, 1)
        ]
        wall = running.spread([one[0] * 1000 for one in times], ".0f")
        cpu = running.spread([one[1] * 1000 for one in times], ".0f")
        rows.append((name, wall, cpu, f"{ratios[0]:.2f}", f"{ratios[1]:.2f}"))
    running.table(("first frame", "wall ms", "CPU ms", "ratio of wall", "ratio of CPU"), rows)


def first_frame(command: Sequence[str], mark: bytes, home: str) -> tuple[float, float]:
    """Seconds, and CPU seconds, until a terminal of 120 by 40 shows ``mark``."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, SIZE)
    environ = running.environment(PANELIST_HOME=home, TERM="xterm-256color", COLORTERM="truecolor")
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=running.ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""
    while mark not in seen and select.select([ours], [], [], PATIENCE)[0]:
        read = os.read(ours, 65_536)
        seen += read
        if ASKED in read:  # as every terminal does at once
            os.write(ours, ATTRIBUTES)
    took = time.perf_counter() - begun
    os.kill(process.pid, signal.SIGKILL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    os.close(ours)
    return took, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
