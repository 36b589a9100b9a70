"""Says when the database goes away under a server that does not sync, and when it is back."""

from __future__ import annotations

import asyncio
from functools import partial

from app.commands.shared.console import say
from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.text import plain
from app.web.worker_thread import WorkerThread

EVERY = 5.0  # seconds


async def watch_database(store: Store) -> None:
    """Ask the database now and then, until cancelled."""
    worker, away = WorkerThread(store, "database watch"), False
    try:
        while True:
            try:
                await worker.do(partial(store.rows, "SELECT 1"))
            except DatabaseProblem as problem:
                if not away:
                    say(
                        f"{plain(problem, 1000)} Until it responds, webhooks are refused, and "
                        "Stripe sends them again."
                    )
                away = True
            else:
                if away:
                    say("The database responds again. Webhooks are received.")
                away = False
            await asyncio.sleep(EVERY)
    finally:
        worker.end()
