"""A comparison as the command runs it, against a sandbox; and what a database holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.db.schema import TABLES
from app.db.store import Store
from app.panel.overview import overview
from app.sandbox.server import Sandbox
from app.settings import Settings
from app.sync.connect import offered
from app.sync.findings import Difference, Finding, Progress, Skipped
from app.sync.stripe_api import StripeApi
from app.sync.verify import Verifier

EVERYTHING = None


class Compared:
    """What a comparison found."""

    def __init__(self, found: list[Finding | Skipped], progress: Progress, requests: int) -> None:
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
        access = offered(sandbox.world.restricted_key).access
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
    """Change the database behind everybody's back."""
    with store.transaction():
        assert store.execute(sql, parameters) == 1
