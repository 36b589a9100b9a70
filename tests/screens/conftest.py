"""Panelist on a real SQLite store, without a terminal and without Stripe."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot

from app.db.store import Store
from app.settings import Settings
from app.tui import Demo, PanelistApp
from tests.helpers import filled_store
from tests.helpers.quick_textual import quick_textual

DEMO = Demo("rk_test_sandbox", "http://127.0.0.1:1", 1_000)
SIZES = [(80, 24), (120, 40), (60, 20)]

__all__ = ["quick_textual"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled_store.new_store(tmp_path)


class Driven:
    """A running app with the few things that tests do over and over."""

    def __init__(self, app: PanelistApp, pilot: Pilot[None], sync: filled_store.StandIn) -> None:
        self.app, self.pilot, self.sync = app, pilot, sync

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def strike(self, *keys: str) -> None:
        """Many keys without waiting for every drawing in between."""
        for key in keys:
            self.app.simulate_key(key)
            await self.pilot._wait_for_screen()
        await self.pilot.pause()

    async def hold(self, key: str, times: int) -> None:
        """A key that repeats as fast as terminals repeat it, however slow this computer is."""
        previous = self.app._key_queue._previous
        for number in range(1, times + 1):
            event = Key(key, key if len(key) == 1 else None)
            if previous is not None:
                event.time = previous.time + 0.03 * number
            self.app.post_message(event)
            await self.pilot._wait_for_screen()
        await self.pilot.pause()

    async def until(self, met: Callable[[], bool]) -> None:
        """Let the app work until something holds; the test's time limit ends it otherwise."""
        while not met():
            await asyncio.sleep(0.02)
        await self.pilot.pause()

    @property
    def text(self) -> str:
        """What the terminal would show."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    @property
    def flat(self) -> str:
        """The words on the screen, however they were wrapped and framed."""
        return " ".join(re.sub("[│┃▌]", " ", self.text).split())

    def part(self, selector: str) -> str:
        """The words of one widget, however they were wrapped."""
        region = self.app.screen.query_one(selector).region
        strips = self.app.screen._compositor.render_strips()[region.y : region.bottom]
        lines = (
            "".join(segment.text for segment in strip.crop(region.x, region.right))
            for strip in strips
        )
        return " ".join(re.sub("[│┃▌┊]", " ", " ".join(lines)).split())

    @property
    def toasts(self) -> str:
        """What was said in the corner."""
        return " ".join(one.message for one in self.app._notifications)

    def settle(self) -> None:
        """Let the dialog in front be old enough to be answered."""
        from app.widgets.dialog import DecisionDialog

        assert isinstance(self.app.screen, DecisionDialog)
        self.app.screen.opened = 0.0

    def rejuvenate(self) -> None:
        """Let the dialog in front be new, however slow this computer is."""
        from app.widgets.dialog import DecisionDialog

        assert isinstance(self.app.screen, DecisionDialog)
        self.app.screen.opened = time.monotonic() + 3_600


Start = Callable[..., AbstractAsyncContextManager[Driven]]


@pytest.fixture
def start(store: Store, tmp_path: Path) -> Start:
    @asynccontextmanager
    async def running(
        size: tuple[int, int] = (80, 24),
        demo: Demo | None = None,
        key: str | None = None,
        sync: filled_store.StandIn | None = None,
    ) -> AsyncIterator[Driven]:
        sync = sync or filled_store.StandIn()
        app = PanelistApp(
            store, Settings(tmp_path, stripe_key=key, token_store="session"), demo, sync.load
        )
        async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
            await pilot.pause()
            yield Driven(app, pilot, sync)

    return running
