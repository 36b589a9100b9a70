"""``panelist invites remind``: a reminder is sent by its hash, to those who were shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.invites import lifecycle
from app.invites.invite_log import invite_ids
from app.invites.ledger_proof import prove
from tests.commands.test_invite import World
from tests.helpers.study_world import BY, account, queued, send, sender, study


@pytest.fixture
def home(tmp_path: Path) -> Iterator[World]:
    """All 12 were invited, and the first has replied."""
    made = World(tmp_path / "home", {"PANELIST_TOKEN_STORE": "plain", "LOGNAME": "ann"})
    queued(made.store, study(made.store, account(made.store, 12)), "eml")
    send(sender(made.store, made.here, made.folder))
    mark(made, 0, "started")
    yield made
    made.store.close()


def mark(home: World, person: int, state: str) -> None:
    (one,) = invite_ids(home.store, home.here, text=f"cus_{person:05}")
    lifecycle.mark(home.store, home.here, [one], state, BY)


def shown(home: World) -> Any:
    found = home.run("invites", "remind", "--study", "Pricing", "--json").json
    assert (found["number"], found["channel"]) == (11, "eml")
    return found["plan"]


def reminded(home: World) -> int:
    return int(home.store.row("SELECT count(*) FROM invite WHERE reminder IS NOT NULL")[0])


def test_who_fell_out_of_a_reminder_is_dropped_and_named(home: World) -> None:
    plan = shown(home)
    told = home.run("invites", "remind", "--study", "Pricing")
    assert f"panelist invites remind --plan {plan[:12]} --expect 11" in told.err
    for how in (("--yes", "--expect", "11"), ("--plan", plan), ("--plan", "000000", "--yes")):
        assert home.run("invites", "remind", *how).code == 2
    assert home.run("invite", "--plan", plan, "--expect", "11").code == 2, "it is of no invites"
    other = home.run("invites", "remind", "--plan", plan, "--expect", "12")
    assert (other.code, "for 11 participants, but --expect is 12" in other.err) == (1, True)
    mark(home, 1, "completed")
    home.opt_out(2)
    assert reminded(home) == 0
    ended = home.run("invites", "remind", "--plan", plan, "--expect", "11")
    assert ended.code == 0
    assert "− Person 1 <cus_00001@example.com>: completed since" in ended.out
    assert "− Person 2 <cus_00002@example.com>: do not contact" in ended.out
    assert "9 of at most 11 planned recipients are reminded" in ended.err
    assert reminded(home) == 9
    again = home.run("invites", "remind", "--plan", plan, "--expect", "11")
    assert (again.code, "already sent" in again.err) == (1, True)
    assert prove(home.store, home.here).holds


def test_who_would_be_added_to_a_reminder_is_asked_about(home: World) -> None:
    plan = shown(home)
    home.store.execute("UPDATE invite SET state = 'handed_over' WHERE state = 'started'")
    ended = home.run("invites", "remind", "--plan", plan, "--expect", "11")
    assert ended.code == 1
    assert "+ Person 0 <cus_00000@example.com>" in ended.out
    assert reminded(home) == 0
    told = home.run("invites", "remind", "--plan", plan, "--expect", "11", "--json")
    asked = json.loads(told.out)
    assert [one["stripe_id"] for one in asked["added"]] == ["cus_00000"]
    assert (asked["number"], asked["new_plan"][:12] in ended.err) == (12, True)
    sent = home.run("invites", "remind", "--plan", plan, "--expect", "11", "--only-planned")
    assert (sent.code, reminded(home)) == (0, 11)


def test_a_reminder_has_a_start_time_too(home: World) -> None:
    how = ("invites", "remind", "--plan", shown(home), "--expect", "11", "--start")
    assert "is not a valid start time" in home.run(*how, "Tuesday").said
    ended = home.run(*how, "tomorrow 9:00")
    assert (ended.code, reminded(home)) == (0, 11)
    assert "They start on " in ended.err
    home.store.execute("UPDATE run SET go_at = 0 WHERE kind = 'reminder'")
    assert home.run("send").code == 0
    assert home.store.rows("SELECT DISTINCT reminder FROM invite WHERE reminder IS NOT NULL") == [
        ("handed_over",)
    ]
