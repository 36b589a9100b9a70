"""What the benchmarks share: processes that are timed from outside, and tables of figures.

A command under measurement is a process of its own in a home of its own, so that its CPU and
memory are its own; ``os.wait4`` tells them. This process stays small, because on Linux a
child's peak RSS starts at that of the process that started it.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


@dataclass(frozen=True)
class Timed:
    """A process that has ended well: the last line it wrote, and what it took."""

    last: str
    wall: float
    cpu: float
    peak_mib: float

    @property
    def finished(self) -> dict[str, Any]:
        """The last line as a JSON object."""
        return dict(json.loads(self.last))


@dataclass(frozen=True)
class Sandbox:
    """A running stand-in for Stripe."""

    url: str
    key: str = field(repr=False)

    def stats(self) -> dict[str, Any]:
        """What it holds and was asked so far."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/stats") as answer:
            return dict(json.load(answer))

    def change(self, **what: Any) -> dict[str, Any]:
        """Do a change to it, such as ``op="update_customer", id="cus_…", name="New"``."""
        asked = urllib.request.Request(
            f"{self.url}/_sandbox/change", json.dumps(what).encode(), method="POST"
        )
        with urllib.request.urlopen(asked) as answer:
            return dict(json.load(answer))

    def customers(self, count: int) -> list[str]:
        """The ids of so many customers."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/truth/customers") as answer:
            return [json.loads(line)["id"] for line in itertools.islice(answer, count)]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without any setting of Panelist's but those given. What this
    computer remembers is beside the home."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PANELIST_")}
    if "PANELIST_HOME" in more:
        kept["PANELIST_STATE"] = f"{more['PANELIST_HOME']}-state"
    return {**kept, **more}


@contextlib.contextmanager
def sandbox(customers: int, *options: str) -> Iterator[Sandbox]:
    """A sandbox process; it listens when this is entered and has ended when it is left."""
    command = [sys.executable, "-m", "app", "sandbox", "--json", "--with-parent"]
    command += ["--customers", str(customers), *options]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise SystemExit("The sandbox did not start.")
        said = json.loads(line)
        yield Sandbox(said["url"], said["key"])
    finally:
        process.terminate()
        process.wait()


def timed(
    arguments: Sequence[str], environ: Mapping[str, str] | None = None, root: Path = ROOT
) -> Timed:
    """Run Python with these arguments from the root of a checkout; SystemExit when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=root,
        env=dict(environ) if environ is not None else environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    last = ""
    with process.stdout as lines:
        for line in lines:
            last = line
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)  # it is not there to be waited for
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments[:2])} ended with {process.returncode}")
    return Timed(last, wall, used.ru_utime + used.ru_stime, used.ru_maxrss * RSS_UNIT / 2**20)


def sync_once(stripe: Sandbox, rate: str = "0", root: Path = ROOT) -> Timed:
    """`panelist sync --once --json` into an empty SQLite file; ``rate`` as PANELIST_STRIPE_RATE,
    ``root``: of which checkout."""
    with tempfile.TemporaryDirectory(prefix="panelist-benchmark-") as home:
        environ = environment(
            PANELIST_HOME=home,
            PANELIST_STRIPE_API_BASE=stripe.url,
            PANELIST_STRIPE_KEY=stripe.key,
            PANELIST_STRIPE_RATE=rate,
        )
        ended = timed(["-m", "app", "sync", "--once", "--json"], environ, root)
    if ended.finished["status"] != "complete":
        raise SystemExit(f"The sync ended as {ended.finished['status']}.")
    return ended


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """The median, and from where to where the values went if there are several."""
    middle = format(statistics.median(values), form)
    if len(values) < 2:
        return middle
    return f"{middle} ({min(values):{form}}–{max(values):{form}})"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under heads, every column as wide as it must be."""
    lines = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    sys.stdout.flush()


def load() -> None:
    """Say how busy the machine was; figures of a busy one are worth little."""
    print(f"load {', '.join(f'{one:.1f}' for one in os.getloadavg())}; {os.cpu_count()} CPUs\n")


def count(text: str) -> int:
    """An argument: a whole number from 1 on, perhaps with commas or underscores."""
    number = int(text.replace(",", ""))
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
