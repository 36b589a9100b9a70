"""A database that cannot be written now: nothing is lost, and Stripe sends it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.db.engines import sqlite_file
from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.settings import Settings
from tests.conftest import new_database
from tests.helpers.sync_run import until
from tests.helpers.webhook_client import Serving, account, event, http, locked, serving


def again(here: Serving) -> None:
    """What was refused is taken later, and stands there once."""
    until(lambda: here.send(event()).status_code == 200)
    assert len(here.hints) == 1


def test_a_database_that_takes_too_long(
    store: Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    account(store)
    with serving(store, settings, answer_seconds=0.3) as here:
        with locked(store):
            answer = here.send(event())
            assert answer.status_code == 503
            assert "Send it again later" in answer.text
            if not store.postgres:
                assert here.hints == []
        again(here)
    assert "the database (it did not respond in time)" in caplog.text


def test_a_database_that_says_it_is_busy(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sqlite_file.PRAGMAS, "busy_timeout", 50)
    store = open_store(sqlite_settings)
    account(store)
    with serving(store, sqlite_settings) as here:
        with locked(store):
            assert here.send(event()).status_code == 503
            assert http.get(here.url + "/healthz").status_code == 200
        again(here)
    store.close()
    assert "is in use by another program" in caplog.text


def test_a_database_that_cannot_be_written(opened: Store, sqlite_settings: Settings) -> None:
    with serving(opened, sqlite_settings) as here:
        with opened.transaction():
            opened.execute("ALTER TABLE hint RENAME TO away")
        assert here.send(event()).status_code == 503
        with opened.transaction():
            opened.execute("ALTER TABLE away RENAME TO hint")
        again(here)


def test_sessions_that_were_ended(postgres: str, sqlite_settings: Settings) -> None:
    """As when PostgreSQL is started again: the first event finds out, the next has a new one."""
    settings = replace(sqlite_settings, database_url=new_database(postgres))
    store = open_store(settings)
    account(store)
    with serving(store, settings) as here:
        assert here.send(event(id="evt_0")).text == "Stored.\n"
        with store.transaction():
            store.execute("DELETE FROM hint")
            store.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert here.send(event()).status_code == 503
        again(here)
    store.close()
