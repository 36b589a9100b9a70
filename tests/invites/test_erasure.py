"""A person is erased: from every file, for good, and whatever Stripe says later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.db import searching, upkeep
from app.db.rows import Answer
from app.db.store import Store
from app.invites import erasure, optouts
from app.invites.problems import StudyProblem
from app.invites.proof import prove
from app.panel.participants import participants
from app.panel.segments import segments
from app.settings import Settings
from tests.db import making
from tests.invites.world import BY, queued, send, sender, states, study

CANARY = "canary-mackintosh"
LATER = int(time.time()) + 5 * 3_600


def person(**fields: object) -> object:
    values = {
        "name": f"{CANARY} Name",
        "email": f"{CANARY}@example.com",
        "phone": f"{CANARY}-555",
        "metadata": f'{{"note": "{CANARY} note"}}',
    }
    return making.person("cus_canary", **{**values, **fields})


@pytest.fixture
def here(store: Store) -> int:
    to = making.connection(store)
    some = [person(), *(making.person(f"cus_{one}") for one in range(5))]
    making.send(store, to, Answer(1, participants=some))  # type: ignore[arg-type]
    making.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


def counts(store: Store, here: int) -> tuple[int, int]:
    every = segments(store, here)[0]
    return every.count, every.with_email


def test_nothing_is_left_in_any_file(
    store: Store, settings: Settings, here: int, tmp_path: Path
) -> None:
    home = Path(settings.home)
    upkeep.work(store, lambda _: False)
    assert searching.ready(store) or store.postgres
    run = queued(store, study(store, here), "eml")
    send(sender(store, here, home))
    erasure.request(store, here, "cus_canary", BY)
    assert erasure.perform(store, home) == 0
    assert counts(store, here) == (6, 6)
    assert erasure.perform(store, home, LATER) == 1
    assert counts(store, here) == (5, 5)
    assert list(participants(store, here, search=CANARY)) == []
    assert all(CANARY not in str(address) for address in states(store, run.run))
    store.close()
    for file in home.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file
    assert prove(store, here).holds
    making.assert_exact(store, here)


def test_what_stripe_says_later_is_not_stored(store: Store, here: int, tmp_path: Path) -> None:
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, tmp_path, LATER)
    making.send(store, here, Answer(9, participants=[person(name=f"{CANARY} again")]))  # type: ignore[list-item]
    rows = store.rows("SELECT name, email, phone, metadata, deleted FROM participant"
                      " WHERE stripe_id = 'cus_canary'")  # fmt: skip
    assert [tuple(row[:4]) for row in rows] == [(None, None, None, "{}")]
    assert counts(store, here) == (5, 5)


def test_the_mailbox_is_never_written_to_again(store: Store, here: int, tmp_path: Path) -> None:
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, tmp_path, LATER)
    again = making.person("cus_again", email=f"{CANARY}@example.com")
    making.send(store, here, Answer(9, participants=[again]))
    run = queued(store, study(store, here), "eml")
    assert run.number == 5
    assert f"{CANARY}@example.com" not in states(store, run.run)


def test_within_four_hours_it_is_taken_back(store: Store, here: int, tmp_path: Path) -> None:
    run = queued(store, study(store, here))
    erasure.request(store, here, "cus_canary", BY)
    assert states(store, run.run)[f"{CANARY}@example.com"] == "withdrawn"
    with pytest.raises(StudyProblem, match="already"):
        erasure.request(store, here, "cus_canary", BY)
    erasure.take_back(store, here, "cus_canary", BY)
    assert erasure.perform(store, tmp_path, LATER) == 0
    assert counts(store, here) == (6, 6)
    assert queued(store, study(store, here, "Again")).number >= 1
    assert store.rows("SELECT 1 FROM opt_out") == []
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, tmp_path, LATER)
    with pytest.raises(StudyProblem, match="too late"):
        erasure.take_back(store, here, "cus_canary", BY)
    assert optouts.KINDS[0] == "erased"
