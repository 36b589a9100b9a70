"""Every word that is drawn can be read, from the first frame on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.color import Color

from app.db.store import Store
from app.widgets.themes import TEXT, THEMES, contrast
from tests.helpers import filled_store as filled
from tests.screens.conftest import Driven, Start

LINES = set("─━│┃├┤╭╮╰╯┌┐└┘┏┓┗┛▁▂▃▄▅▆▇█▔▕▏▎▊▌▐▀·• ")


def faint(at: Driven) -> Iterator[str]:
    """Each drawn word that stands out too little from its ground. The page behind a dialog is
    faint on purpose."""
    screen = at.app.screen
    area = screen.query_one("#dialog").region if screen.is_modal else screen.region
    rows = screen._compositor.render_strips()[area.y : area.bottom]
    for strip in rows:
        for segment in strip.crop(area.x, area.right):
            style, letters = segment.style, set(segment.text) - LINES
            if letters and style and style.color and style.bgcolor:
                one, ground = map(Color.from_rich_color, (style.color, style.bgcolor))
                measured = contrast(one, ground)
                if measured < TEXT - 0.01:
                    yield f"{segment.text.strip()!r} {one.hex} on {ground.hex}: {measured:.2f}"


@pytest.mark.parametrize("known", [False, True])
async def test_the_first_frame(start: Start, store: Store, known: bool) -> None:
    if known:
        filled.acme(store)
    async with start((120, 40)) as at:
        assert set(faint(at)) == set()


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES[:2]])
async def test_every_mode(start: Start, store: Store, theme: str) -> None:
    filled.acme(store)
    async with start((120, 40)) as at:
        at.app.theme = theme
        for keys in ("1", "2", "3", "n", "escape", "4", "n"):
            await at.press(keys)
            assert set(faint(at)) == set(), keys
