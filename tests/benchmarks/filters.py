"""How long a filter over everyone takes, on SQLite and on PostgreSQL.

A database is filled with made-up people, of whom a third have a name outside ASCII, and two thirds
one or two subscriptions with one or two items. Told are seconds: all whom a filter finds, and to
make a custom segment of it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from app.db.engines.store_factory import open_store
from app.db.indexes import index_builder
from app.db.rows import Fetched, ItemRow, ParticipantRow, PriceRow, ProductRow, SubscriptionRow
from app.db.store import Store
from app.panel.filters.compile import compiled
from app.panel.lists.order import whole
from app.panel.lists.search import search
from app.panel.lists.selection import Selection
from app.panel.segments import custom
from app.settings import RequestRate, Settings
from tests.helpers.postgres_server import running
from tests.helpers.rows import connection, make_segments, send

PAGE = 10_000
CREATED = 1_600_000_000
NAMES = ("Ruth Miller", "Zoe\u0308 Österreich", "Ann Lee")
STATUSES = ("active", "trialing", "canceled", "past_due")
FILTERS = (
    'status:"active" AND product:"Product 1"',
    'subscription(status:"active") AND subscription(product:"Product 1")',
    'status:"active" AND product:"Product 1" AND interval:"month" AND amount>5 AND started>-10y',
    'status:"active" AND product:"Product 1" AND product:"Product 2"',
    'product:"Product 1" AND product:"Product 2" AND product:"Product 3"',
    'status:"active" AND (product:"Product 1" OR product:"Product 2") AND created>2020-09-13',
    'product:"Product 1" AND (product:"Product 2" OR product:"Product 3")',
    'product:"Product 1" AND -status:"active"',
    'NOT (status:"active" AND product:"Product 1")',
    'status:"active" AND (product:"Product 1" OR currency:"eur")',
    'status:"active" AND (interval:"year" OR -product:"Product 1")',
    'subscription(product:"Product 1" AND product:"Product 2" AND -interval:"year")',
    'name~"österreich"',
    'subscriptions>=2 AND status:"active"',
)
TEXTS = ("österreich", "ZOË", "miller", "nobodyhere", "ë")


def fill(store: Store, people: int) -> int:
    """An account with this many participants."""
    here = connection(store)
    products = [ProductRow(f"prod_{n}", f"Product {n}", True) for n in range(5)]
    prices = [
        PriceRow(f"price_{n}", f"prod_{n % 5}", None, True, "usd", 900, ("month", "year")[n // 5])
        for n in range(10)
    ]
    send(store, here, Fetched(1, products=products, prices=prices))
    for start in range(0, people, PAGE):
        some = range(start, min(start + PAGE, people))
        held = [(n, k) for n in some for k in range(n % 3)]
        rows = [
            SubscriptionRow(
                f"sub_{n:07}_{k}", _key(n), STATUSES[(n + k) % 4], CREATED, CREATED + n,
                *(None, None, None, None), collection_paused=False,
            )
            for n, k in held
        ]  # fmt: skip
        items = [
            ItemRow(f"sub_{n:07}_{k}", f"si_{n:07}_{k}_{i}", f"price_{p}", f"prod_{p % 5}", None)
            for n, k in held
            for i, p in enumerate(((n // 4 + k) % 10, (n // 8 + 1) % 10)[: 1 + n % 2])
        ]
        participants = [
            ParticipantRow(
                _key(n), f"person{n}@example.com", NAMES[n % 3], None, ("usd", "eur")[n % 2],
                '{"tier": "free"}', CREATED + n % 10_000,
            )
            for n in some
        ]  # fmt: skip
        answer = Fetched(2 + start, participants=participants, subscriptions=rows, items=items)
        send(store, here, answer)
    make_segments(store, here)
    store.execute("UPDATE connection SET status = 'complete'")
    store.analyze()
    return here


def _key(number: int) -> str:
    return f"cus_{number * 7919 % 10_000_019:08}"


def run(store: Store, people: int) -> None:
    """Print the figures of one database."""
    started = time.perf_counter()
    here = fill(store, people)
    print(f"filled in {time.perf_counter() - started:.1f} s")
    index_builder.work(store, lambda _: False)
    for number, text in enumerate(FILTERS):
        started = time.perf_counter()
        condition = compiled(text, store, here, time.time(), everybody=True)
        found = len(whole(store, Selection(here, None, (condition,))))
        listed = time.perf_counter() - started
        started = time.perf_counter()
        custom.make(store, here, f"Filter {number}", text)
        made = time.perf_counter() - started
        print(f"{listed:6.2f} s {found:8,} found {made:6.2f} s a segment  {text}", flush=True)
    for text in TEXTS:
        started = time.perf_counter()
        asked = search(store, text)
        assert asked.condition
        found = len(whole(store, Selection(here, None, (asked.condition,))))
        print(f"{time.perf_counter() - started:6.3f} s {found:8,} found  search {text}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="panelist-benchmark-") as home, running() as server:
        for url in (None, server.url % "postgres"):
            settings = Settings(home=Path(home), database_url=url, rate=RequestRate(None, None))
            store = open_store(settings)
            print(store.where)
            run(store, asked.people)
            store.close()
