"""What the server answers, by address. Other parts of Panelist put theirs beside these."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.overview import accounts
from app.sync.service import SyncService
from app.web import deauthorized
from app.web.hint_writer import HintWriter
from app.web.rejections import RejectionTally
from app.web.webhook import ANSWER_SECONDS, BODY_SECONDS, PATH, Webhook
from app.web.webhook_events import WebhookEvent
from app.web.worker_thread import WorkerThread

PATIENCE = 2.0  # seconds that the database has to say how the sync is


class Routes:
    """The address for Stripe's webhooks, and the one for whatever watches over the server.

    ``secrets``: of the endpoints; ``syncing``: who this process is while it syncs, else None.
    """

    def __init__(
        self,
        service: SyncService,
        secrets: Sequence[str],
        syncing: Callable[[], str | None],
        *,
        on_wrong_clock: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        body_seconds: float = BODY_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._service = service
        self._keeper = HintWriter(service.store)
        self._leaving = WorkerThread(service.store, "leaving")
        self._health = Health(service.store, syncing)
        self._tally = RejectionTally()
        webhook = Webhook(
            self._keeper,
            secrets,
            self._deauthorized,
            self._tally,
            on_wrong_clock=on_wrong_clock,
            clock=clock,
            body_seconds=body_seconds,
            answer_seconds=answer_seconds,
        )
        self.routes = [
            Route(PATH, webhook.receive, methods=["POST"]),
            Route("/healthz", self._health.answer, methods=["GET"]),
        ]

    async def _deauthorized(self, event: WebhookEvent) -> deauthorized.Ended:
        return await self._leaving.do(partial(deauthorized.end, self._service, event))

    def end(self) -> None:
        """The server has stopped: what was counted is logged, and the threads end."""
        for part in (self._keeper, self._leaving, self._health):
            part.end()
        self._tally.flush()


class Health:
    """``GET /healthz``: for whatever watches over the server. Anyone may ask, so it says nothing of
    participants, nor whose account it is.

    ``syncing``: who this process is for a person while it syncs itself, else None.
    """

    def __init__(self, store: Store, syncing: Callable[[], str | None]) -> None:
        self._store = store
        self._syncing = syncing
        self._worker = WorkerThread(store, "health")

    async def answer(self, _: Request) -> Response:
        """200 and how the sync is; 503 when the database cannot be asked."""
        try:
            async with asyncio.timeout(PATIENCE):
                return JSONResponse(await self._worker.do(self._look))
        except (DatabaseProblem, TimeoutError):
            return JSONResponse({"status": "unavailable"}, 503)

    def end(self) -> None:
        """No one asks any more."""
        self._worker.end()

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
