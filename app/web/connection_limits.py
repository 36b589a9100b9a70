"""How connections are let in: few at once, none for long, one request each."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

CALLERS = 100  # connections at once
HEAD_SECONDS = 10.0  # for all of a head to come
# Connections that are let in before what others sent is read. Their requests come a few turns of
# the loop later, and no one is sent away before that.
AT_ONCE = CALLERS // 5

_numbers = count()


class LimitedConnection(H11Protocol):
    """uvicorn itself gives an idle connection any time it likes, and refuses new requests rather
    than old connections when there are too many. ``callers``: how many connections a server has at
    most; ``head_seconds``: how long each has for its head. The rest is uvicorn's."""

    _late: asyncio.TimerHandle | None = None
    leaving = False

    def __init__(self, *given: Any, callers: int, head_seconds: float, **uvicorns: Any) -> None:
        super().__init__(*given, **uvicorns)
        self.number = next(_numbers)
        self._callers, self._head_seconds = callers, head_seconds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        others = [
            one
            for one in self.connections
            if isinstance(one, LimitedConnection) and not one.leaving
        ]
        super().connection_made(transport)
        self._late = self.loop.call_later(self._head_seconds, self._end_if_no_head)
        if len(others) >= self._callers:
            # Stripe sends at once; who only holds the line goes first. A set has no order.
            holding = [one for one in others if one.receiving]
            (min(holding, key=lambda one: one.number) if holding else self).leave()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)

    @property
    def receiving(self) -> bool:
        """Whether a part of its request has yet to come."""
        cycle = self.cycle
        return cycle is None or (cycle.more_body and not cycle.response_complete)

    def leave(self) -> None:
        """Hang up. It takes effect in the next turn of the loop."""
        self.leaving = True
        self.transport.abort()

    def _end_if_no_head(self) -> None:
        if self.cycle is None:
            self.leave()
