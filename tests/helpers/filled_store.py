"""A store filled by SQL, and a stand-in for the sync that does what a test tells it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from app.credentials.store import Credentials
from app.db.engines.store_factory import open_sqlite
from app.db.schema import panel_tables, sync_tables
from app.db.store import Store
from app.settings import Settings
from app.sync.service import Admitted, SyncService
from app.sync.stripe.access import Access, KeyAccess
from tests.helpers import empty_database

NOW = 1_700_000_000
STEPS = ("products", "prices", "subscriptions", "segments", "customers")


def new_store(folder: Path) -> Store:
    empty_database.put(folder)
    return open_sqlite(folder / "panelist.db")


def put(store: Store, table: type[panel_tables.StoredModel], **values: object) -> None:
    """Insert a row, with the table's own defaults for what is not said."""
    with store.transaction(), store.database.bind_ctx([table]):
        table.insert(**values).on_conflict_replace().execute()


def connection(
    store: Store,
    status: str = "syncing",
    name: str | None = "Acme Inc",
    account: str = "acct_1Acme",
    livemode: bool = False,
    reason: str | None = None,
) -> int:
    put(
        store,
        panel_tables.Connection,
        account=account,
        livemode=livemode,
        account_name=name,
        method="restricted_key",
        status=status,
        connected_at=NOW,
        disconnected_at=NOW if reason else None,
        disconnect_reason=reason,
        last_polled_at=NOW,
    )
    return int(store.row("SELECT max(id) FROM connection")[0])


def step(
    store: Store, to: int, name: str, state: str, done: int = 0, total: int | None = None,
    message: str | None = None,
) -> None:  # fmt: skip
    put(
        store, sync_tables.Step, connection=to, name=name, position=STEPS.index(name), state=state,
        done=done, total=total, message=message,
    )  # fmt: skip


def segment(store: Store, to: int, key: str, count: int, product: str | None = None) -> None:
    kind = "product" if product else "builtin"
    put(
        store, panel_tables.Segment, connection=to, key=key, kind=kind, product=product,
        count=count, with_email=count * 9 // 10,
    )  # fmt: skip


def product(store: Store, to: int, stripe_id: str, name: str) -> None:
    put(
        store, panel_tables.Product, connection=to, stripe_id=stripe_id, name=name, active=True,
        seq=1, generation=1,
    )  # fmt: skip


def participant(store: Store, to: int, stripe_id: str, name: str | None, email: str | None) -> None:
    put(
        store, panel_tables.Participant, connection=to, stripe_id=stripe_id, name=name, email=email,
        created=NOW, seq=1, generation=1,
    )  # fmt: skip


def event(store: Store, to: int, number: int, kind: str, about: str) -> None:
    put(
        store, sync_tables.SeenEvent, connection=to, stripe_id=f"evt_{number}",
        created=NOW + number, type=kind, object_id=about,
    )  # fmt: skip


def message(store: Store, to: int, text: str, level: str = "warning") -> None:
    put(store, sync_tables.Message, connection=to, at=NOW, level=level, step=None, text=text)


def acme(store: Store, status: str = "syncing") -> int:
    """An account in the middle of its first sync."""
    to = connection(store, status)
    step(store, to, "products", "done", 12, 12)
    step(store, to, "prices", "done", 40, 40)
    step(store, to, "subscriptions", "skipped", message="The key may not read subscriptions.")
    step(store, to, "segments", "failed", 3, 8, "The segments could not be built.")
    step(store, to, "customers", "running", 12_300, 100_000)
    segment(store, to, "all", 12_300)
    segment(store, to, "active", 8_000)
    product(store, to, "prod_1", "Team plan")
    segment(store, to, "product:prod_1", 123, "prod_1")
    participant(store, to, "cus_1", "Ada Lovelace", "ada@example.com")
    event(store, to, 1, "customer.updated", "cus_1")
    event(store, to, 2, "product.updated", "prod_1")
    message(store, to, "Write to ada@example.com about it; " + "a long sentence " * 8)
    return to


@dataclass(frozen=True)
class Permission:
    name: str
    label: str
    granted: bool = True
    cost: str = ""


@dataclass(frozen=True)
class KeyReport:
    account: str = "acct_1Acme"
    account_name: str | None = "Acme Inc"
    livemode: bool = False
    permissions: tuple[Permission, ...] = (
        Permission("customers", "Customers"),
        Permission("prices", "Prices", False, "Prices have no names."),
    )
    warnings: tuple[str, ...] = ("This is a secret key.",)
    method: str = "restricted_key"


@dataclass
class Activity:
    doing: str = "Fetching customers"
    problem: bool = False
    next_poll_at: float | None = None
    requests: int = 7
    pace: str = "every 15 s, while data changes"
    looking_on: bool = False


@dataclass
class StandIn:
    """The sync's outside. ``gate`` holds a check back until the test opens it."""

    report: KeyReport = field(default_factory=KeyReport)
    problem: Exception | None = None
    busy: bool = False
    status: str = "syncing"
    gate: threading.Event = field(default_factory=threading.Event)
    keys: list[str] = field(default_factory=list)
    engines: list[StandInEngine] = field(default_factory=list)
    refused: list[Admitted] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def load(self, store: Store, settings: Settings, credentials: Credentials) -> SyncService:
        self.store, self.credentials = store, credentials
        return cast(SyncService, self)

    def by_key(self, key: str, *, keep: bool) -> Admitted:
        self.keys.append(key)
        assert self.gate.wait(10)
        if self.problem is not None:
            raise self.problem
        return Admitted(cast(Any, self.report), KeyAccess(key))

    def connect(self, admitted: Admitted) -> int:
        report = admitted.report
        found = self.store.rows("SELECT id FROM connection WHERE account = ?", (report.account,))
        if found:
            return int(found[0][0])
        return connection(
            self.store, self.status, report.account_name, report.account, report.livemode
        )

    def refuse(self, admitted: Admitted) -> None:
        self.refused.append(admitted)

    def resume(self) -> None:
        return None

    def oauth_app(self, livemode: bool) -> None:
        return None

    def engine(
        self, access: Access, connection_id: int, on_change: Callable[[Any], None] | None = None
    ) -> StandInEngine:
        engine = StandInEngine(self.busy, on_change)
        self.engines.append(engine)
        return engine


@dataclass
class StandInEngine:
    busy: bool
    on_change: Callable[[Any], None] | None
    running: bool = False
    asked: int = 0
    attended: int = 0
    activity: Activity = field(default_factory=Activity)

    def start(self) -> None:
        if self.busy:
            self.activity = Activity("Looking on: process 4711 on desk syncs.", looking_on=True)
        self.running = True

    def attend(self) -> None:
        self.attended += 1

    def ask_now(self) -> None:
        self.asked += 1

    def stop(self, timeout: float = 1.0) -> bool:
        self.running = False
        return True
