"""A batch leaves when its time has come, and what holds then is what counts."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.db.store import Store
from app.invites import ledger, opt_outs, studies
from app.invites.errors import StudyProblem
from app.invites.mail.addresses import hasher
from app.invites.sending import outbox, runs
from app.invites.sending.outbox import QueuedBatch
from app.invites.sending.schedule import Schedule
from app.invites.sending.sender import Sender
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import (
    BY,
    account,
    planned,
    queued,
    seen,
    send,
    sender,
    states,
    study,
)

DAY = 86_400
FREE: dict[str, Any] = {"cool_down_days": None, "cap": None, "cap_days": None}


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = time.time() + 60  # later than what a test queues

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def here(store: Store) -> int:
    return account(store, 4)


def later(store: Store, study_id: int, clock: Clock, channel: str = "smtp") -> QueuedBatch:
    """Its plan, confirmed for tomorrow."""
    schedule = Schedule(int(clock.now) + DAY)
    return outbox.queue(store, planned(store, study_id), channel, BY, undo=0, schedule=schedule)


def test_nothing_leaves_before_its_start(
    store: Store, here: int, tmp_path: Path, clock: Clock
) -> None:
    run = later(store, study(store, here), clock)
    with MailServer() as server:
        sends = sender(store, here, tmp_path, server.url, clock=clock)
        send(sends)
        assert server.sessions == 0
        clock.now += DAY
        send(sends)
        assert len(server.counts) == 4
    assert seen(store, run).state == "done"
    assert ledger.broken_at(store, here) is None


def test_before_its_start_all_of_it_can_be_undone(
    store: Store, here: int, tmp_path: Path, clock: Clock
) -> None:
    run = later(store, study(store, here), clock)
    assert runs.stop(store, run.run, BY) == 4
    clock.now += DAY
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url, clock=clock))
    assert server.accepted == []


def test_a_start_shortens_no_time_to_undo(store: Store, here: int) -> None:
    now = int(time.time())
    assert Schedule(now + 10).go_at("smtp", now, None) == now + 120
    assert Schedule(now + 500).go_at("smtp", now, None) == now + 500
    with pytest.raises(StudyProblem, match="copied by hand"):
        Schedule(now + 500).go_at("link", now, None)


def test_who_opts_out_or_is_deleted_before_the_start_gets_nothing(
    store: Store, here: int, tmp_path: Path, clock: Clock
) -> None:
    run = later(store, study(store, here), clock)
    box = hasher(store).stored("cus_00000@example.com")
    opt_outs.record(store, here, [box], "opted_out", BY)
    store.execute("UPDATE participant SET deleted = ? WHERE stripe_id = 'cus_00001'", (True,))
    clock.now += DAY
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url, clock=clock))
    assert set(server.counts) == {"cus_00002@example.com", "cus_00003@example.com"}
    assert seen(store, run).counts == {"sent": 2, "withdrawn": 2}


@pytest.mark.parametrize(
    "rule", [{"cool_down_days": 30}, {"cap": 1, "cap_days": 30}, {"cool_down_days": 1}]
)
def test_the_rules_at_the_start_count(
    store: Store, here: int, tmp_path: Path, clock: Clock, rule: dict[str, object]
) -> None:
    """Someone was invited elsewhere after the batch was confirmed, and the rules were changed."""
    key = study(store, here, **FREE)
    run = later(store, key, clock)
    other = planned(store, study(store, here, "Another", **FREE), take="batch", number=1)
    outbox.queue(store, other, "smtp", BY, undo=0)
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url, clock=clock))
        (asked,) = server.counts
        studies.change(store, key, BY, **rule)
        clock.now += DAY + 60
        send(sender(store, here, tmp_path, server.url, clock=clock))
        long_ago = rule == {"cool_down_days": 1}
        assert server.counts[asked] == (2 if long_ago else 1)
    assert states(store, run.run)[asked] == ("sent" if long_ago else "withdrawn")
    assert seen(store, run).invited == (4 if long_ago else 3)
    reasons = store.rows("SELECT DISTINCT reason FROM invite WHERE state = 'withdrawn'")
    assert reasons == ([] if long_ago else [("contacted recently, or too often",)])


@pytest.mark.parametrize("to", ["paused", "closed"])
def test_a_study_that_stops_before_the_start_sends_nothing(
    store: Store, here: int, tmp_path: Path, clock: Clock, to: str
) -> None:
    key = study(store, here)
    run = later(store, key, clock)
    studies.move(store, key, to, BY)
    clock.now += DAY
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url, clock=clock))
    assert server.accepted == []
    assert seen(store, run).left == 0


def at(clock: Clock, text: str) -> None:
    clock.now = datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize("whose", ["settings", "study", "batch"])
def test_no_email_leaves_in_quiet_hours(
    store: Store, here: int, tmp_path: Path, clock: Clock, whose: str
) -> None:
    hours = "20:00-08:00, Sat, Sun"
    at(clock, "2099-12-04 21:00")  # a Friday, after the plan was made
    key = study(store, here, quiet_hours=hours if whose == "study" else None)
    schedule = Schedule(quiet_hours=hours if whose == "batch" else None)
    run = outbox.queue(store, planned(store, key), "smtp", BY, undo=0, schedule=schedule)
    with MailServer() as server:
        settings = hours if whose == "settings" else "12:00-13:00"
        sends = sender(store, here, tmp_path, server.url, quiet_hours=settings, clock=clock)
        for moment in ("2099-12-04 21:00", "2099-12-06 12:00", "2099-12-07 07:59"):
            at(clock, moment)
            send(sends)
            assert server.sessions == 0
        at(clock, "2099-12-07 08:00")
        send(sends)
        assert len(server.counts) == 4
    assert seen(store, run).state == "done"


def test_a_batch_or_a_study_may_have_no_quiet_hours(
    store: Store, here: int, tmp_path: Path, clock: Clock
) -> None:
    at(clock, "2099-12-06 12:00")
    key = study(store, here, quiet_hours="none")
    queued(store, key)
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url, quiet_hours="weekends", clock=clock))
        assert len(server.counts) == 4


def test_files_know_no_quiet_hours(store: Store, here: int, tmp_path: Path, clock: Clock) -> None:
    at(clock, "2099-12-06 12:00")
    queued(store, study(store, here), "eml")
    send(sender(store, here, tmp_path, quiet_hours="weekends", clock=clock))
    assert len(list((tmp_path / "mailbox").iterdir())) == 4


def test_new_quiet_hours_stop_a_batch_between_two_emails(
    store: Store, here: int, tmp_path: Path, clock: Clock
) -> None:
    key = study(store, here)
    run = queued(store, key)
    at(clock, "2099-12-06 12:00")

    def fault(_: str) -> str:
        studies.change(store, key, BY, quiet_hours="weekends")
        store.close()
        return "ok"

    with MailServer(fault) as server:
        send(sender(store, here, tmp_path, server.url, clock=clock))
        assert len(server.accepted) == 1
    assert (seen(store, run).state, seen(store, run).left) == ("running", 3)


def test_a_study_without_quiet_hours_is_sealed_as_before(store: Store, here: int) -> None:
    key = study(store, here)
    before = studies.seal_of(studies.get(store, key)).detail
    studies.change(store, key, BY, quiet_hours="nights")
    assert studies.seal_of(studies.get(store, key)).detail != before
    studies.change(store, key, BY, quiet_hours=None)
    assert studies.seal_of(studies.get(store, key)).detail == before


def test_rules_that_a_person_overrode_do_not_withdraw(
    store: Store, here: int, tmp_path: Path, clock: Clock
) -> None:
    with MailServer() as server:
        sends: Sender = sender(store, here, tmp_path, server.url)
        queued(store, study(store, here))
        send(sends)
        other = study(store, here, "Another", cap=1)
        plan = planned(store, other, overrides=("cool_down", "cap"), reason="they asked for it")
        outbox.queue(store, plan, "smtp", BY, undo=0)
        send(sends)
        assert set(server.counts.values()) == {2}
