"""The shortest ways to what people do most, as docs/keys.md counts them: each leads there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from app.tui import PanelistApp
from app.widgets.dialog import DecisionDialog
from tests.docs.shortest_ways import PASTE, WAYS, Way
from tests.helpers.quick_textual import quick_textual
from tests.pictures.drawing import cells_of, rest, written_worlds
from tests.pictures.drawing import press as press_keys
from tests.pictures.world import Worlds

__all__ = ["quick_textual"]


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    with written_worlds() as written:
        yield written


def text(app: PanelistApp) -> str:
    """What the screen says."""
    return "\n".join("".join(cell.text for cell in line) for line in cells_of(app))


def number(app: PanelistApp, question: str) -> int:
    (found,) = app.store.row(question)
    return int(found)


def connected(app: PanelistApp) -> bool:
    return number(app, "SELECT count(*) FROM connection") == 1


def found(app: PanelistApp) -> bool:
    return "Lukas von Ahn" in text(app) and "Currency" in text(app)


def segment(app: PanelistApp) -> bool:
    return number(app, "SELECT count(*) FROM segment WHERE name = 'At risk' AND count = 9") == 1


def invited(app: PanelistApp) -> bool:
    return number(app, "SELECT count(*) FROM invite WHERE state = 'queued'") == 40


def undone(app: PanelistApp) -> bool:
    return number(app, "SELECT count(*) FROM invite WHERE state = 'queued'") == 0


def exported(app: PanelistApp) -> bool:
    return any(len(one.read_text().splitlines()) == 796 for one in Path.cwd().glob("*.csv"))


def left(app: PanelistApp) -> bool:
    return "Left" in text(app) and "canceled Pro" in text(app)


# No email leaves: the clock stands still, so the time to undo never ends.
MAIL = {"smtp_server": "smtp://rosa@127.0.0.1:9", "smtp_password": "not asked for"}
RESULTS = {
    one.__name__: one for one in (connected, found, segment, invited, undone, exported, left)
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.result)
async def test_a_way_leads_there(
    worlds: Worlds, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with worlds.app(way.world, "lamplight", **MAIL) as app:
        async with app.run_test(size=(120, 40)) as pilot:
            await rest(app, pilot)
            for step in way.before:
                await press(app, pilot, step)
            assert not RESULTS[way.result](app)
            for step in way.steps:
                await press(app, pilot, step)
            assert RESULTS[way.result](app), text(app)


async def press(app: PanelistApp, pilot: Pilot[None], step: str) -> None:
    if isinstance(app.screen, DecisionDialog):
        app.screen.opened = 0.0  # nobody's keys are left over
    if step == PASTE:
        app.post_message(events.Paste("rk_test_pasted0123456789"))
    else:
        await press_keys(app, pilot, step)
    await rest(app, pilot)
