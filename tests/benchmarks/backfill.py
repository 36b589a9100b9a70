"""How fast the first copy of an account is: at Stripe's limits, without any, and against the
loop everyone writes first.

limits   100 requests a second, 25 to an endpoint, 100 ms each: the share of the bound. The
         bound is that of the longest list: 100 objects a request, 2,500 a second.
growth   no limit and no latency, at several sizes: time and CPU per customer against the
         smallest size. The sandbox takes part of this machine's CPUs.
plain    100 ms a request and no limits: Panelist against a plain stripe-python loop, in turn.

Every run is `sync --once` into an empty SQLite file. "seconds" are those that the command
itself tells (Panelist: from before its key is checked; the loop: from its first request), so
without starting Python; "wall" is with it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import Counter
from pathlib import Path

from tests.benchmarks import running
from tests.benchmarks.running import Timed, spread

PAGE, ENDPOINT = 100, 25
RATE = f"100/{ENDPOINT}"
BOUND = PAGE * ENDPOINT
PARTS = ("limits", "growth", "plain")


def seconds(ended: Timed) -> float:
    """What the command itself says it took."""
    return float(ended.finished["seconds"])


def limits(customers: int, runs: int) -> None:
    """At Stripe's documented limits."""
    print(f"At {RATE} requests/s and 100 ms, {customers:,} customers")
    rows = []
    with running.sandbox(customers, "--rate", RATE, "--latency-ms", "100") as stripe:
        counts: dict[str, int] = stripe.stats()["counts"]
        name = max((one for one in counts if one != "events"), key=counts.__getitem__)
        least = counts[name] / BOUND
        for _ in range(runs):
            before = Counter(stripe.stats()["statuses"])
            took = seconds(running.sync_once(stripe, RATE))
            answered = Counter(stripe.stats()["statuses"]) - before
            rows.append(
                (
                    f"{took:.2f}",
                    f"{least:.2f}",
                    f"{least / took:.1%}",
                    f"{customers / took:,.0f}",
                    answered.total(),
                    f"{answered['429'] / answered.total():.2%}",
                )
            )
    running.table(("seconds", "bound s", "share", "customers/s", "requests", "429"), rows)
    print(f"The longest list: {counts[name]:,} {name}.\n")


def growth(sizes: list[int], runs: int) -> None:
    """With no limit and no latency, the sizes in turn."""
    print("Without limits and latency")
    found: dict[int, list[Timed]] = {size: [] for size in sorted(set(sizes))}
    for _ in range(runs):
        for size, ended in found.items():
            with running.sandbox(size) as stripe:
                ended.append(running.sync_once(stripe))
    smallest = min(found)
    rows = []
    for size, ended in found.items():
        one = statistics.median(seconds(run) for run in ended) / size
        cpu = statistics.median(run.cpu for run in ended) / size
        if size == smallest:
            first = (one, cpu)
        rows.append(
            (
                f"{size:,}",
                spread([size / seconds(run) for run in ended], ",.0f"),
                spread([run.wall for run in ended]),
                f"{one * 1e6:.1f}",
                f"{one / first[0]:.2f}",
                f"{cpu * 1e6:.1f}",
                f"{cpu / first[1]:.2f}",
                spread([run.peak_mib for run in ended], ".0f"),
            )
        )
    heads = ("customers", "customers/s", "wall s", "µs each", "ratio", "CPU µs each", "ratio")
    running.table((*heads, "peak MiB"), rows)
    print()


def plain(customers: int, runs: int) -> None:
    """Against a plain loop, without limits, in turn."""
    print(f"At 100 ms and no limits, {customers:,} customers")
    ours, loops = [], []
    with running.sandbox(customers, "--latency-ms", "100") as stripe:
        for _ in range(runs):
            ours.append(running.sync_once(stripe))
            with tempfile.TemporaryDirectory(prefix="panelist-benchmark-") as folder:
                file = str(Path(folder) / "plain.db")
                command = ["-m", "tests.benchmarks.plain", stripe.url, file]
                loops.append(running.timed(command, running.environment(PLAIN_KEY=stripe.key)))
    if any(one.finished["customer"] != customers for one in loops):
        raise SystemExit("The plain loop lost customers.")
    took = {"Panelist": list(map(seconds, ours)), "plain loop": list(map(seconds, loops))}
    took["its customers only"] = [float(one.finished["customers_seconds"]) for one in loops]
    base = statistics.median(took["Panelist"])
    rows = [
        (
            name,
            spread(times),
            f"{customers / statistics.median(times):,.0f}",
            f"{statistics.median(times) / base:.1f}",
        )
        for name, times in took.items()
    ]
    running.table(("what", "seconds", "customers/s", "times ours"), rows)
    cpu = [spread([one.cpu for one in each], ".1f") for each in (ours, loops)]
    print(f"CPU seconds: Panelist {cpu[0]}, the loop {cpu[1]}\n")


def main() -> None:
    """Print one table for each part asked for."""
    parser = argparse.ArgumentParser(
        prog="backfill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("parts", nargs="*", metavar="PART", help="limits, growth, plain (default: all)")
    add("--runs", type=running.count, default=1, metavar="N", help="of each measurement (1)")
    add("--limits", type=running.count, default=25_000, metavar="N", help="customers (25,000)")
    add(
        "--growth", type=running.count, nargs="+", default=[10_000, 30_000], metavar="N",
        help="sizes (10,000 30,000; the design's are 10,000 1,000,000)",
    )  # fmt: skip
    add("--plain", type=running.count, default=3_000, metavar="N", help="customers (3,000)")
    asked = parser.parse_args()
    if not set(PARTS).issuperset(asked.parts):
        parser.error(f"the parts are {', '.join(PARTS)}")
    running.load()
    for part in PARTS:
        if not asked.parts or part in asked.parts:
            globals()[part](getattr(asked, part), asked.runs)


if __name__ == "__main__":
    main()
