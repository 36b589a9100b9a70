"""A sync as the command runs it, against a sandbox."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from app.db.store import Store
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.auth.connect import connect, known_connection
from app.sync.auth.key_check import access_by_key, check_key
from app.sync.engine import Engine


def connected(store: Store, settings: Settings, sandbox: Sandbox) -> int:
    """Check the sandbox's restricted key and record its account."""
    here = replace(settings, stripe_api_base=sandbox.url)
    return connect(store, check_key(here, sandbox.world.restricted_key))


def sync(
    store: Store,
    settings: Settings,
    sandbox: Sandbox,
    *,
    full: bool = False,
    recognise: bool = False,
) -> Engine:
    """Connect and sync once; the engine that did it. ``recognise``: as one that is connected."""
    connection = (
        known_connection(
            replace(settings, stripe_api_base=sandbox.url),
            store,
            access_by_key(sandbox.world.restricted_key),
        )
        if recognise
        else connected(store, settings, sandbox)
    )
    assert connection is not None
    engine = engine_of(store, settings, sandbox, connection)
    asyncio.run(engine.run(once=True, full=full))
    return engine


def engine_of(
    store: Store, settings: Settings, sandbox: Sandbox, connection: int, poll: float | None = None
) -> Engine:
    """An engine with the sandbox's restricted key, not started."""
    here = replace(settings, stripe_api_base=sandbox.url, poll_seconds=poll)
    return Engine(store, here, access_by_key(sandbox.world.restricted_key).access, connection)


@contextmanager
def following(
    store: Store, settings: Settings, sandbox: Sandbox, connection: int, poll: float = 0.02
) -> Iterator[Engine]:
    """An engine that follows in a thread; it has looked once when this begins."""
    engine = engine_of(store, settings, sandbox, connection, poll)
    looks = sandbox.requests["GET /v1/events"]
    engine.start()
    try:
        until(lambda: sandbox.requests["GET /v1/events"] > looks or not engine.running)
        yield engine
    finally:
        engine.stop(10)


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something that happens elsewhere."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        threading.Event().wait(0.005)
