"""A study's figures: who was invited, and after how many days they replied."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.db.store import Store
from app.invites import lifecycle, opt_outs
from app.invites.figures.study_figures import StudyCounts, counts, figures
from app.invites.rules import DAY
from tests.helpers.study_world import BY, account, queued, send, sender, study

PEOPLE = 10


@pytest.fixture
def here(store: Store) -> int:
    return account(store, PEOPLE)


def test_a_study_without_invites_has_no_figures(store: Store, here: int) -> None:
    key = study(store, here)
    assert counts(store, here) == {}
    found = figures(store, key)
    assert (found.first_at, found.days, found.per_day, found.latest) == (None, {}, (), ())
    assert StudyCounts().invited == 0


def test_what_became_of_the_invites_adds_up(store: Store, here: int, tmp_path: Path) -> None:
    key = study(store, here)
    queued(store, key, "eml")
    send(sender(store, here, tmp_path))
    ids = [one for (one,) in store.rows("SELECT id FROM invite ORDER BY id")]
    now = int(time.time())
    store.execute("UPDATE invite SET sent_at = ?", (now - 10 * DAY,))
    lifecycle.mark(store, here, ids[:5], "started", BY)
    lifecycle.mark(store, here, ids[:3], "completed", BY)
    lifecycle.mark(store, here, ids[5:6], "declined", BY)
    lifecycle.mark(store, here, ids[6:7], "bounced", BY)
    (box,) = store.row("SELECT mailbox FROM invite WHERE id = ?", (ids[7],))
    opt_outs.record(store, here, [box], "opted_out", BY)
    for invite, days in zip(ids[:3], (2, 4, 9), strict=True):
        at = now - (10 - days) * DAY
        store.execute("UPDATE invite SET ended_at = ? WHERE id = ?", (at, invite))
    store.execute("UPDATE ledger SET at = ? WHERE after = 'started'", (now - 9 * DAY,))

    one = counts(store, here)[key]
    assert one.reached == {
        "handed_over": 2,
        "started": 2,
        "completed": 3,
        "declined": 1,
        "withdrawn": 1,
    }
    assert one.others == {"bounced": 1}
    assert one.invited == PEOPLE - 1

    found = figures(store, key, now)
    assert found.first_at == now - 10 * DAY
    assert found.days == {"started": 1.0, "completed": 4.0}
    assert len(found.per_day) == 11
    assert sum(found.per_day) == 6
    assert found.per_day[2] == 1
    assert [reply.state for reply in found.latest[:2]] == ["declined", "completed"]
    assert found.latest[1].name == "Person 2"
    assert found.due == 2
