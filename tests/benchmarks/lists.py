"""How soon people are listed, searched and compared.

A sandbox of this many customers is copied, or a SQLite file of Panelist's (--database) is used,
which is copied first. Told are the first rows and all of them for each order, a visible page,
searches, what the indexes cost, and what one change costs with and without them.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.db.apply import deliver
from app.db.engines.store_factory import open_sqlite
from app.db.indexes import index_builder, order_indexes, search_index
from app.db.rows import EventRow, Fetched, ParticipantRow, SyncDelivery
from app.db.store import Store
from app.panel.lists.order import COLUMNS, Order, ordered
from app.panel.lists.rows import rows
from app.panel.lists.search import search
from app.panel.lists.selection import Selection
from app.panel.person import person
from app.panel.segments.overlap import overlap
from app.panel.segments.timeline import changes
from app.panel.segments.trends import read_joins
from app.panel.segments.views import segments
from app.panel.segments.why import why
from app.settings import RequestRate, Settings
from app.sync.auth.connect import connect
from app.sync.auth.key_check import access_by_key, check_key
from app.sync.engine import Engine
from tests.benchmarks import running

TEXTS = (
    "miller",
    "ruth miller",
    "example.com",
    "cus_0",
    "newsletter",
    "a",
    "zq",
    "é",
    "nobodyhere",
)


@contextmanager
def database(customers: int, file: str | None) -> Iterator[Store]:
    """A full panel in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="panelist-benchmark-") as home:
        target = Path(home) / "panelist.db"
        if file:
            shutil.copy(file, target)
            yield open_sqlite(target)
            return
        with running.sandbox(customers) as stripe:
            settings = Settings(
                Path(home), stripe_api_base=stripe.url, rate=RequestRate(None, None)
            )
            store = open_sqlite(target)
            here = connect(store, check_key(settings, stripe.key))
            asyncio.run(
                Engine(store, settings, access_by_key(stripe.key).access, here).run(once=True)
            )
            yield store


def ms(what: Callable[[], object], times: int = 1) -> str:
    """Milliseconds, the median."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        what()
        took.append(1000 * (time.perf_counter() - started))
    return f"{statistics.median(took):.1f}"


def parts(store: Store, chosen: Selection, order: Order) -> tuple[str, str, str]:
    """When the first rows came and when all, and how many."""
    started, times, number = time.perf_counter(), [], 0
    for part in ordered(store, chosen, order):
        times.append(1000 * (time.perf_counter() - started))
        number = len(part.ids)
    return f"{times[0]:.1f}", f"{times[-1]:.1f}", f"{number:,}"


def one_change(store: Store, here: int) -> str:
    """A customer's new name, as an event brings it."""
    (seq,) = store.row("SELECT request_seq FROM connection WHERE id = ?", (here,))
    known = store.rows(
        "SELECT stripe_id, email, name, phone, currency, metadata, created FROM participant"
        " WHERE connection_id = ? AND NOT deleted LIMIT 50",
        (here,),
    )
    told = iter(enumerate(known, seq + 1))

    def change() -> None:
        number, row = next(told)
        event = EventRow(f"evt_{number}", int(time.time()), "customer.updated", row[0])
        answer = Fetched(
            number, participants=[ParticipantRow(*row)._replace(name=f"n{number}")], event=event
        )
        deliver(store, here, [SyncDelivery([answer], events=[event])])

    return ms(change, len(known))


def built(store: Store, here: int) -> None:
    before = one_change(store, here)
    found: list[tuple[object, ...]] = []
    for column in order_indexes.COLUMNS:
        took = ms(lambda column=column: order_indexes.build(store, column))  # type: ignore[misc]
        found.append((order_indexes.index(column), took, took))
    builder, steps, more = search_index.SearchIndexBuilder(store), [], True
    store.rows("PRAGMA synchronous = normal")
    while more:
        started = time.perf_counter()
        more = builder.step()
        steps.append(1000 * (time.perf_counter() - started))
    store.rows("PRAGMA synchronous = full")
    found.append(("search_text", f"{sum(steps):.0f}", f"{max(steps):.1f}"))
    names = tuple(store.rows("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    bytes_of = {
        str(name): sum(size for other, size in names if other.startswith(str(name)))
        for name, *_ in found
    }
    running.table(
        ("index", "ms", "longest transaction ms", "MB"),
        [(*row, f"{bytes_of[str(row[0])] / 1e6:.1f}") for row in found],
    )
    print(
        f"95% of the search index's transactions took less than"
        f" {sorted(steps)[int(0.95 * len(steps))]:.1f} ms\n"
        f"one change: {before} ms before, {one_change(store, here)} ms after\n"
    )
    index_builder.work(store, lambda _: False)


def measure(store: Store) -> None:
    here = int(store.row("SELECT min(id) FROM connection")[0])
    store.execute("UPDATE connection SET status = 'complete'")
    built(store, here)
    views = segments(store, here)
    some = [one.key for one in views if one.key in ("all", "active", "past_due")]
    some += [one.key for one in views if one.kind == "product"][:1]
    running.table(
        ("segment", "order", "first ms", "all ms", "people"),
        [
            (
                *(key[:12], f"{column}{'↓' if down else '↑'}"),
                *parts(store, Selection(here, key), Order(column, down)),
            )
            for key in some
            for column in COLUMNS
            for down in (False, True)
        ],
    )
    (last,) = store.row("SELECT max(id) FROM participant")
    chance = random.Random(1)
    running.table(
        ("what", "ms"),
        [
            ("50 rows", ms(lambda: rows(store, here, chance.sample(range(1, last), 50)), 50)),
            ("a person", ms(lambda: person(store, chance.randrange(1, last)), 50)),
            ("why", ms(lambda: why(store, chance.randrange(1, last), "active"), 50)),
            (
                "two segments",
                ms(lambda: overlap(store, Selection(here), Selection(here, "active"))),
            ),
            ("changes", ms(lambda: changes(store, here, "all", int(time.time())))),
            ("trends", ms(lambda: read_joins(store, here))),
        ],
    )
    found = []
    for text in TEXTS:
        started = time.perf_counter()
        asked = search(store, text).condition
        made = 1000 * (time.perf_counter() - started)
        assert asked
        for key in some[:3]:
            first, every, number = parts(store, Selection(here, key, (asked,)), Order())
            found.append((text, key, f"{made:.1f}", first, every, number))
    running.table(("search", "in", "asked ms", "first ms", "all ms", "people"), found)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * running.RSS_UNIT / 2**20:.0f} MB")


def main() -> None:
    """Print tables."""
    parser = argparse.ArgumentParser(
        prog="lists", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("size", type=running.count, nargs="?", default=10_000, metavar="N")
    parser.add_argument("--database", metavar="FILE", help="a panel that is there already")
    asked = parser.parse_args()
    running.load()
    with database(asked.size, asked.database) as store:
        measure(store)


if __name__ == "__main__":
    main()
