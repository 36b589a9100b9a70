"""The files of the pictures: where each is, and what has to be in it."""

from __future__ import annotations

import hashlib

from tests.docs.shell import ROOT
from tests.pictures.drawing import Picture, draw
from tests.pictures.film import film
from tests.pictures.scenes import DOCS_SIZE, Size
from tests.pictures.world import Worlds

STORED = ROOT / "tests" / "snapshots"
THEME, SIZES = "lamplight", ((80, 24), (120, 40))
DEEP = [("paper", SIZES), ("terminal", SIZES), (THEME, ((200, 60),))]
SUMS = "others.txt"  # of the other themes and sizes only the sums are kept, to be small


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


def first_stage(worlds: Worlds) -> tuple[dict[str, str], dict[str, str]]:
    """The files of the first theme and sizes, and the pictures of the documentation."""
    pictures = [*draw(worlds, SIZES, THEME, documented=True)]
    shown = [one for one in pictures if one.size == DOCS_SIZE]
    frames = sorted((one for one in shown if one.scene.frame), key=lambda one: one.scene.frame)
    return (
        {file_name(THEME, one): one.text for one in pictures if one.size in SIZES},
        {f"{one.scene.name}.svg": one.svg for one in shown if one.scene.docs}
        | {"film.svg": film(frames)},
    )
