"""Two Panelists on one database: one syncs, the other looks on, takes over, and may ask."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from app.db import connections, event_hints
from app.db.engines.store_factory import open_store
from app.db.errors import DatabaseProblem
from app.db.indexes import search_index
from app.db.lease import Lease, LeaseLost, LeaseTaken
from app.db.rows import EventRow, Fetched
from app.db.store import Store
from app.db.watch import Watch
from app.invites import erasure
from app.panel.overview import overview
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.engine import Engine
from tests.helpers import rows
from tests.helpers.command import Home
from tests.helpers.sync_run import engine_of, following, sync, until
from tests.helpers.truth import assert_equal


def settled(store: Store, settings: Settings, sandbox: Sandbox) -> int:
    sync(store, settings, sandbox)
    connection = overview(store).connection
    assert connection
    return connection.id


@contextmanager
def second(settings: Settings, sandbox: Sandbox, connection: int) -> Iterator[Engine]:
    """An engine on a store of its own, as another process would have it."""
    store = open_store(settings)
    engine = engine_of(store, settings, sandbox, connection, 0.02)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop(10)
        store.close()


def rename_one(sandbox: Sandbox, name: str) -> str:
    first = next(iter(sandbox.world.customers()))
    return sandbox.world.update_customer(first["id"], name=name)


def named(name: str, store: Store) -> bool:
    return bool(store.rows("SELECT 1 FROM participant WHERE name = ?", (name,)))


def test_the_second_looks_on_and_takes_over(store: Store, settings: Settings) -> None:
    with Sandbox(customers=30, seed=31) as sandbox:
        connection = settled(store, settings, sandbox)
        with (
            second(settings, sandbox, connection) as other,
            following(store, settings, sandbox, connection) as engine,
        ):
            until(lambda: engine.activity.looking_on or other.activity.looking_on)
            first, waiting = (other, engine) if engine.activity.looking_on else (engine, other)
            until(lambda: f"process {os.getpid()} on " in waiting.activity.doing)
            asked = first.requests.total()
            until(lambda: first.requests.total() > asked)
            assert waiting.requests.total() == 0
            assert first.stop(10)
            until(lambda: waiting.requests.total() > 0)
            assert not waiting.activity.looking_on
            rename_one(sandbox, "After")
            until(lambda: named("After", store))
        assert_equal(sandbox.world, store, connection)


def process(settings: Settings, sandbox: Sandbox) -> subprocess.Popen[str]:
    home = Home(
        Path(settings.home),
        {
            "PANELIST_STRIPE_API_BASE": sandbox.url,
            "PANELIST_STRIPE_RATE": "0",
            "PANELIST_STRIPE_KEY": sandbox.world.restricted_key,
            "PANELIST_DATABASE_URL": settings.database_url or "",
        },
    )
    return home.start("sync", "--follow", "--json")


def test_one_that_is_stopped_as_it_starts_has_ended(store: Store, settings: Settings) -> None:
    """Also before its thread has come to its loop, or the next one would wait for it forever."""
    with Sandbox(customers=3, seed=32) as sandbox:
        connection = settled(store, settings, sandbox)
        for _ in range(20):
            engine = engine_of(store, settings, sandbox, connection)
            engine.start()
            assert engine.stop()
        with Lease(store):
            pass


def test_the_place_of_a_killed_one_is_taken(store: Store, settings: Settings) -> None:
    with Sandbox(customers=30, seed=32) as sandbox:
        connection = settled(store, settings, sandbox)
        looks = sandbox.requests["GET /v1/events"]
        with process(settings, sandbox) as first:
            until(lambda: sandbox.requests["GET /v1/events"] > looks)
            with second(settings, sandbox, connection) as engine:
                until(lambda: engine.activity.looking_on)
                until(lambda: f"process {first.pid} on " in engine.activity.doing)
                first.send_signal(signal.SIGSTOP)  # merely asleep: it keeps its place
                with pytest.raises(LeaseTaken), Lease(store):
                    pass
                first.send_signal(signal.SIGCONT)
                first.kill()
                rename_one(sandbox, "After")
                until(lambda: named("After", store))
        assert_equal(sandbox.world, store, connection)


def test_following_builds_the_index_erases_who_is_due_and_a_signal_ends_it_cleanly(
    store: Store, settings: Settings
) -> None:
    with Sandbox(customers=30, seed=33) as sandbox:
        connection = settled(store, settings, sandbox)
        person = next(iter(sandbox.world.customers()))["id"]
        erasure.request(store, connection, person, "rosa")
        store.execute("UPDATE erasure SET due_at = 1")
        looks = sandbox.requests["GET /v1/events"]
        with process(settings, sandbox) as first:
            until(lambda: sandbox.requests["GET /v1/events"] > looks)
            until(lambda: search_index.ready(store))
            until(lambda: store.rows("SELECT 1 FROM erasure WHERE done_at IS NOT NULL") != [])
            first.terminate()
            out, err = first.communicate()
        assert first.returncode == 0
        assert '"type": "finished"' in out
        assert "Traceback" not in err


def lose_the_lock(store: Store) -> None:
    """What ends a lock without its holder's knowing."""
    if store.postgres:
        store.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    else:
        Path(store.where + ".sync-lock").unlink()


def test_who_was_relieved_without_knowing_stores_nothing(store: Store, settings: Settings) -> None:
    here = rows.connection(store)
    other = open_store(settings)
    with Lease(store) as lease:
        rows.send(store, here, Fetched(1, participants=[rows.person("cus_a")]))
        lose_the_lock(other)
        with Lease(other):
            with pytest.raises(LeaseLost):
                rows.send(store, here, Fetched(2, participants=[rows.person("cus_b")]))
            with pytest.raises(LeaseLost):
                lease.check()
            rows.send(other, here, Fetched(3, participants=[rows.person("cus_c")]))
    assert rows.names(store, here).keys() == {"cus_a", "cus_c"}
    rows.send(store, here, Fetched(4, participants=[rows.person("cus_d")]))  # no sync's
    other.close()


def test_who_was_relieved_looks_on(store: Store, settings: Settings) -> None:
    with Sandbox(customers=30, seed=34) as sandbox:
        connection = settled(store, settings, sandbox)
        with following(store, settings, sandbox, connection) as engine:
            other = open_store(settings)
            lose_the_lock(other)
            lease = Lease(other)

            def taken() -> bool:
                try:
                    lease.take()
                except Exception:  # the first was quicker, as it noticed
                    return False
                return True

            if taken():
                until(lambda: engine.activity.looking_on)
                lease.give_back()
            until(lambda: not engine.activity.looking_on)
            other.close()


def test_who_looks_on_may_ask_the_one_who_syncs(store: Store, settings: Settings) -> None:
    with Sandbox(customers=30, seed=35) as sandbox:
        connection = settled(store, settings, sandbox)
        with following(store, settings, sandbox, connection, poll=3_600):
            until(lambda: overview(store).connection)
            with second(settings, sandbox, connection) as waiting:
                until(lambda: waiting.activity.looking_on)
                looks = sandbox.requests["GET /v1/events"]
                waiting.ask_now()
                until(lambda: sandbox.requests["GET /v1/events"] > looks)
                until(lambda: not event_hints.waiting(store, connection))


def test_what_a_webhook_told_is_applied_between_two_looks(store: Store, settings: Settings) -> None:
    """By the object's fetch, once, and not again when it is told again."""
    with Sandbox(customers=30, seed=36) as sandbox:
        connection = settled(store, settings, sandbox)
        with following(store, settings, sandbox, connection, poll=3_600):
            with sandbox.lock:
                who = sandbox.world.update_customer(
                    next(iter(sandbox.world.customers()))["id"], name="Told"
                )
                event = list(sandbox.world.events())[-1]
            row = EventRow(event["id"], event["created"], event["type"], who)
            event_hints.leave_hints(store, connection, [row, row])
            until(lambda: named("Told", store) and not event_hints.waiting(store, connection))
            fetched = sandbox.requests["GET /v1/customers/{id}"]
            assert fetched == 1
            event_hints.leave_hints(store, connection, [row])
            assert not event_hints.waiting(store, connection)
            unknown = EventRow("evt_x", event["created"], "customer.updated", "cus_unknown")
            event_hints.leave_hints(store, connection, [unknown])
            until(lambda: not event_hints.waiting(store, connection))
            assert connections.unseen(store, connection, ["evt_x"]) == set()


def test_what_others_write_is_noticed(store: Store, settings: Settings) -> None:
    other = open_store(settings)
    here = rows.connection(store)
    watch = Watch(store)
    assert watch.changed()  # no one knows what was before
    assert not watch.changed()
    rows.send(other, here, Fetched(1, participants=[rows.person("cus_a")]))
    until(watch.changed)
    assert not watch.changed()
    if store.postgres:
        watch._session.close()
        assert watch.changed()
        assert watch.changed()
        assert not watch.changed()
    watch.close()
    other.close()


def test_a_server_that_ended_every_session_is_used_again(store: Store, settings: Settings) -> None:
    """As a restart of PostgreSQL does."""
    if not store.postgres:
        pytest.skip("SQLite has no server")
    with Sandbox(customers=30, seed=37) as sandbox:
        connection = settled(store, settings, sandbox)
        with following(store, settings, sandbox, connection):
            with psycopg.connect(settings.database_url or "", autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            rename_one(sandbox, "After")

            def arrived() -> bool:
                try:
                    return named("After", store)
                except DatabaseProblem:
                    return False

            until(arrived)
        assert_equal(sandbox.world, store, connection)
