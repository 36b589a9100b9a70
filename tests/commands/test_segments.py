"""``panelist segments show``, ``members`` and ``diff``, as someone runs them."""

from __future__ import annotations

import csv
import datetime
import io
import json
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_sqlite
from app.panel.segments.memberships import places
from app.sandbox.server.server import Sandbox
from app.text import csv_cell
from tests.commands.test_status import STRANGE
from tests.helpers.command import Home, at, seconds
from tests.helpers.panel_history import FIRST as BEGINNING
from tests.helpers.panel_history import Panel
from tests.panel.segments.test_overlap import World

COLUMNS = [
    *("stripe_id", "email", "name", "phone", "plan", "status", "since", "until", "created"),
    "deleted",
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=120, seed=41) as running:
        for name in STRANGE.values():
            running.world.create_customer(name=name, email=None)
        yield running


@pytest.fixture(scope="module")
def home(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Synced twice: all of it, and then two deletions."""
    made = at(sandbox, tmp_path_factory.mktemp("panel") / "home")
    assert made.run("sync").code == 0
    for one in list(sandbox.world.customers())[-2:]:
        sandbox.world.delete_customer(one["id"])
    assert made.run("sync").code == 0
    made.variables.clear()  # reading needs neither a key nor Stripe
    return made


def keys(home: Home, segment: str) -> set[str]:
    lines = home.run("participants", "--jsonl", "--segment", segment).lines
    return {one["stripe_id"] for one in lines}


def test_segments_is_what_it_was(home: Home) -> None:
    listed = home.run("segments", "--json").json
    assert set(listed[0]) == {"key", "name", "kind", "rule", "count", "with_email", "doubt"}
    assert "All Customers" in home.run("segments").out


def test_members_are_those_of_the_segment(home: Home) -> None:
    listed = {one["key"]: one["count"] for one in home.run("segments", "--json").json}
    product = next(key for key in listed if key.startswith("product:"))
    for action, key in (
        ("show", "all"),
        ("members", "active"),
        ("show", "none"),
        ("show", product),
    ):
        lines = home.run("segments", action, key, "--jsonl").lines
        assert {one["stripe_id"] for one in lines} == keys(home, key)
        assert len(lines) == listed[key]
        for one in lines:
            assert list(one) == COLUMNS
            assert (one["until"], one["deleted"]) == (None, False)
            assert seconds(one["since"]) > 0


def test_options_may_stand_before_what_is_asked(home: Home) -> None:
    one = home.run("segments", "--json", "show", "active")
    assert one.out == home.run("segments", "show", "active", "--json").out
    account = home.run("status", "--json").json["connection"]["account"]
    assert home.run("segments", "--account", account, "show", "active", "--json").out == one.out
    assert home.run("segments", "show", "active", "--account", account, "--json").out == one.out
    assert home.run("segments", "show", "active", "--account", "acct_x").code == 2


@pytest.fixture
def eventful(tmp_path: Path) -> tuple[Home, World]:
    """A panel to which things happened, with every place of everyone."""
    made = Home(tmp_path / "eventful")
    store = open_sqlite(made.folder / "panelist.db")
    panel = Panel(store, 11)
    for _ in range(60):
        panel.happen()
    people = store.rows("SELECT id, stripe_id FROM participant")
    return made, World(store, panel, {row: places(store, panel.here, key) for row, key in people})


def utc(at: int) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()


def test_members_of_a_past_moment(eventful: tuple[Home, World]) -> None:
    home, world = eventful
    names: dict[int, str] = dict(world.store.rows("SELECT id, stripe_id FROM participant"))
    moment = BEGINNING + 1
    for key in ("all", "active"):
        lines = home.run("segments", "show", key, "--on", utc(moment), "--jsonl").lines
        assert [one["stripe_id"] for one in lines] == [names[row] for row in world.on(key, moment)]
        assert any(one["until"] for one in lines)
        for one in lines:
            assert seconds(one["since"]) <= moment
            assert one["until"] is None or seconds(one["until"]) > moment
    assert any(
        one["deleted"]
        for one in home.run("segments", "show", "all", "--on", utc(moment), "--jsonl").lines
    )
    assert " until " in home.run("segments", "show", "all", "--on", utc(moment)).out


def test_a_day_is_its_end(home: Home) -> None:
    tomorrow = datetime.date.today() + datetime.timedelta(days=1)
    lines = home.run("segments", "show", "all", "--on", str(tomorrow), "--jsonl").lines
    assert {one["stripe_id"] for one in lines} == keys(home, "all")


def test_of_before_the_first_sync_nothing_is_known(home: Home) -> None:
    for asked in (("show", "all", "--on"), ("diff", "all", "--since")):
        ended = home.run("segments", *asked, "2001-02-03")
        assert ended.code == 2
        assert "There is no history of that time: the first sync began" in ended.said


@pytest.mark.parametrize("date", ["someday", "2026-13-01", "99999999999", ""])
def test_what_is_no_date_is_wrong_use(home: Home, date: str) -> None:
    ended = home.run("segments", "show", "all", "--on", date)
    assert (ended.code, ended.out) == (2, "")
    assert "2026-02-03" in ended.err


@pytest.mark.parametrize("asked", [("show",), ("diff", "all"), ("show", "--on", "2100-01-01")])
def test_an_unknown_segment_is_wrong_use(home: Home, asked: tuple[str, ...]) -> None:
    ended = home.run("segments", *asked, "product:prod_\x1b[2J")
    assert ended.code == 2
    assert "\x1b" not in ended.said
    assert "To list segments, run panelist segments." in ended.said


def test_csv_gives_every_value_back_and_no_formula(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    ended = home.run("segments", "show", "all", "--csv", "--exact", "--output", str(file))
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    header, *rows = csv.reader(io.StringIO(file.read_bytes().decode(), newline=""))
    assert header == COLUMNS
    people = home.run("segments", "show", "all", "--jsonl").lines
    assert len(rows) == len(people)
    for row, one in zip(rows, people, strict=True):
        for name, cell in zip(header, row, strict=True):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            value = int(seconds(one[name])) if name in ("since", "created") else one[name]
            assert cell == csv_cell(value)
            assert cell.removeprefix("'") == ("" if value is None else str(value))
    assert {row[2] for row in rows} >= {csv_cell(name) for name in STRANGE.values()}


def test_a_file_is_replaced_only_by_a_whole_one(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "members"
    file.write_text("before")
    ended = home.run("segments", "show", "nobody", "--output", str(file))
    assert (ended.code, file.read_text()) == (2, "before")
    asked = ("segments", "show", "all", "--jsonl", "-o", str(file))
    assert "already exists. It was not changed" in home.run(*asked).said
    assert file.read_text() == "before"
    assert home.run(*asked, "-f").code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 123
    assert [one.name for one in tmp_path.iterdir()] == ["members"]
    ended = home.run("segments", "show", "all", "--output", str(tmp_path / "no\x1b" / "file"))
    assert ended.code == 1
    assert "could not be written" in ended.said
    assert "\x1b" not in ended.said


def test_lines_for_people_hold_nothing_that_a_terminal_obeys(home: Home) -> None:
    for asked in (("show", "all"), ("diff", "all", "active"), ("diff", "all", "--since", SOON)):
        ended = home.run("segments", *asked)
        assert (ended.code, ended.err) == (0, "")
        for character in ended.out.replace("\n", ""):
            assert unicodedata.category(character) not in {"Cc", "Cs", "Co"}
            assert character not in "\u202e\u2066\u200f"


SOON = "2999-01-01"


def test_two_segments_beside_each_other(home: Home) -> None:
    summary, *lines = home.run("segments", "diff", "canceled", "all", "--jsonl").lines
    first, second = keys(home, "canceled"), keys(home, "all")
    assert summary == {
        "type": "summary",
        "first": "canceled",
        "second": "all",
        "both": len(first & second),
        "only_first": 0,
        "only_second": len(second - first),
        "doubts": {},
    }
    assert {one["stripe_id"] for one in lines} == second - first
    assert {one["type"] for one in lines} == {"only_second"}
    shown = home.run("segments", "diff", "canceled", "all").out.splitlines()
    assert shown[0].endswith(f"0 only in canceled, {len(second - first)} only in all")
    assert all(line.startswith("> ") for line in shown[1:])


def test_what_changed_since(eventful: tuple[Home, World]) -> None:
    home, world = eventful
    rows: dict[str, int] = dict(world.store.rows("SELECT stripe_id, id FROM participant"))
    moment = (BEGINNING + world.panel.at) // 2
    then, now = set(world.on("active", moment)), set(world.on("active", 2**40))
    asked = ("segments", "diff", "active", "--since", utc(moment))
    summary, *told = home.run(*asked, "--jsonl").lines
    assert summary == {
        "type": "summary",
        "segment": "active",
        "since": utc(moment),
        "joined": len(now - then),
        "left": len(then - now),
        "stayed": len(now & then),
        "doubts": {},
    }
    assert {rows[one["stripe_id"]] for one in told if one["type"] == "joined"} == now - then
    assert {rows[one["stripe_id"]] for one in told if one["type"] == "left"} == then - now
    for one in told:
        last = [a for a in world.had[rows[one["stripe_id"]]] if a.segment == "active"][-1]
        reason = last.joined_by if one["type"] == "joined" else last.left_by
        assert reason
        assert seconds(one["at"]) == (last.since if one["type"] == "joined" else last.until)
        assert (one["event"], one["event_type"]) == (reason.event, reason.type)
    first, *lines = home.run(*asked).out.splitlines()
    assert first.startswith(f"{len(now - then)} joined, {len(then - now)} left, ")
    assert [line[:2] for line in lines] == ["+ "] * len(now - then) + ["- "] * len(then - now)


def test_a_diff_needs_something_beside_it(home: Home) -> None:
    assert home.run("segments", "diff", "all").code == 2
    assert home.run("segments", "diff", "all", "active", "--since", "2026-01-01").code == 2


def test_without_a_connection(tmp_path: Path) -> None:
    home = Home(tmp_path / "empty")
    for asked in (("show", "all"), ("diff", "all", "active")):
        ended = home.run("segments", *asked)
        assert ended.code == 3
        assert "Not connected" in ended.err
