"""A person is erased: from every file, for good, and whatever Stripe says later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.db import index_builder as upkeep
from app.db import migrations
from app.db import search_index as searching
from app.db.rows import Fetched
from app.db.store import Store
from app.invites import erasure
from app.invites import opt_outs as optouts
from app.invites.errors import StudyProblem
from app.invites.ledger_proof import prove
from app.panel.participants import participants
from app.panel.segments.views import segments
from app.settings import Settings
from tests.helpers import rows as making
from tests.helpers.study_world import BY, queued, send, sender, states, study

CANARY = "canary-mackintosh"
ADDRESS = f"{CANARY}@example.com"
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
    making.send(store, to, Fetched(1, participants=some))  # type: ignore[arg-type]
    making.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


def counts(store: Store, here: int) -> tuple[int, int]:
    every = segments(store, here)[0]
    return every.count, every.with_email


@pytest.mark.parametrize("damaged", [False, True])
def test_nothing_is_left_in_any_file(
    store: Store, settings: Settings, here: int, tmp_path: Path, damaged: bool
) -> None:
    """Nor in a copy from before an update; and whatever state the index of texts is in."""
    home = Path(settings.home)
    upkeep.work(store, lambda _: False)
    assert searching.ready(store) or store.postgres
    if not store.postgres:
        migrations.keep_copy(store.database, store.where, 4)
        if damaged:
            searching.mark_damaged(store)
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
    making.send(store, here, Fetched(9, participants=[person(name=f"{CANARY} again")]))  # type: ignore[list-item]
    rows = store.rows("SELECT name, email, phone, metadata, deleted FROM participant"
                      " WHERE stripe_id = 'cus_canary'")  # fmt: skip
    assert [tuple(row[:4]) for row in rows] == [(None, None, None, "{}")]
    assert counts(store, here) == (5, 5)


def test_the_mailbox_is_never_written_to_again(store: Store, here: int, tmp_path: Path) -> None:
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, tmp_path, LATER)
    again = making.person("cus_again", email=f"{CANARY}@example.com")
    making.send(store, here, Fetched(9, participants=[again]))
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


def test_who_got_an_invite_is_not_asked_again_because_of_an_undo(
    store: Store, here: int, tmp_path: Path
) -> None:
    key = study(store, here, cool_down_days=None)
    run = queued(store, key, "eml").run
    send(sender(store, here, tmp_path))
    erasure.request(store, here, "cus_canary", BY)
    erasure.take_back(store, here, "cus_canary", BY)
    assert states(store, run)[ADDRESS] == "expired"
    assert queued(store, key, "eml").number == 0
    other = study(store, here, "Another", cool_down_days=None)
    run = queued(store, other, "eml").run
    send(sender(store, here, tmp_path))
    assert states(store, run)[ADDRESS] == "handed_over"
    assert prove(store, here).holds


@pytest.mark.parametrize("done", [True, False])
def test_an_undo_is_for_one_person_and_not_for_who_had_the_same_mailbox(
    store: Store, here: int, tmp_path: Path, done: bool
) -> None:
    twin = making.person("cus_twin", email=ADDRESS.upper())
    making.send(store, here, Fetched(9, participants=[twin]))
    erasure.request(store, here, "cus_canary", BY)
    if done:
        erasure.perform(store, tmp_path, LATER)
    erasure.request(store, here, "cus_twin", BY)
    erasure.take_back(store, here, "cus_twin", BY)
    assert shut(store) == 1
    if not done:
        erasure.take_back(store, here, "cus_canary", BY)
        assert shut(store) == 0


def test_an_address_that_changes_meanwhile(store: Store, here: int, tmp_path: Path) -> None:
    """All mailboxes that are known are written to no more; the undo finds the one it began with."""
    changed = person(email=f"{CANARY}-2@example.com")
    erasure.request(store, here, "cus_canary", BY)
    making.send(store, here, Fetched(9, participants=[changed]))  # type: ignore[list-item]
    erasure.take_back(store, here, "cus_canary", BY)
    assert shut(store) == 0
    erasure.request(store, here, "cus_canary", BY)
    changed = person(email=f"{CANARY}-3@example.com")
    making.send(store, here, Fetched(10, participants=[changed]))  # type: ignore[list-item]
    erasure.perform(store, tmp_path, LATER)
    assert shut(store) == 2


def test_an_invite_to_a_former_address_ends_too(store: Store, here: int) -> None:
    run = queued(store, study(store, here)).run
    changed = person(email=f"{CANARY}-2@example.com")
    making.send(store, here, Fetched(9, participants=[changed]))  # type: ignore[list-item]
    erasure.request(store, here, "cus_canary", BY)
    assert states(store, run)[ADDRESS] == "withdrawn"
    assert prove(store, here).holds


def shut(store: Store) -> int:
    (number,) = store.row("SELECT count(*) FROM opt_out WHERE kind = 'erased'")
    return int(number)
