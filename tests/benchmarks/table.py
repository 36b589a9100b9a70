"""How long a key takes to be painted in a table of a million rows, quiet and under load.

The keys come from a thread, as a terminal's do, at uneven moments; each waits for the one
before. A key counts as painted when the first write to the terminal follows that has the table
drawn with another current row. The screen is drawn at 60 Hz, so that
16.7 ms is the least a p95 can be.

quiet  nothing else runs.
busy   a thread computes in Python without a pause, as no sync does.
rows   rows arrive above the current one, 20 times a second.

They take turns in blocks. The rows are made up by a range: the figures are the table's own, and
what a database takes to read a screen of rows comes on top.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import threading
import time

from tests.benchmarks import running
from tests.benchmarks.terminal import LOST, Terminal, press_keys
from tests.helpers.table_rows import Everyone, Stage

SIZES = ((80, 24), (160, 50))
KEYS: dict[str, tuple[str, str, int]] = {  # two keys, and how many of the one come before the other
    "down/up": ("down", "up", 60),
    "page": ("pagedown", "pageup", 10),
    "end/home": ("end", "home", 1),
}
ARRIVALS = 0.05  # seconds between two
LOADS = ("quiet", "busy", "rows")


class Load:
    """What goes on beside the keys."""

    def __init__(self, app: Stage, loop: asyncio.AbstractEventLoop, rows: int) -> None:
        self._app, self._loop = app, loop
        self._keys = range(rows)
        self.now, self._end = "quiet", False
        self._thread = threading.Thread(target=self._run, name="load")
        self._thread.start()

    def _run(self) -> None:
        while not self._end:
            if self.now == "busy":
                sum(number * number for number in range(10_000))
            else:
                time.sleep(ARRIVALS)
                if self.now == "rows":
                    self._loop.call_soon_threadsafe(self._arrive)

    def _arrive(self) -> None:
        self._keys = range(self._keys.start - 1, self._keys.stop)
        self._app.table.show(Everyone(self._keys))

    def end(self) -> None:
        """Stop, and wait for it."""
        self._end = True
        self._thread.join()


async def measure(asked: argparse.Namespace, size: tuple[int, int]) -> dict[str, list[float]]:
    """Press keys in an app of this size; the times by kind of key and load."""
    app = Stage()
    app.driver_class, app.animation_level = Terminal, "none"
    found: dict[str, list[float]] = {}
    async with app.run_test(headless=False, size=size) as pilot:
        app.table.show(Everyone(range(asked.rows)))
        await pilot.pause()
        driver = app._driver
        assert isinstance(driver, Terminal)
        load = Load(app, asyncio.get_running_loop(), asked.rows)
        try:
            for _ in range(asked.blocks):
                for name, (there, back, turn) in KEYS.items():
                    for load.now in LOADS:
                        times = await asyncio.to_thread(
                            press_keys, driver, app.table, (there, back), asked.keys, turn
                        )
                        found.setdefault(f"{name} {load.now}", []).extend(times)
                    load.now = "quiet"
        finally:
            load.end()
    return found


def report(size: tuple[int, int], found: dict[str, list[float]]) -> None:
    """Print p50 and p95 of every kind of key under every load."""
    rows = []
    for name, times in found.items():
        times.sort()
        p50, p95 = (times[int(share * (len(times) - 1))] for share in (0.5, 0.95))
        lost = sum(one >= LOST * 1000 for one in times)
        rows.append((*name.split(), len(times), f"{p50:.1f}", f"{p95:.1f}", lost))
    print(f"{size[0]}×{size[1]}")
    running.table(("key", "load", "keys", "p50 ms", "p95 ms", "lost"), rows)


def main() -> None:
    """Print one table for each size."""
    parser = argparse.ArgumentParser(
        prog="table", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rows", type=running.count, default=1_000_000, metavar="N", help="in all (1,000,000)")
    add("--keys", type=running.count, default=40, metavar="N", help="of each kind and block (40)")
    add("--blocks", type=running.count, default=3, metavar="N", help="of each load (3)")
    asked = parser.parse_args()
    running.load()
    for size in SIZES:
        report(size, asyncio.run(measure(asked, size)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * running.RSS_UNIT / 2**20
    print(f"Peak memory {peak:.0f} MiB.")


if __name__ == "__main__":
    main()
