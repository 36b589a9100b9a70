"""What the pictures show: the demo's company at one second, and an app that stands on it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from app.commands.demo.past import SOURCE, play, write_past
from app.db import connections
from app.db.apply import deliver
from app.db.engines.store_factory import open_sqlite
from app.db.rows import StepRow, SyncDelivery
from app.db.store import Store
from app.sandbox.world.company import Company
from app.screens.tour import LEFT, SEEN
from app.settings import RequestRate, Settings
from app.sync.stripe.endpoints import LISTINGS
from app.tui import PanelistApp
from tests.helpers import empty_database, filled_store

NOW = 1_796_119_200  # 2026-12-01 10:00 UTC, a Tuesday
CUSTOMERS, SEED = 800, 1
PERMISSIONS = tuple(
    filled_store.Permission(name.lower(), name)
    for name in ("Customers", "Subscriptions", "Products", "Prices", "Events")
)
ACCOUNT = "Northwind Harbor"
ENVIRONMENT = {"COLORTERM": "truecolor", "TERM": "xterm-256color", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


@contextmanager
def fixed_clock() -> Iterator[None]:
    """The same second, time zone and colours on every computer."""
    with (
        patch.dict(os.environ, ENVIRONMENT),
        patch("time.time", lambda: float(NOW)),
        patch("app.invites.ledger.node", lambda: "desk"),
    ):
        for name in ("NO_COLOR", "TEXTUAL_THEME"):
            os.environ.pop(name, None)
        time.tzset()
        yield
    time.tzset()


@dataclass
class _Sync(filled_store.StandIn):
    """Says what the sync of a connected account says, and asks no one."""

    syncing: bool = False

    def engine(self, *given: Any, **more: Any) -> filled_store.StandInEngine:
        engine = super().engine(*given, **more)
        pace = "every 15 s, while data changes"
        engine.activity = (
            filled_store.Activity("Fetching customers", requests=9)
            if self.syncing
            else filled_store.Activity("Up to date", next_poll_at=NOW + 12, pace=pace)
        )
        return engine


class Worlds:
    """A folder with one database for each state that the app can be in. An app gets a copy."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._copies = folder, 0

    def write(self) -> None:
        """Write all of them, which takes half a second."""
        for name, fill in (("company", _company), ("first-sync", _first_sync), ("empty", None)):
            home = self._folder / name
            home.mkdir(parents=True)
            empty_database.put(home)
            if fill is not None:
                with closing(open_sqlite(home / "panelist.db")) as store:
                    fill(store)

    @contextmanager
    def app(self, name: str, theme: str, **more: Any) -> Iterator[PanelistApp]:
        """An app on a copy of one, with ``more`` settings. Its sync is a stand-in that asks no
        one."""
        self._copies += 1
        home = self._folder / f"copy-{self._copies}"
        shutil.copytree(self._folder / name, home)
        sync = _Sync(
            filled_store.KeyReport(_account(home), ACCOUNT, permissions=PERMISSIONS, warnings=()),
            syncing=name == "first-sync",
        )
        settings = Settings(
            home,
            stripe_key=None if name == "empty" else "rk_test_pictures",
            token_store="session",
            rate=RequestRate(None, None),
            **more,
        )
        with (
            patch.dict(os.environ, {"PANELIST_STATE": str(home / "state")}),
            closing(open_sqlite(home / "panelist.db")) as store,
        ):
            app = PanelistApp(store, settings, None, sync.load)
            app.remembered.set(LEFT, "yes")
            app.remembered.set(SEEN, "yes")
            app.remembered.set("theme", theme)
            app.theme = theme
            yield app


def _company(store: Store) -> None:
    """18 months, three studies and a draft."""
    write_past(store, play(CUSTOMERS, SEED, NOW))


def _first_sync(store: Store) -> None:
    """The newest customers of the same company are here, and the others are on their way."""
    company = Company(customers=CUSTOMERS, seed=SEED, until=NOW)
    account, livemode = company.account_id, company.livemode
    here = connections.record(store, SOURCE, account, livemode, ACCOUNT, "restricted_key")
    connections.begin_listing(store, here, NOW - 40, ())
    people = sorted(company.customers(), key=lambda one: one["created"], reverse=True)
    listed = {
        "products": company.products(),
        "prices": company.prices(),
        "subscriptions": company.subscriptions(),
        "customers": people[: CUSTOMERS * 6 // 10],
    }
    steps = []
    for number, (name, objects) in enumerate(listed.items(), 1):
        rows = [msgspec.json.encode(one) for one in objects]
        page = b'{"object":"list","has_more":false,"data":[' + b",".join(rows) + b"]}"
        listing = LISTINGS[name]
        deliver(store, here, [SyncDelivery([listing.rows(listing.read_page(page), number)])])
        state, total = ("running", CUSTOMERS) if name == "customers" else ("done", len(rows))
        steps.append(StepRow(name, state, len(rows), total, None))
    (segments,) = store.row("SELECT count(*) FROM segment WHERE connection_id = ?", (here,))
    steps.append(StepRow("segments", "done", segments, segments, None))
    deliver(store, here, [SyncDelivery(steps=steps)])


def _account(home: Path) -> str:
    """The account that this database is of."""
    with closing(open_sqlite(home / "panelist.db")) as store:
        found: Any = store.rows("SELECT account FROM connection")
    return found[0][0] if found else "acct_1NorthwindHarbor"
