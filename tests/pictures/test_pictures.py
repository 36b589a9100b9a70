"""Every screen looks as its stored picture says, and the documentation shows what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.paths import asset
from tests.docs.shell import ROOT
from tests.helpers.depth import DEEP as IS_DEEP
from tests.helpers.quick_textual import quick_textual
from tests.pictures.drawing import written_worlds
from tests.pictures.files import DEEP, STORED, SUMS, first_stage, snapshots, sums
from tests.pictures.scenes import SCENES, Size
from tests.pictures.world import Worlds

__all__ = ["quick_textual"]

LOOK = ROOT / "build" / "pictures"
TRIES = 3  # the lists are read a moment after the last key, which a busy computer may draw between


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    with written_worlds() as written:
        yield written


def compare(where: str, drawn: dict[str, str], same: set[str]) -> None:
    """Fail with the names of those that differ, and keep what was drawn for a look."""
    wrong = []
    for name, text in drawn.items():
        new = LOOK / name
        new.unlink(missing_ok=True)
        if name not in same:
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(text, "utf-8")
            wrong.append(name)
    assert not wrong, (
        f"{len(wrong)} of {len(drawn)} pictures in {where} differ: {', '.join(wrong)}. What was"
        f" drawn now is in {LOOK.relative_to(ROOT)}. If it is right, `make pictures` stores it."
    )


def stored(folder: Path, drawn: dict[str, str]) -> set[str]:
    """The names of those that the folder has like this."""
    files = {name: folder / name for name in drawn}
    return {
        name for name, file in files.items() if file.exists() and file.read_text() == drawn[name]
    }


def test_every_screen_looks_as_stored_and_as_documented(worlds: Worlds) -> None:
    same, documented = set[str](), set[str]()
    for _ in range(TRIES):
        drawn, shown = first_stage(worlds)
        same |= stored(STORED, drawn)
        documented |= stored(asset("film.svg").parent, shown)
        if len(same) == len(drawn) and len(documented) == len(shown):
            break
    compare("tests/snapshots", drawn, same)
    compare("assets", shown, documented)


def test_no_picture_is_stored_of_a_screen_that_is_gone() -> None:
    files = {file.stem for file in STORED.glob("*/*")}
    assert files == {scene.name for scene in SCENES}


@pytest.mark.deep
@pytest.mark.skipif(not IS_DEEP, reason="PANELIST_DEEP compares the other themes and sizes")
@pytest.mark.parametrize(("theme", "sizes"), DEEP)
def test_the_other_themes_and_sizes(worlds: Worlds, theme: str, sizes: tuple[Size, ...]) -> None:
    drawn, known = snapshots(worlds, theme, sizes), (STORED / SUMS).read_text().splitlines()
    same = {name for name, line in zip(drawn, sums(drawn), strict=True) if line in known}
    compare(f"tests/snapshots/{SUMS}", drawn, same)
