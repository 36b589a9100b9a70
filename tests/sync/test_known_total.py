"""What a sync says of its total while it runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from app.db import connections
from app.db.engines.store_factory import open_store
from app.sandbox.server.server import Sandbox
from app.sandbox.server.state import SandboxOptions
from app.settings import Settings
from app.sync.auth.key_check import access_by_key
from app.sync.engine import Engine
from tests.helpers.sync_run import connected

PEOPLE = 6_000


def test_a_total_that_is_known_stays_known(sqlite_settings: Settings) -> None:
    """It is within a factor of two of the truth, and splitting a window does not hide it again."""
    store = open_store(sqlite_settings)
    seen: list[int | None] = []
    with Sandbox(customers=PEOPLE, seed=67, options=SandboxOptions(latency=0.03)) as sandbox:
        here = replace(sqlite_settings, stripe_api_base=sandbox.url)
        connection = connected(store, here, sandbox)

        def look(_: object) -> None:
            step = connections.steps(store, connection)["customers"]
            if step.state == "running":
                seen.append(step.total)

        access = access_by_key(sandbox.world.restricted_key).access
        asyncio.run(Engine(store, here, access, connection, look).run(once=True))
    store.close()
    known = [one for one in seen if one is not None]
    assert all(PEOPLE / 2 <= one <= PEOPLE * 2 for one in known)
    assert seen[len(seen) - len(known) :] == known
