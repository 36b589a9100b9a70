"""Killed at any moment, two at once, on both databases: nobody gets two mails."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.settings import Settings
from tests.helpers.killed_senders import FaultyServer, assert_nobody_twice, kill_until_done
from tests.helpers.study_world import account, queued, study

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
