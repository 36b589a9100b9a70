"""Draws the pictures of the documentation again, from the demo: ``make pictures``."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from app.commands.demo.sandbox_process import running_sandbox
from app.db.engines.store_factory import open_store
from app.paths import asset
from app.screens.screen_picture import svg
from app.settings import RequestRate, Settings
from app.tui import Demo, PanelistApp

CUSTOMERS, SEED, SIZE = 500, 1, (110, 32)
STUDY = (  # the first fields of the form; the second is the purpose
    "Pricing page",
    "",
    "https://interviews.example/?guest={{token}}",
    "Rosa",
    "research@northwind.example",
)


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

    async def type(self, text: str) -> None:
        """Type a text."""
        await self._pilot.press(*("space" if sign == " " else sign for sign in text))

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
        await camera.press("d")
        await camera.wait_for("complete")
        await asyncio.sleep(8)  # until something has changed
        await camera.press("2")
        camera.take("status")
        await camera.press("3", "down", "enter", "down")
        camera.take("segments")
        await camera.press("4", "n")
        for value in STUDY:
            await camera.type(value)
            await camera.press("tab")
        await camera.press("ctrl+s", "s", "space", "ctrl+s", "a", "p", "i")
        camera.take("invites")


def main() -> None:
    """Run the demo and draw it."""
    os.environ["COLORTERM"] = "truecolor"
    with tempfile.TemporaryDirectory() as home, running_sandbox(CUSTOMERS, SEED) as sandbox:
        settings = Settings(
            home=Path(home),
            stripe_api_base=sandbox.url,
            token_store="session",
            rate=RequestRate(None, None),
            poll_seconds=3.0,
        )
        app = PanelistApp(open_store(settings), settings, Demo(sandbox.key, sandbox.url, CUSTOMERS))
        asyncio.run(take_all(app))


if __name__ == "__main__":
    main()
