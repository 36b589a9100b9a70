"""Draws the scenes, as SVG and as a normal form that is short and that a person can compare."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from string import ascii_letters
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea

from app.screens.screen_picture import svg
from app.tui import PanelistApp
from tests.pictures.scenes import DOCS_SIZE, SCENES, Scene, Size, Typed, keys
from tests.pictures.world import Worlds, fixed_clock

REST = 0.03  # seconds between two looks at a screen that may still change
MOST = 200  # looks
SOON = 1.5  # seconds within which a timer is waited for


class Cell(NamedTuple):
    """A text of one style, with its width in cells."""

    text: str
    color: str
    ground: str
    words: str  # such as "bold"
    width: int


@dataclass(frozen=True)
class Picture:
    """One scene at a size."""

    scene: Scene
    size: Size
    cells: list[list[Cell]]
    svg: str

    @property
    def text(self) -> str:
        """The normal form."""
        return normal_form(self.cells)

    @property
    def ground(self) -> str:
        """The colour of most of the background."""
        counted: Counter[str] = Counter()
        for cell in chain(*self.cells):
            counted[cell.ground] += cell.width
        return counted.most_common(1)[0][0]


@contextmanager
def written_worlds() -> Iterator[Worlds]:
    """The worlds, under the fixed clock."""
    with fixed_clock(), tempfile.TemporaryDirectory(prefix="panelist-pictures-") as folder:
        worlds = Worlds(Path(folder))
        worlds.write()
        yield worlds


def draw(
    worlds: Worlds, sizes: Sequence[Size], theme: str, documented: bool = False
) -> Iterator[Picture]:
    """Draw every scene at some sizes. Each has an app of its own, whose terminal is resized.
    ``documented``: also at the size that the documentation shows, if it shows the scene."""
    for scene in SCENES:
        shown = documented and (scene.docs or scene.frame)
        with worlds.app(scene.world, theme) as app:
            yield from asyncio.run(_take(app, scene, [*sizes, DOCS_SIZE] if shown else sizes))


async def _take(app: PanelistApp, scene: Scene, sizes: Sequence[Size]) -> list[Picture]:
    made = []
    async with app.run_test(size=sizes[0]) as pilot:
        await rest(app, pilot)
        for step in scene.steps:
            await press(app, pilot, step)
            await rest(app, pilot, scene.lists and step is scene.steps[-1])
        for size in sizes:
            if size != app.size:
                await pilot.resize_terminal(*size)
                await rest(app, pilot)
            made.append(Picture(scene, size, cells_of(app), svg(app) if size == DOCS_SIZE else ""))
    return made


async def press(app: PanelistApp, pilot: Pilot[None], step: str) -> None:
    """Press the keys of a step. A text waits for a field."""
    for _ in range(MOST):
        if not isinstance(step, Typed) or isinstance(app.focused, Input | TextArea):
            break
        await pilot.pause(REST)
    await pilot.press(*keys(step))


async def rest(app: PanelistApp, pilot: Pilot[None], lists: bool = False) -> None:
    """Until no thread reads for the screen, a list that must have rows has some, and the
    screen stays as it is."""
    before: list[object] = []
    for _ in range(MOST):
        await pilot.pause(REST)
        for field in app.screen.query("Input, TextArea"):
            assert isinstance(field, Input | TextArea)
            field.cursor_blink = False
        app.screen.refresh()  # a dialog keeps what it once drew of the screen below
        now: list[object] = [*app.screen._compositor.render_strips()]
        full = all(one.option_count for one in app.screen.query(OptionList) if lists)
        if now == before and full and not _works(app):
            return
        before = now
    raise TimeoutError("The screen does not come to rest.")


def _works(app: PanelistApp) -> bool:
    """Whether a thread reads, or something is about to happen."""
    nodes = [
        app,
        *(one for screen in app.screen_stack for one in screen.walk_children(with_self=True)),
    ]
    soon = (
        timer._task is not None and not timer._task.done()
        for node in nodes
        for timer in node._timers
        if timer._repeat == 0 and timer._interval < SOON
    )
    return any(soon) or any(one.is_running for one in app.workers)


def cells_of(app: PanelistApp) -> list[list[Cell]]:
    """What the screen shows: for each line its runs of one style."""
    lines = []
    for strip in app.screen._compositor.render_strips():
        cells: list[Cell] = []
        for text, style, _ in strip:
            cell = _cell(text, style or Style())
            if cells and cells[-1][1:4] == cell[1:4]:
                before = cells.pop()
                cell = cell._replace(text=before.text + text, width=before.width + cell.width)
            cells.append(cell)
        lines.append(cells)
    return lines


def _cell(text: str, style: Style) -> Cell:
    color, ground = (one.name if one else "default" for one in (style.color, style.bgcolor))
    if style.reverse:
        color, ground = ground, color
    looks = ("bold", "dim", "italic", "underline", "strike")
    words = " ".join(name for name in looks if getattr(style, name))
    return Cell(text, color, ground, words, cell_len(text))


def normal_form(lines: list[list[Cell]]) -> str:
    """The lines, then the styles of each line: a letter for a style and how many cells have it, and
    what the letters mean."""
    names: dict[str, str] = {}
    runs = []
    for cells in lines:
        said = []
        for cell in cells:
            style = f"{cell.color} on {cell.ground} {cell.words}".rstrip()
            count = len(names)
            name = names.setdefault(style, ascii_letters[count % 52] * (1 + count // 52))
            said.append(f"{name}{cell.width}")
        runs.append(" ".join(said))
    texts = ["".join(cell.text for cell in cells).rstrip() for cells in lines]
    meanings = [f"{name} = {style}" for style, name in names.items()]
    return "\n".join([*texts, "", *runs, "", *meanings, ""])
