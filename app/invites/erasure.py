"""Erases a participant. Only the fact that there was one stays. For the first four hours the
erasure can be undone.

Their mailbox gets no more invites from the first moment on, and is known by its keyed hash from
then on. Later data from Stripe about them is not stored. Old copies of the database from before an
update of Panelist have their data too, and are deleted. The customer in Stripe stays as it is, and
so does a mail merge table that was written earlier.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from app.db import apply, migrations
from app.db.indexes import search_index
from app.db.store import Store
from app.invites import ledger, opt_outs
from app.invites.ending import end_invites
from app.invites.errors import StudyProblem, UnknownParticipant
from app.invites.ledger import Entry
from app.invites.mail.addresses import hasher, read
from app.invites.sending.channels.file_channels import (
    earlier_file_name,
    file_name,
    mailbox,
)
from app.invites.witness.witness import forget
from app.panel.segments.custom import rules
from app.paths import Folders
from app.text import plain

HOURS = 4
BY = "the clock"


@dataclass(frozen=True)
class Erasure:
    """``done_at``: None while it can still be undone."""

    stripe_id: str
    due_at: int
    done_at: int | None


def of(store: Store, participant_id: int) -> Erasure | None:
    """The erasure of a participant, by row id, or None. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT e.stripe_id, e.due_at, e.done_at FROM erasure e JOIN participant p"
        " ON p.connection_id = e.connection_id AND p.stripe_id = e.stripe_id WHERE p.id = ?",
        (participant_id,),
    )
    return Erasure(*rows[0]) if rows else None


def request(store: Store, connection_id: int, stripe_id: str, by: str) -> Erasure:
    """Have a participant erased in four hours. Their open invites end now. Raises StudyProblem and
    DatabaseProblem."""
    now = int(time.time())
    with store.transaction():
        key, box = _found(store, connection_id, stripe_id)
        if of(store, key) is not None:
            raise StudyProblem("This participant is already erased or will be erased.")
        store.execute(
            'INSERT INTO erasure (connection_id, stripe_id, mailbox, at, due_at, "by")'
            " VALUES (?, ?, ?, ?, ?, ?)",
            (connection_id, stripe_id, box, now, now + HOURS * 3_600, by),
        )
        _shut(store, connection_id, key, box, by)
        ledger.append(store, connection_id, by, [Entry("erasure", after="wanted")])
    return Erasure(stripe_id, now + HOURS * 3_600, None)


def take_back(store: Store, connection_id: int, stripe_id: str, by: str) -> None:
    """Undo an erasure. Invites that ended stay ended. Raises StudyProblem if it is too late, and
    DatabaseProblem."""
    with store.transaction():
        _found(store, connection_id, stripe_id)
        this = (connection_id, stripe_id)
        lock = " FOR UPDATE" if store.postgres else ""
        wanted = store.rows(
            "SELECT mailbox FROM erasure WHERE connection_id = ? AND stripe_id = ?"
            f" AND done_at IS NULL{lock}",
            this,
        )
        if not wanted:
            raise StudyProblem("There is no erasure to undo, or it is too late.")
        store.execute("DELETE FROM erasure WHERE connection_id = ? AND stripe_id = ?", this)
        entries = [Entry("erasure", before="wanted", after="kept")]
        ((box,),) = wanted
        # Other erased participants may have had the same mailbox.
        if box is not None and store.execute(
            "DELETE FROM opt_out WHERE mailbox = ? AND kind = 'erased'"
            " AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.mailbox = opt_out.mailbox)",
            (box,),
        ):
            opt_outs.tell_all(store, connection_id, by, [Entry("erased-lifted", mailbox=box)])
        ledger.append(store, connection_id, by, entries)


def perform(store: Store, folders: Folders, now: int | None = None) -> int:
    """Erase every participant who is due, in all accounts, and return how many. Raises
    DatabaseProblem, and OSError if one of their files cannot be deleted: then they stay due."""
    due = store.rows(
        "SELECT connection_id, stripe_id FROM erasure WHERE done_at IS NULL AND due_at <= ?",
        (int(time.time()) if now is None else now,),
    )
    if due and not store.postgres:
        migrations.drop_copies(store.where)
    erased = sum(_erase(store, here, stripe_id, folders) for here, stripe_id in due)
    if erased and not store.postgres:
        search_index.remove_old_values(store)
        store.rows("PRAGMA wal_checkpoint(TRUNCATE)")  # the log still has the old pages
    return erased


def _erase(store: Store, here: int, stripe_id: str, folders: Folders) -> bool:
    """Returns False if the erasure was undone, or done elsewhere, in between."""
    folder = mailbox(folders.home)
    with store.transaction():
        if not store.execute(
            "UPDATE erasure SET done_at = ? WHERE connection_id = ? AND stripe_id = ?"
            " AND done_at IS NULL",
            (int(time.time()), here, stripe_id),
        ):
            return False
        key, box = _found(store, here, stripe_id)
        _shut(store, here, key, box, BY)  # the address may have changed
        found = store.rows(
            "SELECT i.id, i.study_id, i.token, i.address, i.mailbox"
            " FROM invite i JOIN participant p ON p.id = i.participant_id"
            " WHERE p.connection_id = ? AND p.stripe_id = ?",
            (here, stripe_id),
        )
        for invite, study, token, address, _ in found:
            for kind in ("invite", "reminder"):
                folder.remove(file_name(kind, study, invite, token))
                folder.remove_mail_to(address or "", earlier_file_name(kind, study, invite))
        store.execute_many(
            "UPDATE invite SET address = NULL, answer = NULL WHERE id = ?",
            [(invite,) for invite, *_ in found],
        )
        forget(store, folders.state, {box for *_, box in found} | {box or ""})
        apply.erase(store, here, stripe_id, partial(rules, store, here))
        ledger.append(store, here, BY, [Entry("erasure", before="wanted", after="done")])
    return True


def _shut(store: Store, connection_id: int, key: int, box: str | None, by: str) -> None:
    """Stop all invites to a participant's mailbox, and end their open invites to other
    mailboxes."""
    if box is not None:
        opt_outs.record(store, connection_id, [box], "erased", by)
    ended = end_invites(store, "participant_id = ?", (key,), opt_outs.ends("erased"), "erased")
    ledger.append(store, connection_id, by, ended)


def _found(store: Store, connection_id: int, stripe_id: str) -> tuple[int, str | None]:
    """A participant's row id, and their mailbox as it is stored."""
    rows = store.rows(
        "SELECT id, email FROM participant WHERE connection_id = ? AND stripe_id = ?",
        (connection_id, stripe_id),
    )
    if not rows:
        raise UnknownParticipant(
            f"The participant {plain(stripe_id, 80)!r} was not found. Nothing was changed."
            " To list participants, run panelist participants."
        )
    key, email = rows[0]
    box = read(email or "")
    return key, hasher(store).stored(box) if isinstance(box, str) else None
