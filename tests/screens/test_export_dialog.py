"""Taking a list out in the app: what is said, which file it is, and when there is none."""

from __future__ import annotations

import asyncio
import csv
import json
import stat
from array import array
from pathlib import Path

import pytest
from textual.widgets import Button

from app.db.rows import Fetched
from app.db.store import Store
from app.panel.export.people import takeable
from app.panel.lists.order import whole
from app.panel.lists.selection import Selection
from app.screens.export_dialog import ExportDialog, file_name
from app.widgets.inputs import TextField
from app.widgets.lines.text_line import TextLine
from tests.helpers import rows
from tests.screens.conftest import SIZES, Driven, Start
from tests.screens.segments.test_segments import look

NAMES = ("=cmd()", 'a "b"\n,c', "\x1b[31mRed", "-1", "'x", "李明 🎈", None)


@pytest.fixture
def here(store: Store) -> int:
    to = rows.connection(store)
    people = [rows.person(f"cus_{one}", name=name) for one, name in enumerate(NAMES)]
    rows.send(store, to, Fetched(1, participants=people))
    rows.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def ask(at: Driven, name: str | None = None) -> ExportDialog:
    """The dialog, with this name instead of the one proposed."""
    await at.press("x")
    assert isinstance(at.app.screen, ExportDialog)
    at.settle()
    if name is not None:
        at.app.screen.query_one(TextField).value = name
        await at.pilot.pause()
    return at.app.screen


def said(form: ExportDialog) -> str:
    return str(form.query_one("#export-said", TextLine).content)


def shown(form: ExportDialog, button: str) -> bool:
    return bool(form.query_one(f"#{button}", Button).display)


@pytest.mark.parametrize("size", SIZES)
async def test_a_list_becomes_a_file(
    start: Start, here: int, home: Path, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        await look(at)
        form = await ask(at)
        assert "Export 7 participants" in at.flat
        assert "The file contains personal data" in at.flat
        assert "Not masked" in at.flat
        await at.press("enter")
        await at.until(lambda: "Exported 7 participants to" in at.flat)
        (file,) = home.iterdir()
        assert said(form).endswith(f"to {file}")
        assert file.name.startswith("all-customers-")
        assert file.suffix == ".csv"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with file.open(newline="", encoding="utf-8-sig") as lines:
            found = {row["stripe_id"]: row["name"] for row in csv.DictReader(lines)}
        assert found["cus_0"] == "'=cmd()"  # no formula to a spreadsheet
        assert found["cus_1"] == NAMES[1]
        await at.press("escape")
        assert not isinstance(at.app.screen, ExportDialog)
        assert "Nothing was exported" not in at.toasts


async def test_a_file_that_is_there_is_replaced_by_a_key_of_its_own(
    start: Start, here: int, home: Path
) -> None:
    (home / "a.csv").write_text("old")
    async with start((80, 24)) as at:
        await look(at)
        form = await ask(at, "a.csv")
        await at.press("ctrl+r")  # nothing was refused yet
        assert (home / "a.csv").read_text() == "old"
        await at.press("enter")
        await at.until(lambda: "already exists" in at.flat)
        await at.press("enter")
        await at.until(lambda: "already exists" in at.flat and form.query_one(TextField).has_focus)
        assert (home / "a.csv").read_text() == "old"
        assert shown(form, "replace")
        await at.press("backspace")  # another name
        assert not shown(form, "replace")
        await at.press("v", "enter")
        await at.until(lambda: shown(form, "replace"))
        await at.press("ctrl+r")
        await at.until(lambda: "Exported 7 participants to" in at.flat)
        assert (home / "a.csv").read_text("utf-8-sig").startswith("stripe_id,")


async def test_the_mouse_does_it_too(start: Start, here: int, home: Path) -> None:
    (home / "a.csv").write_text("old")
    async with start((80, 24)) as at:
        await look(at)
        form = await ask(at, "a.csv")
        await at.pilot.click("#write")
        await at.until(lambda: shown(form, "replace"))
        await at.pilot.click("#replace")
        await at.until(lambda: "Exported 7 participants to" in at.flat)
        await at.pilot.click("#cancel")
        assert not isinstance(at.app.screen, ExportDialog)
    assert (home / "a.csv").read_text() != "old"


async def test_a_key_changes_the_form_and_json_is_exact(
    start: Start, here: int, home: Path
) -> None:
    async with start((120, 40)) as at:
        await look(at)
        await ask(at, "v1.csv")
        for ending, said in ((".jsonl", "as JSON lines"), (".csv", "as CSV")) * 2:
            await at.press("ctrl+t")
            assert at.app.screen.query_one(TextField).value == f"v1{ending}"
            assert said in at.flat
        await at.press("ctrl+t", "enter")
        await at.until(lambda: "Exported 7 participants to" in at.flat)
    text = (home / "v1.jsonl").read_text()
    found = {one["stripe_id"]: one["name"] for one in map(json.loads, text.splitlines())}
    assert found == {f"cus_{one}": name for one, name in enumerate(NAMES)}


async def test_what_masking_hides_is_not_in_the_file(start: Start, here: int, home: Path) -> None:
    async with start((80, 24)) as at:
        await look(at)
        await at.press("M")
        await ask(at, "a.jsonl")
        assert "Masked: names" in at.flat
        await at.press("enter")
        await at.until(lambda: "Exported 7 participants to" in at.flat)
    text = (home / "a.jsonl").read_text()
    assert "@example.com" not in text
    assert "cmd" not in text


async def test_escape_stops_and_leaves_no_file(
    start: Start, here: int, home: Path, store: Store
) -> None:
    ids = whole(store, Selection(here)) * 100_000  # more than is written before a key is pressed
    async with start((80, 24)) as at:
        await look(at)
        form = ExportDialog(
            store, takeable(store, here, array("q", ids), "all"), "=Evil/../Pro", masking=False
        )
        answers: list[Path | None] = []
        at.app.push_screen(form, answers.append)
        await at.pilot.pause()
        at.settle()
        at.app.simulate_key("enter")  # to wait until it is idle would take seconds
        while " of 700,000, " not in said(form):
            await asyncio.sleep(0.01)
        assert [one.suffix for one in home.iterdir()] == [".part"]
        await at.press("escape")
        await at.until(lambda: not list(home.iterdir()))
        assert answers == [None]


async def test_a_problem_is_said_and_another_name_can_be_given(
    start: Start, here: int, home: Path
) -> None:
    async with start((80, 24)) as at:
        await look(at)
        form = await ask(at)
        for name in ("no/a.csv", ".."):
            form.query_one(TextField).value = name
            await at.press("enter")
            await at.until(lambda: "✗" in said(form))
            assert not shown(form, "replace")
        await at.press("ctrl+u", "enter")
        assert "Give the file a name." in said(form)
        await at.press("b", "enter")
        await at.until(lambda: "Exported 7 participants to" in at.flat)
    assert [one.name for one in home.iterdir()] == ["b"]


async def test_a_held_key_writes_nothing(start: Start, here: int, home: Path) -> None:
    async with start((80, 24)) as at:
        await look(at)
        await at.press("x")
        at.rejuvenate()
        await at.press("enter")
        await at.pilot.click("#write")
        await at.pilot.pause()
    assert not list(home.iterdir())


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Active Subscribers", "active-subscribers"),
        ("../../etc/passwd", "etc-passwd"),
        ("Größe & Überfluß", "große-uberfluß".replace("ß", "")),
        ("\x1b[2J\u202e", "2j"),
        ("李明", "people"),
        ("", "people"),
        ("a" * 5_000, "a" * 60),
    ],
)
def test_a_name_is_safe_whatever_the_list_is_called(title: str, name: str) -> None:
    assert file_name(title) == name
