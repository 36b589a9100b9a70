"""Brings into a database what the witness knows and a copy lost. Everything is in the ledger."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from secrets import token_urlsafe

from app.db.store import Store
from app.invites import erasure, ledger, opt_outs, studies
from app.invites.errors import StudyProblem
from app.invites.ledger import Entry
from app.invites.mail.addresses import written
from app.invites.sending.runs import end_reminders
from app.invites.witness.lost_records import LostRecords, LostSend
from app.invites.witness.witness import TAKEN_OVER as WHY

TITLE = "Sent from another copy"  # of the study for invites whose study was lost
_WAITING = ("queued", "sending", "uncertain", "failed")


def take_over(store: Store, connection_id: int, lost: LostRecords, by: str, machine: str) -> None:
    """Mark who was sent something as invited, and record the opt-outs, in the caller's transaction.
    Who was erased is erased again in four hours. Raises DatabaseProblem."""
    of_studies: defaultdict[int | None, list[LostSend]] = defaultdict(list)
    for one in lost.sends:
        of_studies[one.study].append(one)
    for study, sends in of_studies.items():
        _invited(store, connection_id, study, sends, by, machine)
        if study is not None:
            _reminded(store, connection_id, study, sends, by)
    for kind in opt_outs.KINDS:  # last, because nothing is sent to who wants nothing
        boxes = [mailbox for mailbox, one, _ in lost.opt_outs if one == kind]
        opt_outs.record(store, connection_id, boxes, kind, by, WHY)
    for _, kind, participants in lost.opt_outs:
        if kind == "erased" and len(participants) == 1:
            _erase(store, connection_id, participants[0], by)


def _erase(store: Store, connection_id: int, participant: int, by: str) -> None:
    (stripe_id,) = store.row("SELECT stripe_id FROM participant WHERE id = ?", (participant,))
    with suppress(StudyProblem):  # it is erased already, or will be
        erasure.request(store, connection_id, stripe_id, by)


def _invited(
    store: Store,
    connection_id: int,
    study: int | None,
    sends: Sequence[LostSend],
    by: str,
    machine: str,
) -> None:
    """Bring the invites to these mailboxes to the state in which they left, and make those that are
    missing."""
    at = {one.mailbox: one for one in sends if one.what == "invite" or study is None}
    if not at:
        return
    entries: list[Entry] = []
    if study is not None:
        entries = _waiting(store, study, at)
        for entry in entries:
            at.pop(entry.mailbox or "", None)
        if entries:
            ledger.append(store, connection_id, by, entries)
    if at:
        key = study or _lost_study(store, connection_id, by)
        _make(store, connection_id, key, list(at.values()), by, machine)


def _waiting(store: Store, study: int, at: dict[str, LostSend]) -> list[Entry]:
    """Mark the invites that would be sent again. One that may have arrived stays uncertain."""
    rows = store.rows(
        "SELECT id, mailbox, state FROM invite"
        f" WHERE study_id = ? AND {store.among('mailbox')} AND {store.among('state')} ORDER BY id",
        (study, store.values(sorted(at)), store.values(list(_WAITING))),
    )
    newest = {mailbox: (key, state) for key, mailbox, state in rows if state != "failed"}
    entries = []
    for mailbox, (key, state) in newest.items():
        after = "sent" if state == "uncertain" else _state(at[mailbox])
        store.execute(
            "UPDATE invite SET state = ?, sent_at = ?, owner = NULL, attempt = attempt + 1"
            " WHERE id = ?",
            (after, at[mailbox].at, key),
        )
        entries.append(Entry("invite", study, key, mailbox, state, after, WHY))
    return entries


def _state(one: LostSend) -> str:
    return "uncertain" if one.uncertain else "handed_over"


def _make(
    store: Store, connection_id: int, study: int, sends: Sequence[LostSend], by: str, machine: str
) -> None:
    """Make invites that were sent elsewhere, as a batch that is done."""
    now = int(time.time())
    store.execute(
        'INSERT INTO run (study_id, kind, way, state, number, at, "by", go_at, machine)'
        " VALUES (?, 'invite', 'smtp', 'done', ?, ?, ?, ?, ?)",
        (study, len(sends), now, by, now, machine),
    )
    (run,) = store.row("SELECT max(id) FROM run WHERE study_id = ?", (study,))
    some = store.values(sorted(one.participants[0] for one in sends))
    emails: dict[int, str | None] = dict(
        store.rows(f"SELECT id, email FROM participant WHERE {store.among('id')}", (some,))
    )
    store.insert(
        "invite (connection_id, study_id, participant_id, run_id, mailbox, address, token, state,"
        " reason, queued_at, sent_at)",
        [
            (
                *(connection_id, study, one.participants[0], run, one.mailbox),
                *(_address(emails.get(one.participants[0])), token_urlsafe(16)),
                *(_state(one), WHY, one.at, one.at),
            )
            for one in sends
        ],
        "ON CONFLICT DO NOTHING",
    )
    made = store.rows("SELECT id, mailbox, state FROM invite WHERE run_id = ? ORDER BY id", (run,))
    entries = [Entry("run", study, after="done", detail=f"{len(made)} {WHY}")]
    for key, mailbox, state in made:
        entries.append(Entry("invite", study, key, mailbox, None, "queued", WHY))
        entries.append(Entry("invite", study, key, mailbox, "queued", state, WHY))
    ledger.append(store, connection_id, by, entries)


def _address(email: str | None) -> str | None:
    address = written(email or "")
    return address if isinstance(address, str) else None


def _lost_study(store: Store, connection_id: int, by: str) -> int:
    """A closed study for invites whose study is not in this database. They count for cool-downs."""
    rows = store.rows(
        "SELECT id FROM study WHERE connection_id = ? AND title = ? AND state = 'closed'",
        (connection_id, TITLE),
    )
    if rows:
        return int(rows[0][0])
    key = studies.create(store, connection_id, TITLE, by, purpose=WHY.capitalize())
    store.execute("UPDATE study SET state = 'closed' WHERE id = ?", (key,))
    ledger.append(
        store, connection_id, by, [Entry("study", key, before="draft", after="closed", detail=WHY)]
    )
    return key


def _reminded(
    store: Store, connection_id: int, study: int, sends: Sequence[LostSend], by: str
) -> None:
    """Record that reminders left."""
    at = {one.mailbox: one for one in sends if one.what == "reminder"}
    if not at:
        return
    which = f"study_id = ? AND {store.among('mailbox')}"
    given = (study, store.values(sorted(at)))
    entries = end_reminders(store, which, given)
    rows = store.rows(
        f"SELECT id, mailbox, reminder FROM invite WHERE {which} AND sent_at IS NOT NULL"
        " AND (reminder IS NULL OR reminder IN ('withdrawn', 'uncertain', 'failed')) ORDER BY id",
        given,
    )
    for key, mailbox, before in rows:
        after = _state(at[mailbox])
        store.execute(
            "UPDATE invite SET reminder = ?, reminded_at = ? WHERE id = ?",
            (after, at[mailbox].at, key),
        )
        entries.append(Entry("reminder", study, key, mailbox, before, after, WHY))
    if entries:
        ledger.append(store, connection_id, by, entries)
