"""A sync as the command runs it, against a sandbox."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from app.db.store import Store
from app.sandbox.server import Sandbox
from app.settings import Settings
from app.sync.connect import check_key, connect, offered
from app.sync.engine import Engine


def connected(store: Store, settings: Settings, sandbox: Sandbox) -> int:
    """Check the sandbox's restricted key and record its account."""
    here = replace(settings, stripe_api_base=sandbox.url)
    return connect(store, check_key(here, sandbox.world.restricted_key))


def sync(store: Store, settings: Settings, sandbox: Sandbox, *, full: bool = False) -> Engine:
    """Connect and sync once; the engine that did it."""
    connection = connected(store, settings, sandbox)
    here = replace(settings, stripe_api_base=sandbox.url)
    engine = Engine(store, here, offered(sandbox.world.restricted_key).access, connection)
    asyncio.run(engine.run(once=True, full=full))
    return engine
