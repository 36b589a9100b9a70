"""``POST /stripe/webhook``: receives an event from Stripe or from ``stripe listen``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from app.db.errors import DatabaseProblem
from app.web import signatures, webhook_events
from app.web.deauthorized import Ended
from app.web.hint_writer import HintWriter
from app.web.rejections import Rejected, RejectionTally
from app.web.webhook_events import DEAUTHORIZED, MATTERING, WebhookEvent

PATH = "/stripe/webhook"
BODY_LIMIT = 512 * 1024  # bytes; an event holds one object, and few reach a tenth of this
BODY_SECONDS = 10.0  # for all of a body to come
ANSWER_SECONDS = 10.0  # for an event to be permanent
LINGER_SECONDS = 1.0
LINGER_LIMIT = 8 * 2**20

_WORDS: dict[str, str] = {
    "nobody's": "Webhook ignored: its account and mode are not connected here",
    "asked": "Webhook: an app was removed from the account. Asking Stripe whether it was this one",
    "old": "Webhook ignored: the app was removed before the account was connected again",
    "ended": "Webhook: the account removed our app. Its credentials were deleted",
}


class Webhook:
    """Checks each request, and answers 2xx only when its event is stored permanently. Stripe sends
    everything else again (docs.stripe.com/webhooks#retries).

    ``on_wrong_clock``: called with the seconds by which this computer's clock seems ahead when that
    is why a request with a valid signature is refused.
    ``secrets`` are those of the endpoints. ``deauthorized`` ends a connection. ``clock`` returns
    seconds since 1970.
    """

    def __init__(
        self,
        keeper: HintWriter,
        secrets: Sequence[str],
        deauthorized: Callable[[WebhookEvent], Awaitable[Ended]],
        tally: RejectionTally,
        *,
        on_wrong_clock: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        body_seconds: float = BODY_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._keeper = keeper
        self._secrets = tuple(secrets)
        self._deauthorized = deauthorized
        self._tally = tally
        self._on_wrong_clock = on_wrong_clock
        self._clock = clock
        self._body_seconds = body_seconds
        self._answer_seconds = answer_seconds

    async def receive(self, request: Request) -> Response:
        """The answer to one request."""
        try:
            body = await self._body(request)
            signatures.check(
                request.headers.get("stripe-signature"), body, self._secrets, self._clock()
            )
            event = webhook_events.read(body)
        except Rejected as why:
            self._tally.count(why.why)
            if why.ahead is not None:
                self._on_wrong_clock(why.ahead)
            return _Lingering(f"{why}\n", why.status)
        except ClientDisconnect:
            return Response(status_code=400)  # the client has gone, so no one reads this
        try:
            async with asyncio.timeout(self._answer_seconds):
                return PlainTextResponse(await self._act_on(event))
        except (DatabaseProblem, TimeoutError) as problem:
            return self._retry_later(problem)

    async def _body(self, request: Request) -> bytes:
        """The whole body. Raises Rejected if it is too large or takes too long."""
        if int(request.headers.get("content-length", "0")) > BODY_LIMIT:
            raise _too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                async for part in request.stream():
                    body += part
                    if len(body) > BODY_LIMIT:
                        raise _too_large()
        except TimeoutError:
            raise Rejected(
                "Webhook refused: its body did not come in time",
                f"The body did not come within {self._body_seconds:g} seconds. Nothing was stored.",
                408,
            ) from None
        return bytes(body)

    async def _act_on(self, event: WebhookEvent) -> str:
        outcome: str
        if event.type in MATTERING:
            outcome = await self._keeper.keep(event)
        elif event.type == DEAUTHORIZED:
            outcome = await self._deauthorized(event)
        else:
            return "Ignored: events of this type are not needed here.\n"
        if outcome in _WORDS:
            self._tally.count(_WORDS[outcome], logging.INFO)
        return "Ignored.\n" if outcome in ("nobody's", "old") else "Stored.\n"

    def _retry_later(self, problem: DatabaseProblem | TimeoutError) -> Response:
        slow = isinstance(problem, TimeoutError)
        why = "it did not respond in time" if slow else str(problem)
        self._tally.count(f"Webhook not stored, Stripe will send it again: the database ({why})")
        text = "The event could not be stored now. Nothing was lost. Send it again later.\n"
        return PlainTextResponse(text, 503)


class _Lingering(PlainTextResponse):
    """Reads and discards the rest of the request for a moment before the connection closes. Closing
    at once would reset the connection, and the client could lose the answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = {"type": "http.response.start", "status": self.status_code}
        await send({**head, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await _rest(receive)
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b""})


async def _rest(receive: Receive) -> None:
    left, more = LINGER_LIMIT, True
    while more and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        more = bool(message.get("more_body"))


def _too_large() -> Rejected:
    return Rejected(
        "Webhook refused: its body is too large",
        f"The body is larger than {BODY_LIMIT // 1024} KB, which no Stripe event is. Nothing"
        " was stored.",
        413,
    )
