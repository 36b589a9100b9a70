"""The files of the pictures: where each is, and what has to be in it."""

from __future__ import annotations

import hashlib

from tests.docs.shell import ROOT
from tests.pictures.drawing import Picture, Size, draw
from tests.pictures.scenes import SCENES
from tests.pictures.world import Worlds

STORED = ROOT / "tests" / "snapshots"
THEME, SIZES = "lamplight", ((80, 24), (120, 40))
DEEP = [("paper", SIZES), ("terminal", SIZES), (THEME, ((200, 60),))]
SUMS = "others.txt"  # of the other themes and sizes only the sums are kept, to be small
DOCS_SIZE = (110, 32)


def file_name(theme: str, picture: Picture) -> str:
    """Where the normal form of a picture is."""
    columns, rows = picture.size
    return f"{theme}-{columns}x{rows}/{picture.scene.name}.txt"


def snapshots(worlds: Worlds, theme: str, sizes: tuple[Size, ...]) -> dict[str, str]:
    """The files of a theme."""
    return {file_name(theme, one): one.text for one in draw(worlds, sizes, theme)}


def sums(pictures: dict[str, str]) -> list[str]:
    """A line for each picture, which differs when it does."""
    return [
        f"{name} {hashlib.sha256(text.encode()).hexdigest()[:16]}"
        for name, text in pictures.items()
    ]


def documented(worlds: Worlds) -> dict[str, str]:
    """The pictures that the documentation shows, as SVG."""
    shown = [one for one in SCENES if one.docs]
    return {f"{one.scene.name}.svg": one.svg for one in draw(worlds, [DOCS_SIZE], THEME, shown)}
