"""``panelist send`` works through the queue, and leaves alone what is not its own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.invites.sending import outbox, runs
from app.invites.sending.schedule import Schedule
from app.settings import Settings
from tests.helpers.command import Home, seconds
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import BY, account, planned, study

FREE: dict[str, Any] = {"cool_down_days": None, "cap": None, "cap_days": None}
LATER = 4_000_000_000
PATIENCE = 20.0


class World(Home):
    """A home with an account of 3."""

    store: Store
    here: int

    def queue(self, title: str, server: MailServer | None = None, **schedule: Any) -> int:
        """A batch of a study of its own, by this mail server or by files."""
        key = study(self.store, self.here, title, **FREE)
        name = f"127.0.0.1:{server.port}" if server else None
        made = outbox.queue(
            self.store, planned(self.store, key), "smtp" if server else "eml", BY, undo=0,
            server=name, schedule=Schedule(**schedule),
        )  # fmt: skip
        return made.run

    def batch(self, run: int) -> tuple[str, int]:
        now = runs.view(self.store, run)
        return now.state, now.left

    def sends_by(self, server: MailServer) -> None:
        self.variables["PANELIST_SMTP_SERVER"] = server.url


@pytest.fixture
def home(tmp_path: Path) -> Iterator[World]:
    variables = {
        "PANELIST_TOKEN_STORE": "plain",
        "PANELIST_MAIL_RATE": "0",
        "TZ": "UTC",
        "LOGNAME": BY,
    }
    made = World(tmp_path / "home", variables)
    made.store = open_store(Settings(home=made.folder))
    made.here = account(made.store, 3)
    yield made
    made.store.close()


def test_it_sends_all_that_is_its_own(home: World) -> None:
    with MailServer() as server, MailServer() as other:
        home.sends_by(server)
        mine = [home.queue("One", server), home.queue("Two", server), home.queue("Files")]
        theirs, elsewhere = home.queue("Theirs", other), home.queue("Elsewhere")
        home.store.execute("UPDATE run SET machine = 'another' WHERE id = ?", (elsewhere,))
        paused = home.queue("Paused", server)
        runs.pause(home.store, paused, BY)
        ended = home.run("send")
        assert ended.code == 0
        assert (server.counts.total(), other.counts.total()) == (6, 0)
    assert [home.batch(one) for one in mine] == [("done", 0)] * 3
    assert [home.batch(one)[1] for one in (theirs, elsewhere, paused)] == [3, 3, 3]
    assert "Batch 1 of rosa for “One”: 3 sent." in ended.out
    for run, why in ((theirs, "confirmed for 127.0.0.1"), (elsewhere, "on another computer"),
                     (paused, "It is paused.")):  # fmt: skip
        (line,) = [one for one in ended.err.splitlines() if f"Batch {run} of" in one]
        assert why in line
        assert line.endswith(f"panelist invite --resume --run {run}")
    again = home.run("send", "--json")
    assert again.code == 0
    (queue,) = [json.loads(line) for line in again.out.splitlines()]
    assert [one["run"] for one in queue["batches"]] == [theirs, elsewhere, paused]
    assert not any(one["goes_out_here"] for one in queue["batches"])


def test_it_ends_with_1_if_someone_got_nothing(home: World) -> None:
    with MailServer(lambda to: "end 552" if "1@" in to else "ok") as server:
        home.sends_by(server)
        home.queue("One", server)
        ended = home.run("send")
    assert ended.code == 1
    assert "2 sent, 1 failed" in ended.out


def test_a_start_time_is_understood_shown_and_left_to_send(home: World) -> None:
    moment = "Tuesday 2 October 2096 at 07:06 (UTC)"
    with MailServer() as server:
        home.sends_by(server)
        study(home.store, home.here)
        plan = home.run("invite", "--study", "Pricing", "--start", "tomorrow 9:00",
                        "--quiet-hours", "nights")  # fmt: skip
        assert "Starts on " in plan.out
        assert "quiet hours: 20:00-08:00" in plan.out
        (how,) = [one for one in plan.out.splitlines() if one.startswith("To send it: ")]
        assert how.endswith("--start 'tomorrow 9:00' --quiet-hours nights")
        digits = how.split("--plan ")[1].split()[0]
        confirm = ("invite", "--plan", digits, "--expect", "3")
        for options, said in (
            (("--start", "Tuesday"), "is not a valid start time"),
            (("--start", "yesterday 9:00"), "has passed"),
            (("--quiet-hours", "always"), "is not a valid time"),
        ):
            refused = home.run(*confirm, *options)
            assert refused.code == 1
            assert said in refused.said
        ended = home.run(*confirm, "--start", "tomorrow 9:00", "--json")
        assert ended.code == 0
        queued = json.loads(ended.out.splitlines()[-1])
        assert queued["type"] == "queued"
        assert queued["next_at"] == queued["start_at"]
        assert seconds(queued["start_at"]) > time.time()
        run = queued["run"]
        home.store.execute("UPDATE run SET start_at = ?, go_at = ?", (LATER, LATER))
        assert moment in home.run("invite", "--resume", "--run", str(run)).err
        assert "Batch 1 of" in home.run("status").out
        (shown,) = home.run("status", "--json").json["queue"]
        assert (shown["run"], shown["left"]) == (run, 3)
        assert seconds(shown["start_at"]) == LATER
        assert home.batch(run) == ("running", 3)
        home.store.execute("UPDATE run SET go_at = 0")
        assert home.run("send").code == 0
        assert server.counts.total() == 3


def test_a_batch_is_taken_over_by_its_number(home: World) -> None:
    with MailServer() as first, MailServer() as second:
        gone = home.queue("Gone")
        home.store.execute("UPDATE run SET machine = 'another'")
        run = home.queue("One", first)
        home.sends_by(second)
        refused = home.run("invite", "--resume", "--study", "One")
        assert refused.code == 1
        assert f"To take it over: panelist invite --resume --run {run}" in refused.err
        for one in (run, gone):
            assert home.run("invite", "--resume", "--run", str(one)).code == 0
        assert (first.counts.total(), second.counts.total()) == (0, 3)
    assert len(list((home.folder / "mailbox").iterdir())) == 3
    details = home.store.rows("SELECT detail FROM ledger WHERE detail LIKE '%taken over%'")
    assert details == [
        (f"batch {run} taken over, by 127.0.0.1:{second.port}",), (f"batch {gone} taken over",),
    ]  # fmt: skip
    assert home.run("verify").code == 0


def test_it_stays_and_sends_what_is_queued_later(home: World) -> None:
    with MailServer() as server:
        home.sends_by(server)
        waits = home.queue("Later", server, start_at=LATER)
        follow = home.start("send", "--follow", "--json")
        assert follow.stdout is not None
        assert json.loads(follow.stdout.readline())["type"] == "queue"
        run = home.queue("Now", server)
        for line in follow.stdout:
            said = json.loads(line)
            if said["type"] == "finished":
                break
        assert (said["run"], said["state"], said["invited"]) == (run, "done", 3)
        follow.send_signal(signal.SIGTERM)
        assert follow.wait(PATIENCE) == 0
        follow.communicate()
    assert home.batch(waits) == ("running", 3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_keeps_the_rest(home: World, number: signal.Signals) -> None:
    with MailServer() as server:
        home.sends_by(server)
        run = home.queue("Later", server, start_at=LATER)
        process: subprocess.Popen[str] = home.start("send")
        assert process.stderr is not None
        assert "3 to be sent by smtp" in process.stderr.readline()
        assert "It starts at 2 Oct 2096 07:06" in process.stderr.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "0 sent, 3 left" in out
    assert "Invites that were not sent stay queued" in err
    assert home.batch(run) == ("running", 3)


def test_a_setting_that_is_none_is_one_sentence(home: World) -> None:
    home.queue("One")
    home.variables["PANELIST_QUIET_HOURS"] = "at night"
    ended = home.run("send")
    assert ended.code == 1
    assert ended.said.startswith("PANELIST_QUIET_HOURS: “at night” is not a valid time.")


def test_an_invite_without_an_address_is_not_said_to_be_erased(home: World) -> None:
    """As after panelist salvage, or an erasure."""
    home.queue("Files")
    home.store.execute("UPDATE invite SET address = NULL, state = 'uncertain' WHERE id = 1")
    for command in (["verify"], ["invites", "--state", "uncertain"]):
        said = home.run(*command).out
        assert "no address" in said
        assert "erased" not in said
