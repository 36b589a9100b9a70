"""How long a key takes to be painted on the Status screen, quiet and while a sync writes.

The keys come from a thread, as a terminal's do, at uneven moments; each waits for the one
before. A key counts as painted when the first write to the terminal follows that has the
segments' list drawn at another place, so paints for other reasons are not taken for it.

quiet    nothing writes.
writing  a thread commits pages of 100 customers with their subscriptions, and posts a change
         after each, as the engine does. It never pauses unless --pages says how many a second.

The two take turns in blocks. The screen is drawn at 60 Hz: 16.7 ms is the least a p95 can be.

With --stripe the real engine makes the first copy of a sandbox of so many customers, without
limits, and keys are pressed in the list of all customers on the Segments screen while they arrive.
Also told is the peak memory of the process, which is the whole app.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.db.engines.store_factory import open_sqlite
from app.db.rows import Fetched
from app.db.store import Store
from app.runtime import tune_interpreter
from app.screens.segments.members import MembersPane
from app.settings import RequestRate, Settings
from app.tui import PanelistApp
from app.widgets.row_list import RowList
from tests.benchmarks import running
from tests.benchmarks.terminal import LOST, Terminal, press_keys, strike
from tests.helpers import rows as making

PLANS = 80  # products, so that the list of segments has far to scroll
LINES = 40  # of the terminal
AT_LEAST = 1_000  # participants with --stripe before the first key
TABLE_KEYS = {"down/up": ("down", "up", 3), "page": ("pagedown", "pageup", 3)}
KEYS = {"down/up": ("down", "up"), "page": ("pagedown", "pageup")}


def page(number: int) -> Fetched:
    """100 customers, each with a subscription to one of the products."""
    keys = [f"{number:06}{one:02}" for one in range(100)]
    return Fetched(
        number + 1,
        participants=[making.person(f"cus_{key}") for key in keys],
        subscriptions=[making.subscribed(f"sub_{key}", f"cus_{key}") for key in keys],
        items=[making.item(f"sub_{key}", f"prod_{int(key) % PLANS}") for key in keys],
    )


class Writer:
    """Commits pages in a thread while it is let."""

    def __init__(self, store: Store, to: int, pace: float, changed: Callable[[], None]) -> None:
        self._store, self._to, self._pace, self._changed = store, to, pace, changed
        self.let, self.end = threading.Event(), threading.Event()
        self.pages = 0
        self.thread = threading.Thread(target=self._run, name="writer")
        self.thread.start()

    def _run(self) -> None:
        self._store.write_in_bulk()
        while not self.end.is_set():
            if not self.let.wait(0.1):
                continue
            started = time.perf_counter()
            making.send(self._store, self._to, page(100_000 + self.pages))
            self.pages += 1
            self._changed()
            if self._pace:
                self.end.wait(max(0.0, started + 1 / self._pace - time.perf_counter()))
        self._store.close()


async def measure(asked: argparse.Namespace, folder: Path) -> None:
    """Fill a database, start the app, and press keys while it is quiet and while it is not."""
    store = open_sqlite(folder / "panelist.db")
    to = making.connection(store)
    products = [making.product(f"prod_{one}", f"Plan {one}") for one in range(PLANS)]
    making.send(store, to, Fetched(1, products=products))
    making.make_segments(store, to)
    for number in range(asked.participants // 100):
        making.send(store, to, page(number))
    store.execute("UPDATE connection SET status = 'syncing'")
    app = PanelistApp(store, Settings(folder))
    app.driver_class, size = Terminal, (asked.columns, asked.lines or LINES)
    found: dict[tuple[str, bool], list[float]] = {}
    busy = pages = 0.0
    async with app.run_test(headless=False, size=size, notifications=True, tooltips=True) as pilot:
        lines = app.screen.query_one("#segments", RowList)
        while not lines.max_scroll_y:
            await pilot.pause(0.05)
        lines.focus()
        assert isinstance(app._driver, Terminal)
        writer = Writer(store, to, asked.pages, app.refresher.changed)
        try:
            for _ in range(asked.blocks):
                for name, keys in KEYS.items():
                    for writing in (False, True):
                        started, before = time.perf_counter(), writer.pages
                        (writer.let.set if writing else writer.let.clear)()
                        found.setdefault((name, writing), []).extend(
                            await asyncio.to_thread(strike, app._driver, lines, keys, asked.keys)
                        )
                        if writing:
                            writer.let.clear()
                            busy += time.perf_counter() - started
                            pages += writer.pages - before
        finally:
            writer.end.set()
            await asyncio.to_thread(writer.thread.join)
    store.close()
    report(found, asked.participants)
    print(f"While writing: {pages / busy:,.0f} pages a second, {pages:,.0f} in all.")


async def measure_engine(asked: argparse.Namespace, folder: Path, stripe: running.Sandbox) -> None:
    """Start the app on an empty database, and press keys for as long as customers arrive."""
    store = open_sqlite(folder / "panelist.db")
    unlimited = RequestRate(None, None)
    app = PanelistApp(
        store,
        Settings(folder, stripe_api_base=stripe.url, rate=unlimited, stripe_key=stripe.key),
    )
    app.driver_class, size = Terminal, (asked.columns, asked.lines or LINES)
    found: dict[tuple[str, bool], list[float]] = {}

    def arriving() -> bool:
        state = store.rows("SELECT state FROM step WHERE name = 'customers'")
        return not state or state[0][0] in ("pending", "running")

    tune_interpreter()
    async with app.run_test(headless=False, size=size, notifications=True, tooltips=True):
        while participants(store) < AT_LEAST:
            await asyncio.sleep(0.1)  # the pilot's pause waits for a process that is idle
        app.go("segments")
        while not (
            app.screen.query(MembersPane) and len(app.screen.query_one(MembersPane).ids or ())
        ):
            await asyncio.sleep(0.1)
        table = app.screen.query_one(MembersPane).table
        table.focus()
        assert isinstance(app._driver, Terminal)
        started, first = time.perf_counter(), participants(store)
        while arriving():
            for name, (there, back, turn) in TABLE_KEYS.items():
                found.setdefault((name, True), []).extend(
                    await asyncio.to_thread(
                        press_keys, app._driver, table, (there, back), 2 * turn, turn
                    )
                )
        last, took = participants(store), time.perf_counter() - started
    store.close()
    report(found, first)
    print(f"While {last - first:,} customers arrived, {(last - first) / took:,.0f} a second.")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * running.RSS_UNIT / 2**20
    print(f"Peak memory {peak:.0f} MiB.")


def participants(store: Store) -> int:
    """How many there are now."""
    (count,) = store.row("SELECT coalesce(sum(count), 0) FROM segment WHERE key = 'all'")
    return int(count)


def report(found: dict[tuple[str, bool], list[float]], participants: int) -> None:
    """Print p50 and p95 of every kind of key, quiet and not."""

    def at(share: float, name: str, writing: bool) -> float:
        return sorted(found[name, writing])[int(share * (len(found[name, writing]) - 1))]

    rows = []
    for (name, writing), times in sorted(found.items()):
        p50, p95 = at(0.5, name, writing), at(0.95, name, writing)
        ratio = p95 / at(0.95, name, (name, False) not in found)
        figures = (f"{p50:.1f}", f"{p95:.1f}", f"{ratio:.2f}")
        lost = sum(one >= LOST * 1000 for one in times)
        rows.append((name, "writing" if writing else "quiet", len(times), *figures, lost))
    print(f"Key to paint, from {participants:,} participants on")
    running.table(("key", "database", "keys", "p50 ms", "p95 ms", "p95 ratio", "lost"), rows)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        prog="keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--participants", type=running.count, default=10_000, metavar="N", help="to begin (10,000)")
    add("--keys", type=running.count, default=60, metavar="N", help="of each kind and block (60)")
    add("--blocks", type=running.count, default=3, metavar="N", help="quiet and writing (3)")
    add("--pages", type=float, default=0, metavar="N", help="a second at most (0: all it can)")
    add("--columns", type=running.count, default=120, metavar="N", help="of the terminal (120)")
    add("--lines", type=running.count, metavar="N", help="of the terminal (40)")
    add("--stripe", type=running.count, metavar="N", help="the real engine, with N customers")
    asked = parser.parse_args()
    running.load()
    with tempfile.TemporaryDirectory(prefix="panelist-benchmark-") as folder:
        if asked.stripe:
            with running.sandbox(asked.stripe) as stripe:
                asyncio.run(measure_engine(asked, Path(folder), stripe))
        else:
            asyncio.run(measure(asked, Path(folder)))


if __name__ == "__main__":
    main()
