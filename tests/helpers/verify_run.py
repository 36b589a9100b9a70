"""A comparison as the command runs it, against a sandbox; and what a database holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.db.schema import panel_tables, sync_tables
from app.db.store import Store
from app.panel.overview import overview
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.auth.key_check import access_by_key
from app.sync.stripe.client import StripeApi
from app.sync.verify.findings import Difference, Finding, Pending, Skipped, VerifyProgress
from app.sync.verify.verifier import Verifier

EVERYTHING = None
TABLES = panel_tables.TABLES + sync_tables.TABLES


class Compared:
    """What a comparison found."""

    def __init__(
        self, found: list[Finding | Skipped], progress: VerifyProgress, requests: int
    ) -> None:
        self.found, self.progress, self.requests = found, progress, requests

    def of(self, kind: type[Any]) -> list[Any]:
        return [one for one in self.found if isinstance(one, kind)]

    @property
    def differences(self) -> list[Difference]:
        return self.of(Difference)

    def assert_equal(self) -> None:
        assert self.found == []
        assert self.progress.compared == self.progress.total


def compare(
    store: Store,
    settings: Settings,
    sandbox: Sandbox,
    sample: int | None = EVERYTHING,
    *,
    patience: float = 0.0,
    on_progress: Callable[[], None] = lambda: None,
) -> Compared:
    """Compare with the sandbox."""
    here = replace(settings, stripe_api_base=sandbox.url)
    found: list[Finding | Skipped] = []
    connection = overview(store).connection
    assert connection

    async def main() -> Compared:
        access = access_by_key(sandbox.world.restricted_key).access
        async with StripeApi(here.stripe_api_base, access, here.rate) as api:
            verifier = Verifier(
                api, store, connection.id, found.append, on_progress, patience=patience
            )
            await verifier.run(sample)
            return Compared(found, verifier.progress, sum(api.requests.values()))

    return asyncio.run(main())


def dump(store: Store) -> dict[str, list[Any]]:
    """Every row of every table, but for the counts of requests."""
    names = [table._meta.table_name for table in TABLES]
    return {
        name: sorted(map(repr, store.rows(f'SELECT * FROM "{name}"')))
        for name in names
        if name != "read_count"
    }


def plant(store: Store, sql: str, *parameters: object) -> None:
    """Change the database behind everyone's back."""
    with store.transaction():
        assert store.execute(sql, parameters) == 1


def one_of(store: Store, table: str, where: str = "true") -> tuple[int, str]:
    """(row id, Stripe id) of a living row."""
    return some_of(store, table, where)[0]


def some_of(store: Store, table: str, where: str) -> list[tuple[int, str]]:
    """(row id, Stripe id) of each living row."""
    return store.rows(
        f"SELECT id, stripe_id FROM {table} WHERE NOT deleted AND {where} ORDER BY id"
    )


MODELS: dict[str, Any] = {table._meta.table_name: table for table in TABLES}


class Spoiled:
    """A copy that one test spoils, and that is whole again after it."""

    def __init__(self, store: Store, settings: Settings, sandbox: Sandbox) -> None:
        self.store, self.settings, self.sandbox = store, settings, sandbox
        self.undo: list[tuple[str, tuple[object, ...]]] = []

    def set(self, table: str, row: int, column: str, value: object) -> None:
        (before,) = self.store.row(f'SELECT "{column}" FROM {table} WHERE id = ?', (row,))
        assert before != value
        plant(self.store, f'UPDATE {table} SET "{column}" = ? WHERE id = ?', value, row)
        self.undo.append((f'UPDATE {table} SET "{column}" = ? WHERE id = ?', (before, row)))

    def remove(self, table: str, where: str, *parameters: object) -> None:
        columns = [field.column_name for field in MODELS[table]._meta.sorted_fields]
        names = ", ".join(f'"{name}"' for name in columns)
        (row,) = self.store.rows(f"SELECT {names} FROM {table} WHERE {where}", parameters)
        plant(self.store, f"DELETE FROM {table} WHERE {where}", *parameters)
        marks = ", ".join("?" * len(row))
        self.undo.append((f"INSERT INTO {table} ({names}) VALUES ({marks})", row))

    def add(self, table: str, where: str, **values: object) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        plant(self.store, f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())
        self.undo.append((f"DELETE FROM {table} WHERE {where}", ()))

    def compare(self, sample: int | None = None) -> list[Difference]:
        found = compare(self.store, self.settings, self.sandbox, sample)
        assert found.of(Pending) == []
        return found.differences
