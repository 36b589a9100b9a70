"""What ``status``, ``segments`` and ``participants`` print, for programs and for people."""

from __future__ import annotations

import csv
import io
import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.sandbox.server.server import Sandbox
from app.text import csv_cell
from tests.helpers.command import Home, at, seconds

STRANGE = {
    "formula": "=cmd|'/c calc'!A1",
    "apostrophe": "'quoted",
    "lines": 'two\r\nlines, "quoted"',
    "escape": "Ada\x1b]52;c;ZXZpbA==\x07",
    "percent": "100%_'sure",
}


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


def test_status_is_exactly_the_object_that_is_promised(home: Home, sandbox: Sandbox) -> None:
    status = home.run("status", "--json").json
    connection = status["connection"]
    assert seconds(connection.pop("connected_at")) > 0
    assert connection == {
        "source": "stripe",
        "status": "complete",
        "account": sandbox.world.account_id,
        "account_name": None,
        "mode": "test",
        "method": "restricted_key",
        "disconnected_at": None,
        "disconnect_reason": None,
    }
    with_email = sum(bool(one["email"]) for one in sandbox.world.customers())
    assert status["participants"] == {
        **{"total": 123, "with_email": with_email},
        **{"deleted": 2, "lost": 0},
    }
    sync = status["sync"]
    assert set(sync) == {"steps", "last_event_at", "last_polled_at", "reads_30d"}
    assert [step["name"] for step in sync["steps"]] == [
        *("products", "prices", "subscriptions", "segments", "customers")
    ]
    for step in sync["steps"]:
        assert set(step) == {"name", "state", "done", "total", "message", "complete_since_at"}
        assert step["state"] == "done"
        assert step["done"] == step["total"]
    assert sync["last_event_at"] <= sync["last_polled_at"]
    assert sync["reads_30d"] > 5
    assert status["messages"] == []
    assert set(status) == {*("connection", "participants", "segments", "sync", "messages", "queue")}
    assert status["queue"] == []


def test_status_for_people(home: Home, sandbox: Sandbox) -> None:
    out = home.run("status").out
    assert f"{sandbox.world.account_id}, TEST: complete" in out
    assert "123 participants" in out


def test_segments_are_the_objects_that_are_promised(home: Home) -> None:
    found = home.run("segments", "--json").json
    for segment in found:
        assert set(segment) == {"key", "name", "kind", "rule", "count", "with_email", "doubt"}
        assert segment["doubt"] == ""
        assert segment["count"] >= segment["with_email"] >= 0
    assert found[0]["key"] == "all"
    assert (found[0]["count"], found[0]["kind"]) == (123, "builtin")
    assert home.run("status", "--json").json["segments"] == len(found)
    assert "All Customers" in home.run("segments").out


def test_participants_are_the_objects_that_are_promised(home: Home, sandbox: Sandbox) -> None:
    found = home.run("participants", "--jsonl").lines
    keys = [one["stripe_id"] for one in found]
    assert keys == sorted(one["id"] for one in sandbox.world.customers())
    sent = {one["id"]: one for one in sandbox.world.customers()}
    for one in found:
        assert set(one) == {
            *("stripe_id", "email", "name", "phone", "currency", "metadata", "created"),
            *("customer_account", "deleted", "subscriptions", "subscriptions_known"),
        }
        assert one["subscriptions_known"] is True
        assert seconds(one["created"]) == sent[one["stripe_id"]]["created"]
        assert one["deleted"] is False
        for subscription in one["subscriptions"]:
            assert set(subscription) == {"id", "status", "products", "prices"}
    assert any(one["subscriptions"] for one in found)


def test_deleted_ones_come_with_deleted_only(home: Home) -> None:
    every = home.run("participants", "--jsonl", "--deleted").lines
    assert len(every) == 125
    assert sum(one["deleted"] for one in every) == 2
    assert [one["stripe_id"] for one in every] == sorted(one["stripe_id"] for one in every)


def test_a_segment_by_its_key(home: Home) -> None:
    for segment in home.run("segments", "--json").json[:3]:
        people = home.run("participants", "--jsonl", "--segment", segment["key"]).lines
        assert len(people) == segment["count"]


def test_an_unknown_segment_is_wrong_use(home: Home) -> None:
    ended = home.run("participants", "--segment", "product:prod_\x1b[2J")
    assert ended.code == 2
    assert "\x1b" not in ended.said
    assert "To list segments, run panelist segments" in ended.said


@pytest.mark.parametrize(
    ("text", "which"),
    [("100%_'", "percent"), ("%_'SURE", "percent"), ("'quoted", "apostrophe"), ("=CMD", "formula")],
)
def test_a_search_takes_every_sign_for_itself(home: Home, text: str, which: str) -> None:
    found = home.run("participants", "--jsonl", f"--search={text}").lines
    assert STRANGE[which] in {one["name"] for one in found}
    for one in found:
        looked_at = (one["name"], one["email"], one["stripe_id"], *one["metadata"].values())
        assert any(text.lower() in str(value).lower() for value in looked_at)


def test_csv_gives_every_value_back_and_no_formula(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    with file.open("wb") as out:
        ended = home.run("participants", "--csv", "--exact", "--deleted", stdout=out)
    assert (ended.code, ended.err) == (0, "")
    header, *rows = csv.reader(io.StringIO(file.read_bytes().decode(), newline=""))
    assert header == [
        *("stripe_id", "email", "name", "phone", "currency", "created", "customer_account"),
        *("deleted", "metadata", "subscriptions", "subscriptions_known"),
    ]
    people = home.run("participants", "--jsonl", "--deleted").lines
    assert len(rows) == len(people)
    for row, one in zip(rows, people, strict=True):
        cells: dict[str, Any] = dict(zip(header, row, strict=True))
        for name in ("metadata", "subscriptions"):
            assert json.loads(cells.pop(name)) == one[name]
        for name, cell in cells.items():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            value = int(seconds(one[name])) if name == "created" else one[name]
            assert cell == csv_cell(value)
            assert cell.removeprefix("'") == ("" if value is None else str(value))
    assert {row[2] for row in rows} >= {csv_cell(name) for name in STRANGE.values()}


def test_lines_for_people_hold_nothing_that_a_terminal_obeys(home: Home) -> None:
    ended = home.run("participants")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("\n") == 123
    for character in ended.out.replace("\n", ""):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Co"}
        assert character not in "\u202e\u2066\u200f"


def test_csv_on_a_terminal_holds_nothing_that_it_obeys(home: Home) -> None:
    """A file gets the exact values; no one means a terminal to run them."""
    shown, terminal = os.openpty()
    process = home.start("participants", "--csv", stdout=terminal)
    os.close(terminal)
    parts = []
    while True:
        try:
            part = os.read(shown, 65_536)
        except OSError:  # how Linux says that the other side of a terminal is closed
            break
        if not part:
            break
        parts.append(part)
    process.communicate()
    os.close(shown)
    text = b"".join(parts).decode()
    assert text.count("\r\n") >= 123
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "\x1b" in home.run("participants", "--csv").out


def test_history_says_since_when_and_why(home: Home, sandbox: Sandbox) -> None:
    """Two customers were deleted after the first sync."""
    lines = home.run("participants", "--history", "--deleted", "--jsonl").lines
    gone = [one for one in lines if one["deleted"]]
    assert len(gone) == 2
    events = {one["id"]: one for one in sandbox.world.events()}
    for one in gone:
        assert one["segments"]
        for place in one["segments"]:
            event = events[place["left_by"]]
            assert event["data"]["object"]["id"] == one["stripe_id"]
            assert event["type"] == "customer.deleted"
            assert event["created"] == seconds(place["until"])
    for one in lines:
        here = [place["key"] for place in one["segments"] if place["until"] is None]
        assert ("all" in here) == (not one["deleted"])
        assert all(place["joined_by"] is None for place in one["segments"])
    shown = home.run("participants", "--history", "--deleted")
    assert "(customer.deleted evt_" in shown.out
    assert "all from " in shown.out
    assert "(first seen in a sync)" in shown.out
    assert home.run("participants", "--history", "--csv").code == 2


def test_own_segments_by_command(home: Home) -> None:
    made = home.run("segments", "create", "With email", "--filter", "has:email")
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith("With email (own:with-email): ")
    (view,) = (one for one in home.run("segments", "--json").json if one["kind"] == "own")
    assert view["key"] == "own:with-email"
    listed = home.run("participants", "--segment", view["key"], "--jsonl").lines
    assert len(listed) == view["count"] > 0
    assert all(one["email"] for one in listed)
    changed = home.run("segments", "change", view["key"], "--filter", "-has:email", "--json").json
    assert 0 < changed["count"] < 122
    for wrong in (("create", "With email", "--filter", "has:email"),
                  ("create", "Wrong", "--filter", "emial:x"),
                  ("change", "own:nothing", "--name", "x"), ("delete", "all")):  # fmt: skip
        refused = home.run("segments", *wrong)
        assert (refused.code, refused.out) == (2, "")
        assert "Traceback" not in refused.err
    assert "email" in home.run("segments", "create", "Wrong", "--filter", "emial:x").err
    assert home.run("segments", "delete", view["key"]).out == "Deleted own:with-email.\n"
    assert not [one for one in home.run("segments", "--json").json if one["kind"] == "own"]
