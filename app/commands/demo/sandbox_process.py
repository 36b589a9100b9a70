"""The demo's Stripe: a sandbox in a separate process, which ends with this one."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields

from app.problems import Problem

CHANGES_A_MINUTE = 5  # as a person can follow them
LATENCY_MS = 40  # as Stripe's, so that the demo shows what people will see


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its address, its restricted key, and the OAuth app that is registered
    there."""

    url: str
    key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str


@contextlib.contextmanager
def running_sandbox(
    customers: int, seed: int, until: int | None, changes_a_minute: float
) -> Iterator[Callable[[], Sandbox]]:
    """Run a sandbox until the block ends. ``until``: when the past of the demo's company ends, in
    seconds since 1970, or None for customers without a past. The function
    that this gives waits until the sandbox listens, and raises Problem if it does not start."""
    command = [sys.executable, "-m", "app", "sandbox", "--json", "--with-parent"]
    command += ["--customers", str(customers), "--seed", str(seed)]
    command += [] if until is None else ["--company-until", str(until)]
    command += ["--live-changes", str(changes_a_minute), "--latency-ms", str(LATENCY_MS)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def started() -> Sandbox:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise Problem(
                "The sandbox did not start. Nothing was changed. Run panelist sandbox to see why."
            )
        told = json.loads(line)
        return Sandbox(**{one.name: told[one.name] for one in fields(Sandbox)})

    try:
        yield started
    finally:
        process.terminate()
        process.wait()
