"""What the server answers, by address. Other parts of Panelist put theirs beside these."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from starlette.routing import Route

from app.sync.service import SyncService
from app.web import deauthorized
from app.web.events import WebhookEvent
from app.web.health import Health
from app.web.hint_writer import HintWriter
from app.web.rejections import RejectionTally
from app.web.webhook import ANSWER_SECONDS, BODY_SECONDS, PATH, Webhook
from app.web.worker_thread import WorkerThread


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
