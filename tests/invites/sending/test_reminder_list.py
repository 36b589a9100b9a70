"""A reminder that a person confirmed: the list that they saw is queued, or they are asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.store import Store
from app.invites import lifecycle, studies
from app.invites.delivery import Delivery
from app.invites.errors import StudyProblem
from app.invites.invite_log import invite_ids
from app.invites.ledger_proof import prove
from app.invites.plan.frozen import UnknownPlan
from app.invites.sending import reminder_list
from app.invites.sending.reminder_list import QueuedReminder, ReminderDrift, ReminderList, approve
from tests.helpers.study_world import BY, seen, send, sender

EML = Delivery("eml")


@pytest.fixture
def shown(store: Store, here: int, asked: int) -> ReminderList:
    """Stored, and named by its hash again."""
    found = reminder_list.current(store, studies.get(store, asked), EML)
    reminder_list.keep(store, found, BY)
    kept = reminder_list.named(store, here, found.short)
    assert (kept.invites, kept.template) == (found.invites, found.template)
    assert (kept.hash, kept.delivery) == (found.hash, found.delivery)
    return kept


def test_it_is_sent_once(store: Store, here: int, shown: ReminderList, tmp_path: Path) -> None:
    found = approve(store, shown, EML, BY, undo=0)
    assert isinstance(found, QueuedReminder)
    assert (found.batch.number, found.drift.dropped) == (4, ())
    send(sender(store, here, tmp_path))
    assert seen(store, found.batch).counts == {"handed_over": 4}
    again = reminder_list.named(store, here, shown.short)
    with pytest.raises(StudyProblem, match="already sent"):
        approve(store, again, EML, BY)
    assert prove(store, here).holds


def test_who_fell_out_is_dropped_even_if_another_came(
    store: Store, here: int, asked: int, shown: ReminderList
) -> None:
    """The number is the same, but not the people."""
    (first,) = invite_ids(store, here, text="00000")
    lifecycle.mark(store, here, [first], "started", BY)
    drift = reminder_list.difference(store, shown, EML)
    assert (drift.terms, drift.added, drift.dropped) == ((), (), (first,))
    less = drift.now
    (second,) = invite_ids(store, here, text="00001")
    lifecycle.mark(store, here, [second], "completed", BY)
    store.execute("UPDATE invite SET state = 'handed_over' WHERE id = ?", (first,))
    found = approve(store, less, EML, BY)
    assert isinstance(found, ReminderDrift)
    assert (found.added, found.dropped) == ((first,), (second,))
    assert store.row("SELECT count(*) FROM invite WHERE reminder IS NOT NULL") == (0,)
    some = approve(store, less, EML, BY, only_planned=True)
    assert isinstance(some, QueuedReminder)
    assert some.batch.number == 2
    (left,) = store.row("SELECT reminder FROM invite WHERE id = ?", (first,))
    assert left is None


def test_another_mail_or_delivery_asks_again(
    store: Store, here: int, asked: int, shown: ReminderList
) -> None:
    found = approve(store, shown, Delivery("smtp", "rosa@localhost:1"), BY, only_planned=True)
    assert isinstance(found, ReminderDrift)
    assert found.terms == ("the channel of the reminders: eml → the mail server rosa@localhost:1",)
    studies.change(store, asked, BY, reminder_subject="Still interested?")
    found = approve(store, shown, EML, BY, only_planned=True)
    assert isinstance(found, ReminderDrift)
    assert found.terms == ("the subject: nothing → “Still interested?”",)
    assert found.now.hash != shown.hash


def test_what_no_one_is_left_of_or_no_one_knows_is_said(
    store: Store, here: int, shown: ReminderList
) -> None:
    lifecycle.mark(store, here, list(shown.invites.values()), "completed", BY)
    with pytest.raises(StudyProblem, match="No one in this reminder can still be reminded"):
        approve(store, shown, EML, BY)
    for digits in ("12", "xyzxyz", "0" * 12):
        with pytest.raises(UnknownPlan):
            reminder_list.named(store, here, digits)
    store.execute("UPDATE planned SET detail = 0")
    assert not prove(store, here).holds, "a stored list is sealed"
