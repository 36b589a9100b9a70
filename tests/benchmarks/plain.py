"""The loop everyone writes first: stripe-python's `auto_paging_iter` into SQLite.

Run by `backfill.py` as a process of its own; the key is in PLAIN_KEY. It stores the objects as
JSON, one transaction a list, and keeps no segments: less work than Panelist does.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import stripe


def lists() -> Iterator[tuple[str, Any]]:
    """What Panelist fetches too; customers first, to be timed by themselves."""
    yield "customer", stripe.Customer.list(limit=100)
    yield "subscription", stripe.Subscription.list(limit=100, status="all")
    yield "price", stripe.Price.list(limit=100)
    yield "product", stripe.Product.list(limit=100)


def main(url: str, file: str) -> None:
    """Fetch everything and print what it took, as one line of JSON."""
    stripe.api_base, stripe.api_key = url, os.environ["PLAIN_KEY"]
    stripe.enable_telemetry = False
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode = wal")
    started = time.perf_counter()
    told: dict[str, float] = {}
    for name, first in lists():
        database.execute(f"CREATE TABLE {name} (id TEXT PRIMARY KEY, body TEXT)")
        found = 0
        with database:
            for one in first.auto_paging_iter():
                row = (one.id, json.dumps(one.to_dict(), default=str))
                database.execute(f"INSERT INTO {name} VALUES (?, ?)", row)
                found += 1
        told[name] = found
        if name == "customer":
            told["customers_seconds"] = time.perf_counter() - started
    told["seconds"] = time.perf_counter() - started
    print(json.dumps(told))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="plain", description=__doc__)
    parser.add_argument("url", help="where the sandbox listens")
    parser.add_argument("file", help="the SQLite file to create")
    asked = parser.parse_args()
    main(asked.url, asked.file)
