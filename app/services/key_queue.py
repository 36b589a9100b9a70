"""The order of keys: a key that is typed ahead waits until the key before it has taken effect.

So it goes where it would go if it were typed slowly.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from textual import events
from textual.app import App

TURNS = 200  # turns of the event loop after which the next key goes on in any case
# Pressing one of these never changes where the next one goes, and a held one must not lag.
MOVES = frozenset(("up", "down", "left", "right", "pageup", "pagedown"))
IDLE_TURNS = 2  # turns in a row in which no widget has a message to handle


class Keystroke(NamedTuple):
    """A key, the name of the key before it, and the seconds between the two.

    The seconds are those between the keys' arrivals, however late the app handles them.
    """

    event: events.Key
    previous: str
    pause: float


class KeyQueue:
    """The keys of one app. ``handle`` gets them one after the other."""

    def __init__(self, app: App[Any], handle: Callable[[Keystroke], Awaitable[None]]) -> None:
        self._app, self._handle = app, handle
        self._queue: deque[Keystroke] = deque()
        self._previous: events.Key | None = None
        self._posted: events.Key | None = None  # the queued key that was posted once more
        self._idle: asyncio.Task[None] | None = None  # waits until the last key has taken effect

    async def accept(self, event: events.Key) -> None:
        """Handle a key from the terminal, now or when the keys before it have taken effect."""
        if event is self._posted:
            self._posted, self._idle = None, None
            stroke = self._queue.popleft()
        else:
            stroke = self._keystroke(event)
            repeated = event.key in MOVES and event.key == stroke.previous and not self._queue
            if self._idle is not None and not repeated:
                self._queue.append(stroke)
                return
        try:
            await self._handle(stroke)
        finally:
            if self._idle is None:
                self._idle = asyncio.create_task(self._wait_until_idle())

    def _keystroke(self, event: events.Key) -> Keystroke:
        previous, self._previous = self._previous, event
        if previous is None:
            return Keystroke(event, "", event.time)
        return Keystroke(event, previous.key, event.time - previous.time)

    async def _wait_until_idle(self) -> None:
        idle = 0
        for _ in range(TURNS):
            await asyncio.sleep(0)
            idle = idle + 1 if self._is_idle() else 0
            if idle >= IDLE_TURNS:
                break
        if self._queue:
            self._posted = self._queue[0].event
            self._app.post_message(self._posted)
        else:
            self._idle = None

    def _is_idle(self) -> bool:
        """Whether no widget between the focus and the app has a message to handle."""
        if not self._app.screen_stack:
            return True
        node = self._app.focused or self._app.screen
        return not any(one.message_queue_size for one in node.ancestors_with_self)
