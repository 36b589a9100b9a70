"""What the HTTP client costs, beside the hand-made connection that was there before it.

page   pages of 100 customers from the sandbox, one after another: CPU a page of the client's
       process, and what 100 requests a second would take of one core. Panelist before and now,
       plain httpx, and httpx over aiohttp where the package httpx-aiohttp is installed.
sync   the whole `panelist sync --once` without limits or latency, before and now.

"before" is a checkout of --before, the last revision with the hand-made connection. All are run
in turn, so that what else this machine does meets all alike.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import subprocess
import tempfile
from pathlib import Path

from tests.benchmarks import running
from tests.benchmarks.running import ROOT, Sandbox, Timed, spread

BEFORE = "6ceafc9"
PARTS = ("page", "sync")
RATE = 100  # requests a second: what Stripe allows


def checkout(revision: str, folder: Path) -> Path:
    """The app as it was."""
    archive = subprocess.run(
        ["git", "archive", revision, "app"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def pages(stripe: Sandbox, client: str, root: Path, count: int) -> Timed:
    """One run of `pages.py`."""
    script = str(Path(__file__).with_name("pages.py"))
    environ = running.environment(PAGES_KEY=stripe.key, PYTHONPATH=str(root))
    arguments = ["-P", script, client, stripe.url, str(count)]  # -P: `http` is Python's own
    return running.timed(arguments, environ, root)


def page(before: Path, count: int, runs: int) -> None:
    """CPU a page, of each client."""
    print(f"{count:,} pages of 100 customers")
    clients = {
        "before": ("transport", before),
        "Panelist": ("transport", ROOT),
        "plain httpx": ("plain", ROOT),
    }
    if importlib.util.find_spec("httpx_aiohttp"):
        clients["httpx-aiohttp"] = ("aiohttp", ROOT)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in clients}
    with running.sandbox(1_000) as stripe:
        for _ in range(runs):
            for name, (client, root) in clients.items():
                found[name].append(pages(stripe, client, root, count).finished)
    rows = []
    for name, each in found.items():
        cpu = [one["cpu"] / count for one in each]
        rows.append(
            (
                name,
                spread([one * 1e3 for one in cpu]),
                f"{statistics.median(cpu) * RATE:.0%}",
                spread([count / one["seconds"] for one in each], ",.0f"),
            )
        )
    running.table(("client", "CPU ms a page", f"of a core at {RATE}/s", "pages/s"), rows)
    print()


def sync(before: Path, customers: int, runs: int) -> None:
    """The whole command, before and now."""
    print(f"panelist sync, no limits and no latency, {customers:,} customers")
    roots = {"before": before, "Panelist": ROOT}
    found: dict[str, list[Timed]] = {name: [] for name in roots}
    with running.sandbox(customers) as stripe:
        for _ in range(runs):
            for name, root in roots.items():
                found[name].append(running.sync_once(stripe, root=root))
    rows, first = [], 0.0
    for name, each in found.items():
        rates = [customers / float(one.finished["seconds"]) for one in each]
        first = first or statistics.median(rates)
        rows.append(
            (
                name,
                spread(rates, ",.0f"),
                f"{statistics.median(rates) / first:.0%}",
                spread([one.cpu for one in each]),
            )
        )
    running.table(("what", "customers/s", "of before", "CPU s"), rows)
    print()


def main() -> None:
    """Print one table for each part asked for."""
    parser = argparse.ArgumentParser(
        prog="http", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("parts", nargs="*", metavar="PART", help="page, sync (default: both)")
    add("--runs", type=running.count, default=3, metavar="N", help="of each measurement (3)")
    add("--page", type=running.count, default=500, metavar="N", help="pages (500)")
    add("--sync", type=running.count, default=10_000, metavar="N", help="customers (10,000)")
    add("--before", default=BEFORE, metavar="REVISION", help=f"to compare with ({BEFORE})")
    asked = parser.parse_args()
    if not set(PARTS).issuperset(asked.parts):
        parser.error(f"the parts are {', '.join(PARTS)}")
    running.load()
    with tempfile.TemporaryDirectory(prefix="panelist-benchmark-") as folder:
        before = checkout(asked.before, Path(folder))
        for part in PARTS:
            if not asked.parts or part in asked.parts:
                globals()[part](before, getattr(asked, part), asked.runs)


if __name__ == "__main__":
    main()
