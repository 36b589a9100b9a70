"""Pictures of the app as SVG: for the command, for the palette and for the documentation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.screen import ModalScreen

from app.panel.export.writer import OutputProblem, writing
from app.text import plain

if TYPE_CHECKING:
    from app.screens.base import Host

PAUSE, MOST = 0.1, 60  # seconds between two looks at a screen that still changes, and their number


def svg(app: App[Any]) -> str:
    """The screen as it is now."""
    return app.export_screenshot(title="Panelist")


async def picture(app: App[Any], size: tuple[int, int]) -> str:
    """Run an app without a terminal until its first screen rests, and draw that. ``size``: columns
    and rows."""
    before = ""
    async with app.run_test(size=size) as pilot:
        for _ in range(MOST):
            await pilot.pause(PAUSE)
            now = svg(app)
            if now == before:
                break
            before = now
    return before


def save_masked(host: Host) -> None:
    """Save a picture of the screen in the folder that the app was started in, with names and emails
    masked. Says which file it is, or why there is none."""
    if isinstance(host.screen, ModalScreen) and not host.masking:
        host.tell(
            "A dialog is open, which cannot be masked. No picture was saved. Close it first.",
            problem=True,
        )
        return
    was, host.masking = host.masking, True
    host.clear_notifications()
    host.redraw()

    def take() -> None:
        try:
            text = svg(host)
        finally:
            host.masking = was
            host.redraw()
        _save(text, f"panelist-{time.strftime('%Y-%m-%d-%H%M%S')}.svg", host.tell)

    host.call_after_refresh(take)


def _save(text: str, file: str, tell: Callable[..., None]) -> None:
    try:
        with writing(file, replace=False) as out:
            out.write(text)
    except OutputProblem as problem:
        tell(str(problem), problem=True)
    else:
        tell(f"The picture was saved to {plain(file)}, with names and emails masked.")
