"""Draws the pictures of the documentation again, from the demo: ``make pictures``."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

from textual.pilot import Pilot

from app.commands.demo.past import play, write_past
from app.commands.demo.sandbox_process import CHANGES_A_MINUTE, running_sandbox
from app.db.engines.store_factory import open_store
from app.paths import asset
from app.screens.screen_picture import svg
from app.screens.tour import LEFT
from app.settings import RequestRate, Settings
from app.tui import Demo, PanelistApp

CUSTOMERS, SEED, SIZE = 800, 1, (110, 32)


class Camera:
    """The running app, and the folder of its pictures."""

    def __init__(self, app: PanelistApp, pilot: Pilot[None]) -> None:
        self._app, self._pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Press keys, and let the app rest after each."""
        for key in keys:
            await self._pilot.press(key)
            await asyncio.sleep(0.5)
        await self._pilot.pause()

    async def wait_for(self, status: str) -> None:
        """Wait until the sync is that far."""
        while (view := self._app.snapshot().view.connection) is None or view.status != status:
            await asyncio.sleep(0.1)
        await self._pilot.pause()

    def take(self, name: str) -> None:
        """Write a picture of the screen."""
        Path(str(asset(f"{name}.svg"))).write_text(svg(self._app))
        print(name)


async def take_all(app: PanelistApp) -> None:
    """Every picture that the documentation shows."""
    async with app.run_test(size=SIZE) as pilot:
        camera = Camera(app, pilot)
        await camera.wait_for("complete")
        await asyncio.sleep(8)  # until something has changed
        await camera.press("2")
        camera.take("status")
        await camera.press("3", "down", "enter", "down")
        camera.take("segments")
        await camera.press("4", "a", "p", "i")
        camera.take("invites")


def main() -> None:
    """Run the demo and draw it."""
    os.environ["COLORTERM"] = "truecolor"
    now = int(time.time())
    with (
        tempfile.TemporaryDirectory() as home,
        running_sandbox(CUSTOMERS, SEED, now, CHANGES_A_MINUTE) as started,
    ):
        sandbox = started()
        settings = Settings(
            home=Path(home),
            stripe_api_base=sandbox.url,
            token_store="session",
            rate=RequestRate(None, None),
            poll_seconds=3.0,
        )
        store = open_store(settings)
        write_past(store, play(CUSTOMERS, SEED, now))
        app = PanelistApp(store, settings, Demo(sandbox.key, sandbox.url, CUSTOMERS))
        app.remembered.set(LEFT, "yes")  # without the line of the tour
        asyncio.run(take_all(app))


if __name__ == "__main__":
    main()
