"""``GET /healthz``: for whatever watches over the server. Anybody may ask, so it says nothing of
people, nor whose account it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.overview import accounts
from app.web.worker_thread import WorkerThread

PATIENCE = 2.0  # seconds for the database


class Health:
    """``syncing``: who this process is for a person while it syncs itself, else None."""

    def __init__(self, store: Store, syncing: Callable[[], str | None]) -> None:
        self._store = store
        self._syncing = syncing
        self._desk = WorkerThread(store, "health")

    async def answer(self, _: Request) -> Response:
        """200 and how the sync is; 503 when the database cannot be asked."""
        try:
            async with asyncio.timeout(PATIENCE):
                return JSONResponse(await self._desk.do(self._look))
        except (DatabaseProblem, TimeoutError):
            return JSONResponse({"status": "unavailable"}, 503)

    def end(self) -> None:
        """Nobody asks any more."""
        self._desk.end()

    def _look(self) -> dict[str, Any]:
        """``status``: of the connection; ``last_polled_at``: seconds since 1970; ``who``: syncs."""
        first = next(iter(accounts(self._store)), None)
        named = self._store.rows("SELECT who FROM syncer")
        who = named[0][0].partition(" on ")[0] if named else ""  # not on which computer
        return {
            "status": first.status if first else "not connected",
            "last_polled_at": first.last_polled_at if first else None,
            "who": who or self._syncing(),
        }
