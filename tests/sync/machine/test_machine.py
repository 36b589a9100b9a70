"""The sync is exact, whatever happens; and the machine that says so finds what is wrong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sync.machine.bench import Fresh, Homes
from tests.sync.machine.machine import SyncMachine

EXAMPLES = int(os.environ.get("PANELIST_MACHINE_EXAMPLES", "60"))  # 1000 for a long run
LONG = "PANELIST_MACHINE_EXAMPLES" in os.environ

BASIS = settings(
    stateful_step_count=30,
    deadline=None,
    database=None,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def homes() -> Iterator[Homes]:
    """In memory where the system has such a folder: what a disk does is tested elsewhere."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Homes(Path(folder))


def machine(fresh: Fresh) -> type[SyncMachine]:
    """The machine on databases of one kind."""
    return type("SyncMachine", (SyncMachine,), {"fresh": staticmethod(fresh)})


@pytest.mark.timeout(36_000 if LONG else 60)
def test_exact_under_chance(homes: Homes) -> None:
    run_state_machine_as_test(machine(homes.fresh), settings=settings(BASIS, max_examples=EXAMPLES))
