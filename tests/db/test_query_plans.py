"""What one change asks of the database is found by an index, however many rows there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.panel.overview import overview, recent_changes
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from tests.helpers.sync_run import sync

LARGE = ("participant", "subscription", "subscription_item", "member", "past_member", "cause")
NAMES = f"({'|'.join(LARGE)}|[pmsitjlb])"  # every name that a statement may have for one of them
SMALL = r"(?! USING (COVERING )?INDEX (participant_deleted|participant_account)\b)"
WHOLE = re.compile(rf"(SCAN {NAMES}\b|SEARCH {NAMES}\b(?=.* \(connection_id=\?\)$)){SMALL}", re.M)


@contextmanager
def statements(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Every statement that runs in between → its plan."""
    plans: dict[str, str] = {}
    real: Callable[..., Any] = store.database.execute_sql

    def execute(sql: str, parameters: object = ()) -> object:
        words = sql.split()
        if words[0] in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
            rows = real(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
            plans[sql] = "\n".join(row[3] for row in rows)
        return real(sql, parameters)

    def execute_many(sql: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            execute(sql, tuple(rows[0]))
            many(sql, rows[1:])

    many = store.execute_many
    monkeypatch.setattr(store.database, "execute_sql", execute)
    monkeypatch.setattr(store, "execute_many", execute_many)
    yield plans


def test_nothing_is_read_whole(sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(sqlite_settings)
    with Sandbox(customers=300, seed=51) as sandbox:
        sync(store, sqlite_settings, sandbox)
        world = sandbox.world
        first, second, *_ = (one["id"] for one in world.customers())
        world.update_customer(first, name="Changed")
        world.delete_customer(second)
        made = world.create_customer()
        world.cancel_subscription(world.create_subscription(made))
        with statements(store, monkeypatch) as plans:
            sync(store, sqlite_settings, sandbox, recognise=True)
            view = overview(store)
            assert view.connection
            recent_changes(store, view.connection.id)
    assert len(plans) > 30
    assert any("past_member" in sql for sql in plans)
    whole = {sql: plan for sql, plan in plans.items() if WHOLE.search(plan)}
    assert whole == {}
