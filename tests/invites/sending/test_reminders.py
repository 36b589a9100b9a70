"""Reminders: replies in the thread of their invites, which count as contacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.store import Store
from app.invites import lifecycle, studies
from app.invites.invite_log import invite_ids
from app.invites.plan import frozen
from app.invites.plan.outcomes import Outcome
from app.invites.sending import outbox, reminders
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import BY, planned, queued, seen, send, sender, study


@pytest.mark.parametrize("invited_by", ["smtp", "eml", "csv"])
def test_a_reminder_is_a_reply_in_the_thread_of_its_invite(
    store: Store, here: int, tmp_path: Path, invited_by: str
) -> None:
    key = study(store, here, subject="Hello {{name|you}}: {{study}}?")
    run = queued(store, key, invited_by)
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
        store.execute("UPDATE invite SET sent_at = sent_at - 90000")
        of_invites: dict[str, str] = dict(store.rows("SELECT address, message_id FROM invite"))
        studies.change(store, key, BY, subject="Another", sender_address="eve@acme.example")
        server.accepted.clear()
        again = reminders.queue(store, key, "smtp", 4, BY, undo=0)
        send(sender(store, here, tmp_path, server.url))
        sent = {str(mail["To"]): mail for mail in server.mails}
    assert seen(store, again).counts == {"sent": 4}
    mail = sent["cus_00001@example.com"]
    subject = "Hello Person 1: Pricing?"
    if invited_by == "csv":  # it was no email, so there is no thread
        assert (mail["Subject"], mail["In-Reply-To"], mail["References"]) == (subject, None, None)
    else:
        assert mail["Subject"] == f"Re: {subject}"
        assert mail["In-Reply-To"] == mail["References"] == of_invites["cus_00001@example.com"]
        assert mail["Message-ID"] != mail["In-Reply-To"]
    kept: dict[str, str] = dict(store.rows("SELECT address, reminder_message_id FROM invite"))
    assert kept == {address: one["Message-ID"] for address, one in sent.items()}
    assert dict(store.rows("SELECT address, message_id FROM invite")) == of_invites
    assert seen(store, run).invited == 4


def test_a_table_of_reminders_has_the_subject_of_the_invite(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    run = reminders.queue(store, asked, "csv", 4, BY)
    send(sender(store, here, tmp_path))
    (file,) = (tmp_path / "mailbox").glob(f"reminders-{asked}-{run.run}-*.csv")
    table = file.read_text()
    assert table.count("Re: A conversation about Pricing?") == 4


def test_a_reminder_begins_a_cool_down_and_is_no_invite_for_a_cap(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    month = 31 * 86_400
    store.execute("UPDATE invite SET sent_at = sent_at - ?", (month,))
    rules = {"cool_down_days": 30, "cap": None, "cap_days": None}
    other = study(store, here, "Another", **rules)
    capped = study(store, here, "Third", **{"cool_down_days": None, "cap": 2, "cap_days": 365})
    both = [planned(store, other), planned(store, capped)]
    assert [frozen.counts(store, one.id)[Outcome.INVITE] for one in both] == [4, 4]
    reminders.queue(store, asked, "eml", 4, BY)
    waits = planned(store, other)
    assert frozen.counts(store, waits.id)[Outcome.COOL_DOWN] == 4
    send(sender(store, here, tmp_path))
    waits = planned(store, other)
    assert frozen.counts(store, waits.id)[Outcome.COOL_DOWN] == 4
    assert outbox.queue(store, both[0], "eml", BY).number == 0
    assert outbox.queue(store, both[1], "eml", BY).number == 4


def test_an_uncertain_one_that_arrived_expires_as_others_do(
    store: Store, here: int, tmp_path: Path
) -> None:
    key = study(store, here, expire_days=10)
    run = queued(store, key)
    with MailServer(lambda _: "reset at end, accepted") as server:
        send(sender(store, here, tmp_path, server.url))
    now = seen(store, run)
    assert (now.invited, now.uncertain) == (0, 1)
    ids = invite_ids(store, here, states=["uncertain"])
    assert lifecycle.resolve(store, here, ids, True, BY) == 1
    found = store.rows("SELECT expires_at - sent_at FROM invite WHERE state = 'sent'")
    assert found == [(10 * 86_400,)]
    assert seen(store, run).invited == 1
