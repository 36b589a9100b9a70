"""Keys, one after the other: one that is typed ahead waits until the one before it has done what
it does, so that it goes where it would go if it were typed slowly."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App

PATIENCE = 200  # turns of the event loop after which the next key goes on anyhow
# Where these go does not change by pressing them, and one that is held must not lag behind.
MOVES = frozenset(("up", "down", "left", "right", "pageup", "pagedown"))
QUIET = 2  # turns in a row in which nobody has anything to do


class KeyQueue:
    """The keys of one app. ``handle`` is given a key, the one before it, and how many seconds ago
    that was pressed."""

    def __init__(
        self, app: App[Any], handle: Callable[[events.Key, str, float], Awaitable[None]]
    ) -> None:
        self._app, self._handle = app, handle
        self._waiting: deque[tuple[events.Key, str, float]] = deque()
        self._last, self._last_at = "", 0.0
        self._turn: events.Key | None = None  # was waiting, and has its turn now
        self._settling: asyncio.Task[None] | None = None

    async def take(self, event: events.Key) -> None:
        """Handle a key that comes from the terminal, now or in its turn."""
        if event is self._turn:
            self._turn, self._settling = None, None
            typed = self._waiting.popleft()
        else:
            now = time.monotonic()
            typed = (event, self._last, now - self._last_at)
            held = event.key in MOVES and event.key == self._last and not self._waiting
            self._last, self._last_at = event.key, now
            if self._settling is not None and not held:
                self._waiting.append(typed)
                return
        try:
            await self._handle(*typed)
        finally:
            if self._settling is None:
                self._settling = asyncio.create_task(self._settle())

    async def _settle(self) -> None:
        quiet = 0
        for _ in range(PATIENCE):
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._quiet() else 0
            if quiet >= QUIET:
                break
        if self._waiting:
            self._turn = self._waiting[0][0]
            self._app.post_message(self._turn)
        else:
            self._settling = None

    def _quiet(self) -> bool:
        """Whether nobody on the way of a key has anything to do."""
        if not self._app.screen_stack:
            return True
        node = self._app.focused or self._app.screen
        return not any(one.message_queue_size for one in node.ancestors_with_self)
