"""What the ledger proves, and what keeps an old copy of the database from sending."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.invites import contact_lists, ledger, lifecycle, opt_outs, studies
from app.invites.errors import RestoreSuspected
from app.invites.housekeeping import tidy
from app.invites.invite_log import invite_ids
from app.invites.ledger import Entry
from app.invites.ledger_proof import prove
from app.invites.manual_links import hand_out
from app.invites.plan import frozen
from app.invites.restore_guard import RestoreGuard
from app.invites.rules import DAY
from app.invites.sending import reminders
from app.invites.witness.witness import TAKEN_OVER
from app.settings import Settings
from tests.helpers import rows
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import (
    BY,
    account,
    folders,
    planned,
    queued,
    send,
    sender,
    study,
)

FIRST = "cus_00000@example.com"


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE ledger SET after = 'sent' WHERE number = 9", "broken_at"),
        ("DELETE FROM ledger WHERE number = 9", "broken_at"),
        ("UPDATE ledger_head SET number = number - 1", "broken_at"),
        ("UPDATE invite SET state = 'queued' WHERE address LIKE 'cus_00000%'", "differing"),
        ("UPDATE invite SET sent_at = NULL WHERE address LIKE 'cus_00000%'", "differing"),
        ("UPDATE invite SET address = 'evil@example.com' WHERE id = 1", "redirected"),
        ("UPDATE invite SET mailbox = '0' WHERE id = 1", "redirected"),
        ("UPDATE study SET link = 'https://evil.example/{{token}}'", "changed"),
        ("DELETE FROM study_segment", "changed"),
        ("UPDATE plan SET letter = replace(letter, 'acme', 'evil')", "changed"),
        ("UPDATE planned SET mailbox = '0' WHERE participant_id = 1", "changed"),
        ("UPDATE planned SET outcome = 1 WHERE participant_id = 1", "changed"),
        ("UPDATE run SET letter = replace(letter, 'acme', 'evil')", "changed"),
        ("UPDATE run SET server = 'evil@127.0.0.1:25' WHERE kind = 'invite'", "changed"),
        ("UPDATE run SET server = 'evil@127.0.0.1:25' WHERE kind = 'reminder'", "changed"),
        ("UPDATE invite SET token = 'another' WHERE id = 1", "changed"),
        ("UPDATE study SET state = 'paused'", "changed"),
        ("UPDATE invite SET sent_at = sent_at - 86400 WHERE id = 2", "differing"),
        ("DELETE FROM opt_out", "forgotten"),
        ("UPDATE mailbox_key SET key = '00'", "key_replaced"),
        ("INSERT INTO mailbox_key (id, key) VALUES (2, '00')", "keys_added"),
        (
            "INSERT INTO opt_out (mailbox, kind, at, \"by\") VALUES ('0', 'opted_out', 1, 'rosa')",
            "added",
        ),
        ("""UPDATE opt_out SET "by" = 'eve'""", "altered"),
        ("UPDATE opt_out SET reason = 'They asked for it'", "altered"),
        ("UPDATE run SET state = 'paused' WHERE kind = 'reminder'", "changed"),
        ("UPDATE run SET start_at = 5 WHERE kind = 'reminder'", "changed"),
        ("UPDATE run SET letter = NULL WHERE kind = 'reminder'", "missing"),
        ("UPDATE invite SET expires_at = expires_at + 86400 WHERE id = 1", "postponed"),
        ("UPDATE invite SET expires_at = NULL WHERE id = 1", "postponed"),
        ("DELETE FROM plan WHERE id NOT IN (SELECT plan_id FROM run WHERE plan_id > 0)", "missing"),
    ],
)
def test_what_was_tampered_with_proves_nothing(
    store: Store, here: int, asked: int, sql: str, what: str
) -> None:
    boxes, _ = contact_lists.mailboxes(store, [FIRST])
    opt_outs.record(store, here, boxes, "opted_out", BY)
    reminders.queue(store, asked, "smtp", 3, BY)
    planned(store, asked)
    assert prove(store, here).holds
    store.execute(sql)
    proof = prove(store, here)
    assert not proof.holds
    assert getattr(proof, what)


@pytest.mark.parametrize(
    "sql",
    [
        """UPDATE ledger SET "by" = 'eve' WHERE number = ?""",
        "UPDATE ledger SET machine = 'elsewhere' WHERE number = ?",
        "DELETE FROM ledger WHERE number = ?",
        "UPDATE ledger_head SET hash = '' WHERE number > ?",
    ],
)
def test_nothing_is_sent_from_a_broken_ledger(
    store: Store, here: int, asked: int, tmp_path: Path, sql: str
) -> None:
    other = study(store, here, "Other", cool_down_days=None)
    queued(store, other, "eml")
    (number,) = store.row("SELECT number FROM ledger_head")
    store.execute(sql, (number - 5,))
    with pytest.raises(RestoreSuspected, match="The ledger is broken: entry"):
        send(sender(store, here, tmp_path))
    assert store.row("SELECT count(*) FROM invite WHERE state = 'queued'") == (4,)
    RestoreGuard(store, here, folders(tmp_path)).accept(BY)  # a person has looked
    send(sender(store, here, tmp_path))
    assert store.row("SELECT count(*) FROM invite WHERE state = 'queued'") == (0,)
    assert prove(store, here).broken_at is not None  # it stays broken


def test_a_link_that_was_handed_out_expires_by_the_rule_of_its_study(
    store: Store, here: int
) -> None:
    key = study(store, here, expire_days=7)
    queued(store, key, "link")
    studies.change(store, key, BY, expire_days=9)
    (one,) = invite_ids(store, here, text="00001")
    hand_out(store, one, BY)
    sent_at, expires_at = store.row("SELECT sent_at, expires_at FROM invite WHERE id = ?", (one,))
    assert expires_at - sent_at == 9 * DAY
    assert prove(store, here).holds


def test_an_invite_that_left_from_another_copy_days_ago_is_as_it_was_taken_over(
    store: Store, here: int
) -> None:
    queued(store, study(store, here))
    (one,) = invite_ids(store, here, text="00001")
    study_id, box = store.row("SELECT study_id, mailbox FROM invite WHERE id = ?", (one,))
    sent_at = int(time.time()) - 3 * DAY
    store.execute(
        "UPDATE invite SET state = 'handed_over', sent_at = ? WHERE id = ?", (sent_at, one)
    )
    taken = Entry("invite", study_id, one, box, "queued", "handed_over", TAKEN_OVER)
    ledger.append(store, here, BY, [taken])
    assert prove(store, here).holds


def test_an_unsent_plan_that_was_dropped_after_a_day_is_not_missed(
    store: Store, here: int, asked: int
) -> None:
    planned(store, asked)
    later = time.time() + frozen.KEPT + 5
    store.execute("DELETE FROM plan WHERE id NOT IN (SELECT plan_id FROM run)")
    assert len(prove(store, here).missing) == 1
    assert not prove(store, here, now=later).missing


def test_a_second_mail_is_seen_in_the_ledger(store: Store, here: int, asked: int) -> None:
    (one,) = invite_ids(store, here, text="00000")
    (box,) = store.row("SELECT mailbox FROM invite WHERE id = ?", (one,))
    again = [
        Entry("invite", asked, one, box, "handed_over", "uncertain"),
        Entry("invite", asked, one, box, "uncertain", "handed_over"),
    ]
    ledger.append(store, here, BY, again)
    assert len(prove(store, here).twice) == 2


def test_an_older_database_does_not_send(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    guard = RestoreGuard(store, here, folders(tmp_path))
    guard.check()
    (number,) = store.row("SELECT number FROM ledger_head")
    store.execute("DELETE FROM ledger WHERE number > ?", (number - 2,))  # a copy was put back
    store.execute("UPDATE ledger_head SET number = ?", (number - 2,))
    key = study(store, here, "Another", cool_down_days=None)
    queued(store, key)
    store.execute("DELETE FROM ledger WHERE number >= ?", (number,))
    store.execute("UPDATE ledger_head SET number = ?", (number - 1,))
    with MailServer() as server:
        with pytest.raises(RestoreSuspected, match="older than what was sent"):
            send(sender(store, here, tmp_path, server.url))
        assert server.accepted == []


def test_another_computer_asks_first(store: Store, here: int, asked: int, tmp_path: Path) -> None:
    store.execute("UPDATE ledger_head SET machine = 'another'")
    guard = RestoreGuard(store, here, folders(tmp_path))
    if store.postgres:  # several computers share it
        guard.check()
        return
    with pytest.raises(RestoreSuspected, match="on another computer"):
        guard.check()
    guard.accept(BY)
    guard.check()


def test_a_second_reminder_is_seen_in_the_ledger(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    reminders.queue(store, asked, "eml", 4, BY)
    send(sender(store, here, tmp_path))
    proof = prove(store, here)
    assert (proof.holds, proof.reminded, proof.handed_over) == (True, 4, 4)
    (one,) = invite_ids(store, here, text="00000")
    (box,) = store.row("SELECT mailbox FROM invite WHERE id = ?", (one,))
    again = [
        Entry("reminder", asked, one, box, "handed_over", "queued"),
        Entry("reminder", asked, one, box, "queued", "handed_over"),
    ]
    ledger.append(store, here, BY, again)
    assert prove(store, here).holds  # as if it had been refused after all
    ledger.append(store, here, BY, [Entry("reminder", asked, one, box, "handed_over", "uncertain")])
    assert len(prove(store, here).twice) == 1
    store.execute("UPDATE invite SET reminder = 'queued' WHERE id <> ?", (one,))
    assert len(prove(store, here).differing) == 4


def test_an_uncertain_reminder_is_listed(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    reminders.queue(store, asked, "smtp", 4, BY, undo=0)
    lost = "reset at end, accepted"
    with MailServer(lambda to: lost if to == FIRST else "ok") as server:
        send(sender(store, here, tmp_path, server.url))
    proof = prove(store, here)
    assert (proof.holds, proof.uncertain) == (True, [])
    assert proof.reminders == list(invite_ids(store, here, text="00000"))


@pytest.mark.parametrize("kind", opt_outs.KINDS)
def test_a_mail_to_who_wants_none_is_seen_in_the_ledger(
    store: Store, here: int, asked: int, kind: str
) -> None:
    (one,) = invite_ids(store, here, text="00000")
    (box,) = store.row("SELECT mailbox FROM invite WHERE id = ?", (one,))
    opt_outs.record(store, here, [box], kind, BY)
    proof = prove(store, here)
    assert proof.holds
    mails = [
        Entry("invite", asked, 10**6, box, None, "queued"),
        Entry("invite", asked, 10**6, box, "queued", "uncertain"),
    ]
    ledger.append(store, here, BY, mails)
    assert prove(store, here).unwanted == [proof.entries + 2]
    assert not prove(store, here).holds


def test_an_opt_out_that_a_copy_lacks_is_missed(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    """Nothing was sent after it, but someone would be written to who wants nothing."""
    tidy(store, folders(tmp_path))
    (before,) = store.row("SELECT number FROM ledger_head")
    boxes, _ = contact_lists.mailboxes(store, [FIRST])
    opt_outs.record(store, here, boxes, "opted_out", BY)
    tidy(store, folders(tmp_path))
    store.execute("DELETE FROM opt_out")  # a copy was put back
    store.execute("DELETE FROM ledger WHERE number > ?", (before,))
    store.execute("UPDATE ledger_head SET number = ?", (before,))
    (one,) = invite_ids(store, here, text="00003")
    for _ in range(2):  # whatever is written down in the copy, it stays missed
        tidy(store, folders(tmp_path))
        with pytest.raises(RestoreSuspected, match="older than what was sent"):
            RestoreGuard(store, here, folders(tmp_path)).check()
        lifecycle.mark(store, here, [one], "started", BY)
    RestoreGuard(store, here, folders(tmp_path)).accept(BY)
    RestoreGuard(store, here, folders(tmp_path)).check()


def test_an_entry_that_comes_while_the_ledger_is_read_breaks_nothing(
    store: Store, settings: Settings
) -> None:
    """Of two senders on one database, each reads the ledger while the other appends."""
    here = rows.connection(store)
    ledger.append(store, here, "rosa", [Entry("study", 1, after="draft")])
    stop = threading.Event()

    def append() -> None:
        other = open_store(settings)
        while not stop.is_set():
            with other.transaction():
                ledger.append(other, here, "otto", [Entry("study", 1, after="active")])
        other.close()

    thread = threading.Thread(target=append)
    thread.start()
    try:
        for _ in range(100):
            assert ledger.tail_broken_at(store, here) is None
            assert ledger.broken_at(store, here) is None
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("extra", [True, False])
def test_entries_beyond_the_head_or_missing_before_it_are_found(store: Store, extra: bool) -> None:
    here = rows.connection(store)
    for _ in range(3):
        ledger.append(store, here, "rosa", [Entry("study", 1, after="draft")])
    (end,) = store.row("SELECT max(number) FROM ledger")
    if extra:
        (before,) = store.row("SELECT hash FROM ledger WHERE number = ?", (end - 1,))
        store.execute("UPDATE ledger_head SET number = ?, hash = ?", (end - 1, before))
    else:
        store.execute("DELETE FROM ledger WHERE number = ?", (end,))
    assert ledger.tail_broken_at(store, here) is not None
    assert ledger.broken_at(store, here) is not None


def test_the_proof_holds_at_any_moment_of_a_sending(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    here = account(store, 60)
    queued(store, study(store, here))
    sent = threading.Event()

    def work() -> None:
        other = open_store(settings)
        with MailServer() as server:
            send(sender(other, here, tmp_path, server.url))
        other.close()
        sent.set()

    thread = threading.Thread(target=work)
    thread.start()
    proofs = 0
    while not sent.is_set():
        proof = prove(store, here)
        assert proof.holds, proof
        proofs += 1
    thread.join()
    assert proofs > 1
    assert prove(store, here).handed_over == 60
