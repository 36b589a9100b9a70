"""The demo's past in a database, small enough for a test."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from app.commands.demo.past import Past, play, write_past
from app.db.engines.store_factory import open_sqlite
from app.db.store import Store
from tests.helpers import empty_database

CUSTOMERS, SEED = 260, 1


@dataclass
class WrittenPast:
    """A past, and the store and connection where it was written."""

    past: Past
    store: Store
    here: int


def written(folder: Path, customers: int = CUSTOMERS, until: int | None = None) -> WrittenPast:
    """Write a past that ends now, or at another second."""
    folder.mkdir(exist_ok=True)
    empty_database.put(folder)
    store = open_sqlite(folder / "panelist.db")
    past = play(customers, SEED, int(time.time()) if until is None else until)
    return WrittenPast(past, store, write_past(store, past))
