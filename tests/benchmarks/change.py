"""What one change costs, in panels of different sizes.

For each size a sandbox is copied; then customers change one at a time, and each change is followed
by a look, as `panelist sync --follow` makes one. Told are requests, CPU and wall time of a look
that brings one change, and of one that brings none. With --burst so many customers change at once:
told are the requests until the panel has them, against the bound.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from app.db import connections
from app.db.engines.store_factory import open_sqlite
from app.db.store import Store
from app.settings import RequestRate, Settings
from app.sync.auth.connect import connect
from app.sync.auth.key_check import access_by_key, check_key
from app.sync.committer import Committer
from app.sync.engine import Engine
from app.sync.events import EventPoller
from app.sync.stripe.client import StripeApi
from tests.benchmarks import running

Measured = list[tuple[float, float, int]]  # wall ms, CPU ms, requests


async def looks(
    store: Store, settings: Settings, connection: int, stripe: running.Sandbox, times: int
) -> tuple[Measured, Measured]:
    """Looks that bring one change, and looks that bring none."""
    access = access_by_key(stripe.key).access
    first = connections.sync_state(store, connection).request_seq + 1
    changed: Measured = []
    quiet: Measured = []
    api = StripeApi(settings.stripe_api_base, access, settings.rate, first_seq=first)
    committer = Committer(store, connection, lambda: None)
    async with api, committer:
        poller = EventPoller(api, store, connection, committer)
        await poller.poll()
        for _ in range(times):
            for found, expected in ((changed, 1), (quiet, 0)):
                if expected:
                    stripe.change(op="create_customer", name="New")
                before = api.requests.total()
                wall, cpu = time.perf_counter(), time.process_time()
                look = await poller.poll(deep=False)
                assert look.changes == expected
                found.append(
                    (
                        1000 * (time.perf_counter() - wall),
                        1000 * (time.process_time() - cpu),
                        api.requests.total() - before,
                    )
                )
    return changed, quiet


def measure(customers: int, times: int, burst: int) -> list[tuple[object, ...]]:
    with (
        running.sandbox(customers, "--event-lag", "0") as stripe,
        tempfile.TemporaryDirectory(prefix="panelist-benchmark-") as home,
    ):
        settings = Settings(Path(home), stripe_api_base=stripe.url, rate=RequestRate(None, None))
        store = open_sqlite(Path(home) / "panelist.db")
        connection = connect(store, check_key(settings, stripe.key))

        def sync() -> Counter[str]:
            engine = Engine(store, settings, access_by_key(stripe.key).access, connection)
            asyncio.run(engine.run(once=True))
            return engine.requests

        sync()
        changed, quiet = asyncio.run(looks(store, settings, connection, stripe, times))
        rows: list[tuple[object, ...]] = [
            (
                f"{customers:,}",
                name,
                *(f"{statistics.median(one):.1f}" for one in zip(*found, strict=True)),
            )
            for name, found in (("one change", changed), ("nothing", quiet))
        ]
        if burst:
            told = stripe.stats()["counts"]["events"]
            for key in stripe.customers(burst):
                stripe.change(op="update_customer", id=key, name="Changed")
            events = stripe.stats()["counts"]["events"] - told
            started = time.perf_counter()
            asked = sync()
            took = 1000 * (time.perf_counter() - started)
            bound = min(burst, customers // 100) + math.ceil(events / 100) + 10
            rows.append(
                (
                    f"{customers:,}",
                    f"{burst:,} at once",
                    f"{took:.0f}",
                    "",
                    f"{asked.total()} of at most {bound}",
                )
            )
        store.close()
    return rows


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        prog="change", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("sizes", type=running.count, nargs="*", default=[1_000, 10_000], metavar="N")
    add("--times", type=running.count, default=50, metavar="N", help="changes, one at a time (50)")
    add("--burst", type=int, default=0, metavar="N", help="customers that change at once")
    asked = parser.parse_args()
    running.load()
    rows = [row for size in asked.sizes for row in measure(size, asked.times, asked.burst)]
    running.table(("customers", "a look that brings", "wall ms", "CPU ms", "requests"), rows)


if __name__ == "__main__":
    main()
