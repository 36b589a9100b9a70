"""A move that is killed at any moment loses nothing, and a second one ends it.
``PANELIST_DEEP=10 pytest -m deep`` kills ten times as often."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections import Counter

import pytest

from app import paths
from app.db.engines.retired_postgres import is_retired
from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.db.table_copy import is_unused
from app.invites.errors import RestoreSuspected
from app.invites.ledger_proof import prove
from app.invites.restore_guard import RestoreGuard
from app.problems import Problem
from app.recovery import house_move
from app.settings import Settings
from tests.helpers.depth import examples
from tests.helpers.study_world import queued, send, sender, study
from tests.helpers.warm_process import WarmProcess
from tests.recovery.test_backup import content

LONGEST = 0.9  # seconds until a kill; a move takes about as long
TO = ("postgresql", "sqlite")
MOVES = {"postgresql": house_move.to_postgres, "sqlite": house_move.to_sqlite}


def places(settings: Settings) -> dict[str, Store]:
    """The databases that have a panel."""
    found = {"postgresql": open_store(settings)}
    if paths.database(settings.home).exists():
        found["sqlite"] = open_store(Settings(home=settings.home))
    for place, store in list(found.items()):
        if is_unused(store):
            store.close()
            del found[place]
    return found


def kill(settings: Settings, to: str, chance: random.Random) -> None:
    """Begin to move it there, and kill that at some moment."""
    names = {
        "PANELIST_HOME": str(settings.home),
        "PANELIST_STATE": str(settings.folders.state),
        "PANELIST_DATABASE_URL": str(settings.database_url),
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = WarmProcess("app", "move", to, env={**os.environ, **names}, **quiet)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(chance.uniform(0, LONGEST))
    process.kill()
    process.wait()


def use(settings: Settings, store: Store, number: int) -> bool:
    """Send from a place, unless it asks or was moved away."""
    if is_retired(store):
        return False
    try:
        RestoreGuard(store, 1, settings.folders).check()
        queued(
            store,
            study(store, 1, f"Study {number}", cool_down_days=None, cap=None, cap_days=None),
            "eml",
        )
        send(sender(store, 1, settings.home, state=settings.folders.state))
    except RestoreSuspected:
        return False
    return True


@pytest.mark.deep
@pytest.mark.timeout(1_200)
def test_a_killed_move_loses_nothing(both: Settings) -> None:
    chance = random.Random(os.environ.get("PANELIST_SEED", "4"))
    ends = Counter[int]()
    for number in range(examples(4)):
        to = TO[number % 2]
        old = places(both)[TO[1 - number % 2]]
        before = content(old)
        old.close()
        kill(both, to, chance)

        found = places(both)
        whole = [place for place, store in found.items() if content(store) == before]
        assert whole, (number, to)
        ends[len(whole)] += 1
        order = sorted(found)
        chance.shuffle(order)
        sent = [place for place in order if use(both, found[place], number)]
        assert len(sent) == 1, (number, to, order, sent)
        (used,) = sent
        after = content(found[used])
        for store in found.values():
            store.close()

        with contextlib.suppress(Problem):  # as the first one may have come to its end
            MOVES[to](both)
        there = places(both)[to]
        assert content(there) == after, (number, to)
        assert prove(there, 1).holds
        RestoreGuard(there, 1, both.folders).check()
        there.close()
    assert ends
