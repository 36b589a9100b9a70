"""A gap longer than Stripe keeps events, on a computer whose clock is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sync.machine.bench import Bench, Homes
from tests.sync.machine.changes import Change

DAY = 86_400.0


@pytest.mark.parametrize("slow", [0, 1, 3])
def test_gap_is_noticed_by_a_slow_clock(tmp_path: Path, slow: int) -> None:
    """Away for 31 days, with a clock that is then some days slow: the deletion is found."""
    bench = Bench(Homes(tmp_path).fresh(), page=3, lag=0.0, duplicates=0.0)
    bench.happen([Change("create_customer")] * 3)
    bench.clock.elapsed += 40 * DAY
    bench.settle()
    bench.happen([Change("delete_customer")])
    bench.clock.elapsed += 31 * DAY
    bench.clock.skew = -slow * DAY
    bench.settle()
    bench.close()
