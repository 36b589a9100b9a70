"""Taking a list out: a whole file that only its owner can read, or none."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pytest

from app.db.rows import Answer
from app.db.store import Store
from app.panel.chosen import Chosen
from app.panel.lists import Order, whole
from app.panel.taking import CHUNK, OutputProblem, take
from app.screens.taking import TakeOut
from tests.db import making
from tests.screens.conftest import Start
from tests.screens.test_segments import look, put

NAMES = ("=cmd()", 'a "b"\n,c', "\x1b[31mRed", "-1", "'x", "李明 🎈", None)


@pytest.fixture
def here(store: Store) -> int:
    to = making.connection(store)
    people = [making.person(f"cus_{one}", name=name) for one, name in enumerate(NAMES)]
    making.send(store, to, Answer(1, participants=people))
    making.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def test_a_list_becomes_a_file(start: Start, here: int, home: Path) -> None:
    async with start((80, 24)) as at:
        await look(at)
        await at.press("t")
        assert isinstance(at.app.screen, TakeOut)
        at.settle()
        await at.press("enter")
        await at.until(lambda: "7 people are in" in at.toasts)
        (file,) = home.iterdir()
        assert file.name.startswith("all-")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with file.open(newline="") as lines:
            found = {row["stripe_id"]: row["name"] for row in csv.DictReader(lines)}
        assert found["cus_0"] == "'=cmd()"  # no formula to a spreadsheet
        assert found["cus_1"] == NAMES[1]
        await at.press("t")
        at.settle()
        await at.press("enter")
        await at.until(lambda: "is there already" in at.flat)
        await at.press("escape")
        assert len(list(home.iterdir())) == 1


async def test_json_is_exact_and_masked_when_masking_is_on(
    start: Start, here: int, home: Path
) -> None:
    async with start((120, 40)) as at:
        await look(at)
        for masked in (False, True):
            await at.press("t")
            at.settle()
            await at.press("ctrl+u")
            name = f"{masked}.jsonl".lower()
            await put(at, name)
            await at.press("enter")
            await at.until(lambda: not isinstance(at.app.screen, TakeOut))
            text = (home / name).read_text()
            found = {one["stripe_id"]: one["name"] for one in map(json.loads, text.splitlines())}
            assert (found["cus_2"] == NAMES[2]) is not masked
            assert ("@example.com" in text) is not masked
            await at.press("x")


class _Ended(Exception):
    pass


def test_what_is_stopped_or_cannot_be_leaves_no_file(store: Store, here: int, home: Path) -> None:
    ids = whole(store, Chosen(here), Order()) * (CHUNK // len(NAMES) + 1)

    def end(number: int) -> None:
        raise _Ended

    with pytest.raises(_Ended):
        take(store, here, ids, "all", str(home / "a.csv"), masking=False, told=end)
    with pytest.raises(OutputProblem, match="unchanged"):
        take(store, here, ids, "all", str(home / "no" / "a.csv"), masking=False, told=print)
    assert not list(home.iterdir())
