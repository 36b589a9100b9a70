"""Two researchers who press at once: nobody is asked twice, and nobody within their cool-down."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.invites.errors import StudyProblem
from app.invites.sending import jobs, outbox
from app.settings import Settings
from tests.helpers.study_world import BY, account, planned, queued, seen, study

PEOPLE = 300


def at_once(settings: Settings, *plans: Callable[[Store], int]) -> list[int]:
    """What each of them says, each on a connection of its own."""
    gate, said = threading.Barrier(len(plans)), list[int]()

    def run(plan: Callable[[Store], int]) -> None:
        mine = open_store(settings)
        gate.wait()
        said.append(plan(mine))
        mine.close()

    threads = [threading.Thread(target=run, args=(plan,)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.mark.parametrize("studies", ["one", "two", "two, a cap", "two, one without a rule"])
def test_two_who_press_at_once(settings: Settings, store: Store, studies: str) -> None:
    here = account(store, PEOPLE)
    first = study(store, here)
    second = first
    if studies != "one":
        none = {"cool_down_days": None, "cap": None, "cap_days": None}
        once = {"cool_down_days": None, "cap": 1, "cap_days": 7}
        rules = once if "cap" in studies else none if "without" in studies else {}
        second = study(store, here, "Onboarding", **rules)
    frozen = [planned(store, first), planned(store, second)]
    said = at_once(
        settings,
        *(lambda mine, one=one: outbox.queue(mine, one, "smtp", BY).number for one in frozen),
    )
    rows = store.rows("SELECT mailbox, study_id FROM invite")
    assert max(Counter(rows).values()) == 1
    if "without" in studies:  # it does not wait for a cool-down, so it may come second
        assert sum(said) in (PEOPLE, 2 * PEOPLE)
        assert sum(study == second for _, study in rows) == PEOPLE
    else:
        assert sorted(said) == [0, PEOPLE]
        assert len(rows) == PEOPLE


def test_the_same_plan_pressed_twice(settings: Settings, store: Store) -> None:
    here = account(store, PEOPLE)
    kept = planned(store, study(store, here))

    def press(mine: Store) -> int:
        try:
            return outbox.queue(mine, kept, "smtp", BY).number
        except StudyProblem:
            return -1

    assert sorted(at_once(settings, press, press, press)) == [-1, -1, PEOPLE]
    assert store.row("SELECT count(*) FROM invite") == (PEOPLE,)


def test_no_channel_can_send_without_recording_it_first(store: Store) -> None:
    here = account(store, 1)
    run = seen(store, queued(store, study(store, here)))
    (job,) = jobs.claim(store, run, "a sender", BY)
    with pytest.raises(ValueError, match="recorded as uncertain"):
        jobs.settle(store, [job], BY, "sending", "sent")
    assert jobs.hand_over(store, run, job, BY, "<1@example.com>")
    assert jobs.settle(store, [job], BY, "uncertain", "sent") == 1
