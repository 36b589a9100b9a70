"""Killed at any moment, two at once, on both databases: no one gets two mails."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from app.db.store import Store
from app.invites.errors import RestoreSuspected
from app.invites.ledger_proof import prove
from app.invites.restore_guard import Answer
from app.invites.sending import outbox, runs
from app.settings import Settings
from tests.helpers.copied_home import Panel
from tests.helpers.killed_senders import (
    FaultyServer,
    assert_nobody_twice,
    kill_until_done,
    start,
    start_send,
)
from tests.helpers.study_world import BY, account, folders, planned, queued, send, sender, study

PEOPLE = 30


@pytest.mark.timeout(180)
def test_nobody_gets_two(store: Store, settings: Settings) -> None:
    here = account(store, PEOPLE)
    run = queued(store, study(store, here)).run
    with FaultyServer(7, 0.1) as server:
        kills = kill_until_done(
            store, run, server, lambda: start(settings, here, server.url), seed=8
        )
    found = assert_nobody_twice(store, here, run, server.counts)
    assert found.total() == PEOPLE
    assert kills
    assert found["sent"] > PEOPLE / 4


@pytest.mark.timeout(180)
def test_nobody_gets_two_after_a_copy_is_put_back(sqlite_settings: Settings) -> None:
    """The witness knows all that left, wherever the senders were killed."""
    home = sqlite_settings.home
    panel = Panel(home, folders(home).state)
    with panel.store() as store:
        here = account(store, PEOPLE // 2)
        run = queued(store, study(store, here)).run
    copy = panel.copy(home.with_name("copy"))
    with FaultyServer(9, 0.1) as server:
        with panel.store() as store:
            begin = partial(start, sqlite_settings, here, server.url)
            kill_until_done(store, run, server, begin, seed=10, mails=3)
        panel.put_back(copy)
        with panel.store() as store, pytest.raises(RestoreSuspected):
            send(sender(store, here, home, server.url))
        panel.answer(Answer.COPY)
        with panel.store() as store:
            again = sender(store, here, home, server.url)
            for _ in range(20):
                store.execute("UPDATE invite SET not_before = NULL WHERE state = 'queued'")
                send(again)
            assert max(server.counts.values()) == 1
            assert prove(store, here).holds


@pytest.mark.timeout(180)
def test_nobody_gets_two_from_the_queue(store: Store, settings: Settings) -> None:
    """Two batches of one mail server, whose lock dies with its holder."""
    here = account(store, PEOPLE // 2)
    with FaultyServer(9, 0.0) as server:
        name, free = f"127.0.0.1:{server.port}", {"cool_down_days": None, "cap": None}
        keys = [study(store, here, title, **free, cap_days=None) for title in ("One", "Two")]
        made = [
            outbox.queue(store, planned(store, key), "smtp", BY, undo=0, server=name).run
            for key in keys
        ]
        kills = kill_until_done(
            store, made[-1], server, lambda: start_send(settings, server.url), seed=10
        )
    assert kills
    assert server.counts.total() <= PEOPLE
    for run in made:
        rows = store.rows("SELECT state, count(*) FROM invite WHERE run_id = ? GROUP BY 1", (run,))
        counts: dict[str, int] = dict(rows)
        assert counts.keys() <= {"sent", "uncertain"}
        assert counts.get("uncertain", 0) <= kills
        assert runs.view(store, run).left == 0
    identities = Counter(mail["Message-ID"] for mail in server.mails)
    assert set(identities.values()) == {1}  # each invite has one of its own
