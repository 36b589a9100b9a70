"""``panelist screenshot``: a picture of a screen, masked by itself."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.command import Home, at


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=30, seed=5) as running:
        running.world.create_customer(name="Unmistakable\x1b[2J", email="unmistakable@example.com")
        yield running


@pytest.fixture(scope="module")
def home(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """It has a key, with which an app would sync at once."""
    made = at(sandbox, tmp_path_factory.mktemp("picture") / "home")
    assert made.run("sync").code == 0
    return made


@pytest.mark.parametrize("screen", ["status", "segments"])
def test_a_picture_is_masked_and_changes_nothing(
    home: Home, sandbox: Sandbox, screen: str, tmp_path: Path
) -> None:
    before, asked = kept(home), sandbox.requests.total()
    file = tmp_path / "picture.svg"
    ended = home.run("screenshot", screen, "--size", "100x40", "-o", str(file))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"The picture was saved to {file}, masked.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = unescape("".join(ElementTree.parse(file).getroot().itertext())).replace("\xa0", " ")
    assert screen.capitalize() in text
    assert "nmistakable" not in text
    assert "\x1b" not in text
    assert "•••" in text
    assert kept(home) == before
    assert sandbox.requests.total() == asked
    again = home.run("screenshot", screen, "-o", str(file))
    assert "already exists" in again.said


def kept(home: Home) -> dict[str, str]:
    """The rows of the home's database, and its other files but those that SQLite makes to read."""
    others = (one for one in home.folder.iterdir() if not one.name.startswith("panelist.db"))
    files = {one.name: one.read_text() for one in others}
    with closing(sqlite3.connect(home.folder / "panelist.db")) as database:
        return {**files, "database": "\n".join(database.iterdump())}


def test_wrong_use(home: Home) -> None:
    for words, said in (
        (("segmnts",), "Did you mean segments?"),
        (("status", "--size", "big"), "use columns and rows"),
        (("status", "--size", "1x1"), "use a size from"),
        (("status", "--theme", "lamplihgt", "-o", "-"), "Did you mean lamplight?"),
    ):
        ended = home.run("screenshot", *words)
        assert (ended.code, said in ended.said) == (2, True), ended
