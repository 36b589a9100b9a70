"""A person is erased: from every file, for good, and whatever Stripe says later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from peewee import TextField

from app.db import migrations
from app.db.indexes import index_builder, search_index
from app.db.rows import PARTICIPANT_FIELDS, Fetched, ParticipantRow
from app.db.schema import creation, panel_tables, study_tables
from app.db.store import Store
from app.invites import erasure, opt_outs
from app.invites.errors import StudyProblem
from app.invites.ledger_proof import prove
from app.panel.participants import participants
from app.panel.segments.views import segments
from app.panel.stored_participant import stored
from app.settings import Settings
from tests.helpers import rows
from tests.helpers.study_world import BY, folders, queued, send, sender, states, study

CANARY = "canary-mackintosh"
ADDRESS = f"{CANARY}@example.com"
LATER = int(time.time()) + 5 * 3_600


STAY = ("stripe_id", "created")  # of a participant who was erased: that there was one, and when
# Of an invite to them: what became of it, and the mailbox as a keyed hash.
INVITE_STAYS = (
    *("mailbox", "token", "state", "reason", "message_id", "reminder_message_id", "owner"),
    "reminder",
)


def texts(table: type[panel_tables.StoredModel]) -> dict[str, TextField]:
    """Every text that a table has, by its column."""
    columns = table._meta.sorted_fields
    return {one.column_name: one for one in columns if isinstance(one, TextField)}


def person(**fields: object) -> ParticipantRow:
    """With a canary in every text that is stored of a customer, whichever these are. The é has
    them stored a second time, folded."""
    values: dict[str, object] = {
        name: f'{{"note": "{CANARY} é"}}' if column.default == "{}" else f"{CANARY} {name} é"
        for name, column in texts(panel_tables.Participant).items()
        if name not in (*STAY, "folded")
    }
    values["email"] = ADDRESS
    return rows.person("cus_canary", **{**values, **fields})


def canaries(store: Store) -> set[tuple[str, str]]:
    """(table, column) of every text in the database where the canary still sings."""
    return {
        (table._meta.table_name, column)
        for table in creation.TABLES
        for column in texts(table)
        if store.rows(
            f'SELECT 1 FROM "{table._meta.table_name}" WHERE "{column}" LIKE ? LIMIT 1',
            (f"%{CANARY}%",),
        )
    }


@pytest.fixture
def here(store: Store) -> int:
    to = rows.connection(store)
    some = [person(), *(rows.person(f"cus_{one}") for one in range(5))]
    rows.send(store, to, Fetched(1, participants=some))
    rows.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


def counts(store: Store, here: int) -> tuple[int, int]:
    every = segments(store, here)[0]
    return every.count, every.with_email


def test_every_field_is_personal_or_stays() -> None:
    assert tuple(one.name for one in PARTICIPANT_FIELDS) == ParticipantRow._fields
    assert tuple(one.name for one in PARTICIPANT_FIELDS if not one.personal) == STAY
    assert set(texts(panel_tables.Participant)) <= {*ParticipantRow._fields, "folded"}


def test_nothing_is_left_in_any_column(store: Store, here: int, tmp_path: Path) -> None:
    """The canary is in every text of the person and of an invite to them; all others stay."""
    personal = {("participant", one) for one in texts(panel_tables.Participant) if one not in STAY}
    personal |= {("invite", one) for one in texts(study_tables.Invite) if one not in INVITE_STAYS}
    queued(store, study(store, here), "eml")
    send(sender(store, here, tmp_path))
    for table, column in personal - {("invite", "address")}:
        if table == "invite":
            sql = f"UPDATE invite SET {column} = ? WHERE address = ?"
            store.execute(sql, (CANARY, ADDRESS))
    (row,) = store.row("SELECT id FROM participant WHERE stripe_id = 'cus_canary'")
    assert canaries(store) == personal
    others = "SELECT * FROM participant WHERE id <> ? ORDER BY id"
    before = store.rows(others, (row,))
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, folders(tmp_path), LATER)
    assert canaries(store) == set()
    assert store.rows(others, (row,)) == before
    left = stored(store, [row])[row].stored
    for field in PARTICIPANT_FIELDS:
        expected = field.emptied if field.personal else getattr(person(), field.name)
        assert getattr(left, field.name) == expected, field.name


@pytest.mark.parametrize("damaged", [False, True])
def test_nothing_is_left_in_any_file(
    store: Store, settings: Settings, here: int, tmp_path: Path, damaged: bool
) -> None:
    """Nor in a copy from before an update; and whatever state the index of texts is in."""
    home = Path(settings.home)
    index_builder.work(store, lambda _: False)
    assert search_index.ready(store) or store.postgres
    if not store.postgres:
        migrations.keep_copy(store.database, store.where, 4)
        if damaged:
            search_index.mark_damaged(store)
    run = queued(store, study(store, here), "eml")
    send(sender(store, here, home))
    erasure.request(store, here, "cus_canary", BY)
    assert erasure.perform(store, folders(home)) == 0
    assert counts(store, here) == (6, 6)
    assert erasure.perform(store, folders(home), LATER) == 1
    assert counts(store, here) == (5, 5)
    assert list(participants(store, here, search=CANARY)) == []
    assert all(CANARY not in str(address) for address in states(store, run.run))
    store.close()
    for file in home.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file
    assert prove(store, here).holds
    rows.assert_exact(store, here)


def test_a_file_of_version_0_2_is_deleted_only_if_it_is_theirs(
    store: Store, here: int, tmp_path: Path
) -> None:
    """Its name had only numbers, which an invite of an earlier database may have had, too."""
    run = queued(store, study(store, here), "eml").run
    send(sender(store, here, tmp_path))
    folder = tmp_path / "mailbox"
    (theirs,) = (file for file in folder.iterdir() if CANARY.encode() in file.read_bytes())
    other = next(file for file in folder.iterdir() if file != theirs)
    earlier = theirs.rename(theirs.with_name(f"{theirs.stem.rpartition('-')[0]}.eml"))
    strange = earlier.with_name(earlier.name.replace("invite", "reminder"))
    strange.write_bytes(other.read_bytes())
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, folders(tmp_path), LATER)
    assert not earlier.exists()
    assert strange.read_bytes() == other.read_bytes()
    assert len(states(store, run)) == len(list(folder.iterdir()))


def test_what_stripe_says_later_is_not_stored(store: Store, here: int, tmp_path: Path) -> None:
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, folders(tmp_path), LATER)
    rows.send(store, here, Fetched(9, participants=[person(name=f"{CANARY} again")]))
    assert canaries(store) == set()
    assert counts(store, here) == (5, 5)


def test_the_mailbox_is_never_written_to_again(store: Store, here: int, tmp_path: Path) -> None:
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, folders(tmp_path), LATER)
    again = rows.person("cus_again", email=f"{CANARY}@example.com")
    rows.send(store, here, Fetched(9, participants=[again]))
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
    assert erasure.perform(store, folders(tmp_path), LATER) == 0
    assert counts(store, here) == (6, 6)
    assert queued(store, study(store, here, "Again")).number >= 1
    assert store.rows("SELECT 1 FROM opt_out") == []
    erasure.request(store, here, "cus_canary", BY)
    erasure.perform(store, folders(tmp_path), LATER)
    with pytest.raises(StudyProblem, match="too late"):
        erasure.take_back(store, here, "cus_canary", BY)
    assert opt_outs.KINDS[0] == "erased"


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
    twin = rows.person("cus_twin", email=ADDRESS.upper())
    rows.send(store, here, Fetched(9, participants=[twin]))
    erasure.request(store, here, "cus_canary", BY)
    if done:
        erasure.perform(store, folders(tmp_path), LATER)
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
    rows.send(store, here, Fetched(9, participants=[changed]))
    erasure.take_back(store, here, "cus_canary", BY)
    assert shut(store) == 0
    erasure.request(store, here, "cus_canary", BY)
    changed = person(email=f"{CANARY}-3@example.com")
    rows.send(store, here, Fetched(10, participants=[changed]))
    erasure.perform(store, folders(tmp_path), LATER)
    assert shut(store) == 2


def test_an_invite_to_a_former_address_ends_too(store: Store, here: int) -> None:
    run = queued(store, study(store, here)).run
    changed = person(email=f"{CANARY}-2@example.com")
    rows.send(store, here, Fetched(9, participants=[changed]))
    erasure.request(store, here, "cus_canary", BY)
    assert states(store, run)[ADDRESS] == "withdrawn"
    assert prove(store, here).holds


def shut(store: Store) -> int:
    (number,) = store.row("SELECT count(*) FROM opt_out WHERE kind = 'erased'")
    return int(number)
