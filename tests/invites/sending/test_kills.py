"""Killed at any moment, two at once, on both databases: nobody gets two mails."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.invites.errors import RestoreSuspected
from app.invites.ledger_proof import prove
from app.invites.restore_guard import Answer
from app.settings import Settings
from tests.helpers.copied_home import Panel
from tests.helpers.killed_senders import FaultyServer, assert_nobody_twice, kill_until_done
from tests.helpers.study_world import account, folders, queued, send, sender, study

PEOPLE = 30


@pytest.mark.timeout(180)
def test_nobody_gets_two(store: Store, settings: Settings) -> None:
    here = account(store, PEOPLE)
    run = queued(store, study(store, here)).run
    with FaultyServer(7, 0.1) as server:
        kills = kill_until_done(store, settings, here, run, server, seed=8)
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
            kill_until_done(store, sqlite_settings, here, run, server, seed=10, mails=3)
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
