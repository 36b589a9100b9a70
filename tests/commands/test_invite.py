"""A plan is sent by its hash, and what was shown is what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from app.db.engines.store_factory import open_store
from app.db.rows import Fetched
from app.db.store import Store
from app.invites import opt_outs, studies
from app.invites.mail.addresses import hasher
from app.invites.sending import runs
from app.settings import Settings
from tests.helpers import rows
from tests.helpers.command import Ended, Home
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import BY, account, study

SMTP = "smtp+plain://rosa@localhost:1"


class World(Home):
    """A home with an account of 12 and a study of everyone."""

    @cached_property
    def store(self) -> Store:
        return open_store(Settings(home=self.folder))

    @property
    def key(self) -> int:
        return int(self.store.row("SELECT min(id) FROM study")[0])

    @property
    def here(self) -> int:
        return int(self.store.row("SELECT min(id) FROM connection")[0])

    def plan(self, *options: str) -> Any:
        """A new plan, as JSON."""
        return self.run("invite", "--study", "Pricing", *options, "--json").json

    def confirm(self, plan: Any, *options: str) -> Ended:
        """Say its hash and its number."""
        number = str(plan["counts"]["invite"])
        return self.run("invite", "--plan", plan["hash"][:6], "--expect", number, *options)

    def addresses(self) -> set[str]:
        """To whom invites went."""
        found = self.store.rows("SELECT address FROM invite WHERE sent_at IS NOT NULL")
        return {address for (address,) in found}

    def opt_out(self, *numbers: int) -> None:
        hashes = hasher(self.store)
        boxes = [hashes.stored(f"cus_{one:05}@example.com") for one in numbers]
        opt_outs.record(self.store, self.here, boxes, "opted_out", BY)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home", {"PANELIST_TOKEN_STORE": "plain", "LOGNAME": "ann"})
    study(made.store, account(made.store, 12))
    yield made
    made.store.close()


def planned(store: Store, plan: Any) -> set[str]:
    """The addresses of a plan's invitees."""
    found = store.rows(
        "SELECT p.email FROM planned w JOIN participant p ON p.id = w.participant_id"
        " WHERE w.plan_id = ? AND w.mailbox IS NOT NULL",
        (plan["plan"],),
    )
    return {email for (email,) in found}


@pytest.mark.parametrize(
    "options",
    [
        ("--yes", "--expect", "5", "--sample", "5"),
        ("--yes", "--expect", "5", "--sample", "5", "--seed", "7f3a"),
        ("--yes", "--expect", "12"),
        ("--yes",),
        ("--expect", "12"),
        ("--plan", "HASH", "--yes"),
        ("--plan", "HASH", "--expect", "5", "--sample", "5"),
        ("--plan", "HASH", "--expect", "5", "--output", "file"),
        ("--plan", "HASH", "--expect", "5", "--study", "Another"),
        ("--plan", "12345", "--expect", "5"),
        ("--plan", "zzzzzz", "--expect", "5"),
        ("--plan", "000000", "--expect", "5"),
        ("--plan", "", "--expect", "12"),
        ("--study", "", "--sample", "5"),
        ("--outcome", ""),
        ("--output", ""),
        ("--seed", "7f3a"),
        ("--strata", "plan", "--batch", "5"),
        ("--reason", "they asked"),
        ("--now",),
        ("--only-planned",),
        ("--exact",),
        ("--resume", "--sample", "5"),
        ("--stop", "--outcome", "cap"),
        ("--run", "1"),
        ("--resume", "--run", "7"),
    ],
)
def test_what_was_not_shown_is_not_sent(home: World, options: tuple[str, ...]) -> None:
    studies.create(home.store, home.here, "Another", BY)
    plan = home.plan("--sample", "5")
    said = [plan["hash"] if one == "HASH" else one for one in options]
    ended = home.run("invite", *([] if "--plan" in said else ["--study", "Pricing"]), *said)
    assert ended.code == 2
    assert ended.said
    assert home.store.row("SELECT count(*) FROM invite") == (0,)


def test_a_sample_is_sent_as_it_was_shown(home: World) -> None:
    plan = home.plan("--sample", "5")
    other = home.plan("--sample", "5")
    assert plan["hash"] != other["hash"]
    shown = home.run("invite", "--plan", plan["hash"])
    assert (shown.code, f"Plan {plan['hash'][:12]}" in shown.out) == (0, True)
    assert home.addresses() == set()
    assert home.confirm(plan).code == 0
    assert home.addresses() == planned(home.store, plan)
    again = home.confirm(plan)
    assert again.code == 1
    assert "already sent" in again.said
    assert "already sent" in home.run("invite", "--plan", plan["hash"]).out


def test_a_study_that_sends_nothing_says_so(home: World) -> None:
    plan = home.plan()
    for state, said in (("paused", "studies activate 1, then"), ("closed", "cannot be sent")):
        studies.move(home.store, home.key, state, BY)
        shown = home.run("invite", "--plan", plan["hash"])
        assert said in shown.out
        assert ("To send it: panelist invite" in shown.out) is False
        ended = home.confirm(plan, "--way", "csv")  # which would be asked about
        assert (ended.code, ended.out, f"The study is {state}." in ended.err) == (1, "", True)
        assert "panelist invite --plan" not in ended.err
        refused = home.run("invites", "remind", "--study", "Pricing")
        assert (refused.code, f"The study is {state}" in refused.err) == (1, True)


def test_the_list_of_a_plan_is_for_spreadsheets_or_exact(home: World, tmp_path: Path) -> None:
    for options, mark in (((), b"\xef\xbb\xbf"), (("--exact",), b"")):
        file = tmp_path / f"plan{len(options)}.csv"
        ended = home.run("invite", "--study", "Pricing", "--output", str(file), *options)
        assert ended.code == 0
        assert file.read_bytes().startswith(mark + b"stripe_id,")


def test_who_fell_out_is_dropped_and_named(home: World) -> None:
    plan = home.plan("--batch", "6")
    store, before = home.store, planned(home.store, plan)
    out, moved, left = (int(address[4:9]) for address in sorted(before)[:3])
    home.opt_out(out)
    store.execute(
        "UPDATE participant SET email = 'x@example.com' WHERE stripe_id = ?", (f"cus_{moved:05}",)
    )
    store.execute(
        "DELETE FROM member"
        " WHERE participant_id = (SELECT id FROM participant WHERE stripe_id = ?)",
        (f"cus_{left:05}",),
    )
    rows.send(store, home.here, Fetched(9, participants=[rows.person("cus_0new", created=1)]))
    ended = home.confirm(plan)
    assert ended.code == 0
    assert f"− Person {out} <cus_{out:05}@example.com>: opted out" in ended.out
    assert f"− Person {moved} <x@example.com>: has another address now" in ended.out
    assert f"− Person {left} <cus_{left:05}@example.com>: left the segments" in ended.out
    assert "3 of at most 6 planned invitees are invited" in ended.err
    assert home.addresses() == set(sorted(before)[3:])
    assert "+" not in ended.out


def test_when_everyone_fell_out_nothing_is_queued(home: World) -> None:
    plan = home.plan("--batch", "1")
    home.opt_out(*range(12))
    ended = home.confirm(plan)
    assert ended.code == 1
    assert "No one in this plan can still be invited" in ended.said
    assert home.store.row("SELECT count(*) FROM run") == (0,)


def test_who_would_be_added_is_asked_about(home: World) -> None:
    plan = home.plan()
    home.opt_out(3)
    rows.send(home.store, home.here, Fetched(9, participants=[rows.person("cus_new", name="Eve")]))
    ended = home.confirm(plan)
    assert ended.code == 1
    assert "+ Eve <cus_new@example.com>" in ended.out
    assert "− Person 3 <cus_00003@example.com>: opted out" in ended.out
    assert "Nothing was sent" in ended.err
    assert home.addresses() == set()
    shown = home.run("invite", "--plan", plan["hash"], "--json").json
    assert (shown["hash"], shown["drift"]["type"]) == (plan["hash"], "drift")
    assert [one["stripe_id"] for one in shown["drift"]["dropped"]] == ["cus_00003"]
    asked = home.run("invite", "--plan", plan["hash"], "--expect", "12", "--json")
    (told,) = (json.loads(line) for line in asked.out.splitlines())
    assert [one["stripe_id"] for one in told["added"]] == ["cus_new"]
    assert told["number"] == 12
    assert told["new_plan"] != plan["hash"]
    sent = home.run("invite", "--plan", plan["hash"], "--expect", "12", "--only-planned")
    assert sent.code == 0
    assert home.addresses() == planned(home.store, plan) - {"cus_00003@example.com"}


def test_the_new_plan_takes_in_who_was_added(home: World) -> None:
    plan = home.plan()
    rows.send(home.store, home.here, Fetched(9, participants=[rows.person("cus_new")]))
    assert home.confirm(plan).code == 1
    (new,) = home.store.row("SELECT hash FROM plan ORDER BY id DESC LIMIT 1")
    assert home.run("invite", "--plan", new, "--expect", "13").code == 0
    assert len(home.addresses()) == 13


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"subject": "Ten minutes?"},
            "changed: the subject: “A conversation about {{study}}?” → “Ten minutes?”",
        ),
        ({"text": "{{link}} {{opt_out}} hi"}, "changed: the text of the email"),
        ({"link": "https://else.example/{{token}}"}, "changed: the interview link"),
        ({"sender_address": "eve@acme.example"}, "changed: the sender's address"),
        ({"cool_down_days": 60}, "changed: the cool-down: 30 days → 60 days"),
        ({"segments": "active"}, "changed: the excluded segments: + none"),
        ({"way": "csv"}, "changed: the channel of the invites: eml → csv"),
        ({"server": SMTP}, "the channel of the invites: eml → the mail server rosa@localhost:1"),
    ],
)
def test_another_mail_rule_or_way_is_asked_about(
    home: World, change: dict[str, Any], said: str
) -> None:
    plan = home.plan("--sample", "4", "--seed", "7f3a")
    options: tuple[str, ...] = ()
    if "segments" in change:
        studies.attach(home.store, home.key, ["all"], ["none"], BY)
    elif "way" in change:
        options = ("--way", change["way"])
    elif "server" in change:
        home.variables["PANELIST_SMTP_SERVER"] = change["server"]
        options = ("--way", "smtp")
    else:
        studies.change(home.store, home.key, BY, **change)
    if "way" not in change:
        told = home.run("invite", "--plan", plan["hash"], *options).out
        assert "It has changed since it was locked" in told
        assert "To send it" not in told
    for _ in range(2):  # choosing the planned ones does not confirm another mail
        ended = home.confirm(plan, *options)
        assert ended.code == 1
        assert said in ended.out
        assert home.store.row("SELECT count(*) FROM run") == (0,)
        options = (*options, "--only-planned")


def test_a_plan_goes_out_as_it_was_shown_though_the_default_is_another(home: World) -> None:
    plan = home.plan("--batch", "2")
    home.variables["PANELIST_SMTP_SERVER"] = SMTP
    assert (plan["way"], plan["mail_server"]) == ("eml", None)
    assert home.confirm(plan).code == 0
    assert len(list((home.folder / "mailbox").glob("*.eml"))) == 2


class Team(World):
    """Ann and Bob each queued invites of their own study for later, by files."""

    def queue(self, who: str, title: str) -> int:
        self.variables["LOGNAME"] = who
        plan = self.run("invite", "--study", title, "--way", "link", "--batch", "3", "--json").json
        assert self.confirm(plan, "--study", title).code == 0
        (run,) = self.store.row("SELECT max(id) FROM run")
        self.store.execute("UPDATE run SET way = 'eml', go_at = 0 WHERE id = ?", (run,))
        return int(run)

    def left(self, run: int) -> int:
        return runs.view(self.store, run).left


@pytest.fixture
def team(home: World) -> Team:
    rules = {"cool_down_days": None, "cap": None, "cap_days": None}
    study(home.store, home.here, "Bob's", **rules)
    studies.change(home.store, home.key, BY, **rules)
    team = Team(home.folder, home.variables)
    team.store = home.store
    return team


def test_one_goes_on_with_ones_own_batches_only(team: Team) -> None:
    bobs, anns = team.queue("bob", "Bob's"), team.queue("ann", "Pricing")
    assert team.run("invite", "--resume").code == 0
    assert (team.left(anns), team.left(bobs)) == (0, 3)
    for options in (("--resume",), ("--stop",), ("--resume", "--study", "Bob's")):
        refused = team.run("invite", *options)
        assert refused.code == 2
        assert f"--run {bobs}" in refused.err
        assert "bob for “Bob's” (3 left)" in refused.err
        assert team.left(bobs) == 3
    assert team.run("invite", "--resume", "--study", "Pricing").err == "Nothing is queued.\n"
    assert team.run("invite", "--resume", "--run", str(bobs)).code == 0
    assert team.left(bobs) == 0


def test_who_has_another_user_of_the_database_is_another_person(team: Team) -> None:
    """In containers everyone is root."""
    run = team.queue("ann", "Pricing")
    team.store.execute("UPDATE run SET login = 'bob'")
    for action in ("--resume", "--stop"):
        refused = team.run("invite", action)
        assert refused.code == 2
        assert f"ann as bob for “Pricing” (3 left): --run {run}" in refused.err
        assert team.left(run) == 3


def test_one_withdraws_ones_own_batches_only(team: Team) -> None:
    bobs, anns = team.queue("bob", "Bob's"), team.queue("ann", "Pricing")
    assert "3 invites were withdrawn" in team.run("invite", "--stop").err
    assert (team.left(anns), team.left(bobs)) == (0, 3)
    stopped = team.run("invite", "--stop", "--run", str(bobs), "--json").json
    assert (stopped["runs"], stopped["withdrawn"]) == ([bobs], 3)
    (one, two) = sorted(team.run("studies", "--json").json, key=lambda found: str(found["id"]))
    assert (one["invited"], two["invited"]) == (0, 0)
    assert (one["funnel"], two["funnel"]) == ({"withdrawn": 3}, {"withdrawn": 3})
    assert "0 handed over, 3 withdrawn" in team.run("studies", "show", "Bob's").out


def test_what_was_paused_on_purpose_is_named(team: Team) -> None:
    run = team.queue("ann", "Pricing")
    runs.pause(team.store, run, "ann")
    refused = team.run("invite", "--resume")
    assert refused.code == 1
    assert "was paused by hand" in refused.err
    assert team.left(run) == 3
    assert team.run("invite", "--resume", "--study", "Pricing").code == 0
    assert team.left(run) == 0


def test_what_is_stopped_by_a_fault_goes_on_unnamed(team: Team) -> None:
    run = team.queue("ann", "Pricing")
    runs.pause(team.store, run, "process 1 on here", "the disk was full")
    assert team.run("invite", "--resume").code == 0
    assert team.left(run) == 0


def test_a_batch_of_another_computer_says_so(team: Team) -> None:
    run = team.queue("ann", "Pricing")
    team.store.execute("UPDATE run SET machine = 'another'")
    refused = team.run("invite", "--resume")
    assert refused.code == 1
    assert "on another computer, by ann" in refused.err
    assert team.left(run) == 3


def test_a_batch_leaves_through_its_own_mail_server_only(home: World) -> None:
    with MailServer() as first, MailServer() as second:
        home.variables["PANELIST_SMTP_SERVER"] = first.url
        plan = home.plan("--batch", "2")
        assert str(first.url.rpartition("/")[2]) == plan["mail_server"]
        home.variables["PANELIST_MAIL_RATE"] = "0"
        assert home.confirm(plan, "--way", "smtp", "--now").code == 0
        (run,) = home.store.row("SELECT max(id) FROM run")
        home.store.execute("UPDATE invite SET state = 'queued', sent_at = NULL")
        home.store.execute("UPDATE run SET state = 'running'")
        home.variables["PANELIST_SMTP_SERVER"] = second.url
        refused = home.run("invite", "--resume")
        assert refused.code == 1
        assert f"it was confirmed for {plan['mail_server']}" in refused.err
        assert runs.view(home.store, run).state == "running"
        del home.variables["PANELIST_SMTP_SERVER"]
        assert "was confirmed for" in home.run("invite", "--resume").err
        assert (len(first.accepted), len(second.accepted)) == (2, 0)


@pytest.mark.parametrize(
    ("fault", "number", "state", "said"),
    [
        ("end 554", 2, "failed", "2 failed and were not sent"),
        ("rcpt 550 5.1.1", 2, "bounced", "2 bounced"),
        ("reset at end, accepted", 1, "uncertain", "panelist invites resolve"),
    ],
)
def test_exit_codes_say_who_got_nothing(
    home: World, fault: str, number: int, state: str, said: str
) -> None:
    with MailServer(lambda _: fault) as server:
        home.variables["PANELIST_SMTP_SERVER"] = server.url
        ended = home.confirm(home.plan("--batch", str(number)), "--now")
    assert ended.code == 1
    assert said in ended.err
    assert f"0 sent, {number} {state}" in ended.out
    assert "--resume" not in ended.err
    (run,) = home.store.row("SELECT max(id) FROM run")
    done = "failed" if state != "uncertain" else "done"
    assert runs.view(home.store, run).state == done
