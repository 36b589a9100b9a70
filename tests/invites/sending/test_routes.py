"""Several senders on one database: those with different servers do not wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.db.rows import Fetched
from app.db.store import Store
from app.invites import ledger
from app.invites.mail.server_settings import MailRate
from app.invites.restore_guard import this_machine
from app.invites.sending import outbox, runs
from app.invites.sending.schedule import Schedule
from app.invites.sending.sender import Sender
from tests.helpers import rows
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import BY, account, planned, queued, seen, send, sender, study

PATIENCE = 20.0  # seconds, of a test that fails
FREE: dict[str, object] = {"cool_down_days": None, "cap": None, "cap_days": None}


def batch(store: Store, study_id: int, server: MailServer, **schedule: Any) -> int:
    """Its plan, confirmed for that mail server."""
    name = f"127.0.0.1:{server.port}"
    made = outbox.queue(
        store, planned(store, study_id), "smtp", BY, undo=0, server=name,
        schedule=Schedule(**schedule),
    )  # fmt: skip
    return made.run


def beside(store: Store, sends: Sender, stop: threading.Event | None = None) -> threading.Thread:
    """Let it work in a thread of its own, as in another process."""

    def work() -> None:
        try:
            sends.work(stop or threading.Event(), lambda _: True)
        finally:
            store.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def together(barrier: threading.Barrier) -> Callable[[str], str]:
    """A server that takes an email only while the other one is offered one as well."""

    def fault(_: str) -> str:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(PATIENCE)
            return "ok"
        return "end 554"

    return fault


def test_two_researchers_send_at_once_each_by_their_server(store: Store, tmp_path: Path) -> None:
    here = account(store, 3)
    barrier = threading.Barrier(2)
    with MailServer(together(barrier)) as first, MailServer(together(barrier)) as second:
        ones = [batch(store, study(store, here, f"By {at.port}", **FREE), at)
                for at in (first, second)]  # fmt: skip
        threads = [
            beside(store, sender(store, here, tmp_path / str(at.port), at.url, patience=PATIENCE))
            for at in (first, second)
        ]
        for thread in threads:
            thread.join()
        assert (len(first.counts), len(second.counts)) == (3, 3)
    assert [runs.view(store, one).counts for one in ones] == [{"sent": 3}] * 2
    assert ledger.broken_at(store, here) is None


class Waits(threading.Event):
    """Tells a sender to stop, and knows when it waits. It then waits until it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        if not timeout:
            return self.is_set()
        self.waited.set()
        return super().wait()


@pytest.mark.parametrize("rate", [MailRate(None, None), MailRate(1, None)])
def test_who_waits_holds_up_no_one(store: Store, tmp_path: Path, rate: MailRate) -> None:
    """One waits for a start time, or for the pace of their settings."""
    here, stop = account(store, 3), Waits()
    start = None if rate.per_minute else 4_000_000_000
    with MailServer() as server:
        held = batch(store, study(store, here, "Held", **FREE), server, start_at=start)
        thread = beside(store, sender(store, here, tmp_path, server.url, rate=rate), stop)
        assert stop.waited.wait(PATIENCE)
        store.execute("UPDATE run SET state = 'paused' WHERE id = ?", (held,))
        batch(store, study(store, here, "Now", **FREE), server)
        now = sender(store, here, tmp_path, server.url)
        said: list[str] = []
        now._tell = said.append
        send(now)
        stop.set()
        thread.join()
        assert server.counts.total() == (3 if start else 4)
    assert said == []


def test_by_one_server_they_take_turns(store: Store, tmp_path: Path) -> None:
    here = account(store, 3)
    said: list[str] = []
    asked, go_on = threading.Event(), threading.Event()

    def fault(_: str) -> str:
        asked.set()
        go_on.wait(PATIENCE)
        return "ok"

    def tell(sentence: str) -> None:
        said.append(sentence)
        go_on.set()

    with MailServer(fault) as server:
        one = batch(store, study(store, here, "One", **FREE), server)
        two = batch(store, study(store, here, "Two", **FREE), server)
        first = sender(store, here, tmp_path, server.url, patience=PATIENCE)
        second = sender(store, here, tmp_path, server.url, patience=PATIENCE)
        second._tell = tell
        threads = [beside(store, first)]
        assert asked.wait(PATIENCE)
        threads.append(beside(store, second))
        for thread in threads:
            thread.join()
        assert set(server.counts.values()) == {2}
    assert len(said) == 1
    assert "through the same mail server" in said[0]
    assert {runs.view(store, run).state for run in (one, two)} == {"done"}


def test_a_pace_is_that_of_the_mail_server(store: Store, tmp_path: Path) -> None:
    """Whoever sends by it, for whichever account, and not what leaves by another."""
    here = account(store, 3)
    there = rows.connection(store)
    rows.send(store, there, Fetched(1, participants=[rows.person("cus_other")]))
    rows.make_segments(store, there)
    with MailServer() as server, MailServer() as other:
        batch(store, study(store, here, "Here", **FREE), server)
        batch(store, study(store, there, "There", **FREE), server)
        batch(store, study(store, here, "Else", **FREE), other)
        for at in (server, other, server):
            send(sender(store, here, tmp_path, at.url, rate=MailRate(2, None)))
        assert (server.counts.total(), other.counts.total()) == (2, 2)
        store.execute("UPDATE invite SET sent_at = sent_at - 61 WHERE sent_at IS NOT NULL")
        send(sender(store, here, tmp_path, server.url, rate=MailRate(2, None)))
        assert server.counts.total() == 4


def test_another_computer_with_the_same_access_sends_it(store: Store, tmp_path: Path) -> None:
    here = account(store, 3)
    with MailServer() as server, MailServer() as other:
        run = batch(store, study(store, here), server)
        store.execute("UPDATE run SET machine = 'a laptop that is closed'")
        send(sender(store, here, tmp_path, other.url))
        assert runs.view(store, run).left == 3
        send(sender(store, here, tmp_path, server.url))
        assert (len(server.counts), len(other.counts)) == (3, 0)


@pytest.mark.parametrize("channel", ["smtp", "eml"])
def test_a_batch_is_taken_over_from_under_its_sender(
    store: Store, tmp_path: Path, channel: str
) -> None:
    """The one who had it sends no more of it, not even the email that it has just offered."""
    here = account(store, 3)
    with MailServer() as mine:
        name = f"127.0.0.1:{mine.port}" if channel == "smtp" else None
        run = queued(store, study(store, here), channel).run
        store.execute("UPDATE run SET machine = 'another'")
        met: list[str] = []

        def fault(recipient: str) -> str:
            met.append(recipient)
            if len(met) == 2:
                runs.take_over(store, run, BY, this_machine(), name)
                store.close()
            return "ok"

        if channel == "smtp":
            with MailServer(fault) as theirs:
                store.execute("UPDATE run SET server = ?", (f"127.0.0.1:{theirs.port}",))
                send(sender(store, here, tmp_path, theirs.url))
                assert len(theirs.counts) == 1
        else:
            send(sender(store, here, tmp_path))
            runs.take_over(store, run, BY, this_machine(), name)
        send(sender(store, here, tmp_path, mine.url))
    assert runs.view(store, run).state == "done"
    assert len(mine.counts) == (2 if channel == "smtp" else 0)
    assert ledger.broken_at(store, here) is None
    assert seen(store, outbox.QueuedBatch(run, 3, 0)).invited == 3


def test_a_lost_lock_sends_nothing_twice(store: Store, tmp_path: Path) -> None:
    """A PostgreSQL that ends its sessions frees the locks, too."""
    if not store.postgres:
        pytest.skip("SQLite's locks end with their holder")
    here = account(store, 6)
    second: list[threading.Thread] = []

    def fault(_: str) -> str:
        if not second:
            store.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND pid <> pg_backend_pid() AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            store.close()
            second.append(beside(store, sender(store, here, tmp_path, server.url)))
        return "ok"

    with MailServer(fault) as server:
        run = queued(store, study(store, here))
        send(sender(store, here, tmp_path, server.url, patience=PATIENCE))
        second[0].join()
        assert set(server.counts.values()) == {1}
        assert len(server.counts) == 6
    assert seen(store, run).state == "done"
