"""Erasing a person: nothing of them is left here but that there was somebody, after four hours in
which it can be taken back.

Their mailbox is written to no more from the first moment on, and stays known by its keyed hash;
what Stripe says of them later is not stored. The customer in Stripe is not touched, nor is a
table that somebody made for a mail merge.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.db import apply, searching
from app.db.store import Store
from app.invites import ledger, optouts
from app.invites.filing import file_name
from app.invites.folder import Folder
from app.invites.ledger import Entry
from app.invites.mailbox import hasher, read
from app.invites.problems import StudyProblem
from app.panel.own import rules

HOURS = 4
BY = "the clock"


@dataclass(frozen=True)
class Erasure:
    """``done_at`` None: it can still be taken back."""

    stripe_id: str
    due_at: int
    done_at: int | None


def of(store: Store, participant_id: int) -> Erasure | None:
    """What is to become of a person, by row id. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT e.stripe_id, e.due_at, e.done_at FROM erasure e JOIN participant p"
        " ON p.connection_id = e.connection_id AND p.stripe_id = e.stripe_id WHERE p.id = ?",
        (participant_id,),
    )
    return Erasure(*rows[0]) if rows else None


def request(store: Store, connection_id: int, stripe_id: str, by: str) -> Erasure:
    """Have a person erased in four hours; their outstanding invites end now. Raises StudyProblem
    and DatabaseProblem."""
    now = int(time.time())
    with store.transaction():
        key, email = _found(store, connection_id, stripe_id)
        if of(store, key) is not None:
            raise StudyProblem("This person is erased already, or will be.")
        store.execute(
            'INSERT INTO erasure (connection_id, stripe_id, at, due_at, "by")'
            " VALUES (?, ?, ?, ?, ?)",
            (connection_id, stripe_id, now, now + HOURS * 3_600, by),
        )
        box = read(email or "")
        if isinstance(box, str):
            stored = hasher(store, connection_id).stored(box)
            optouts.record(store, connection_id, [stored], "erased", by)
        ledger.append(store, connection_id, by, [Entry("erasure", after="wanted")])
    return Erasure(stripe_id, now + HOURS * 3_600, None)


def take_back(store: Store, connection_id: int, stripe_id: str, by: str) -> None:
    """The person stays. Invites that ended stay ended. Raises StudyProblem, where it is too late,
    and DatabaseProblem."""
    with store.transaction():
        _, email = _found(store, connection_id, stripe_id)
        taken = store.execute(
            "DELETE FROM erasure WHERE connection_id = ? AND stripe_id = ? AND done_at IS NULL",
            (connection_id, stripe_id),
        )
        if not taken:
            raise StudyProblem("Nothing is to be erased of this person, or it is too late.")
        box = read(email or "")
        if isinstance(box, str):
            store.execute(
                "DELETE FROM opt_out WHERE connection_id = ? AND mailbox = ? AND kind = 'erased'",
                (connection_id, hasher(store, connection_id).stored(box)),
            )
        ledger.append(store, connection_id, by, [Entry("erasure", before="wanted", after="kept")])


def perform(store: Store, home: Path, now: int | None = None) -> int:
    """Erase whoever is due, of every account; how many. Raises DatabaseProblem."""
    due = store.rows(
        "SELECT connection_id, stripe_id FROM erasure WHERE done_at IS NULL AND due_at <= ?",
        (int(time.time()) if now is None else now,),
    )
    if due and not store.postgres:
        store.rows("PRAGMA secure_delete = on")  # what was there is overwritten in the file
    for here, stripe_id in due:
        _erase(store, here, stripe_id, Folder(home / "mailbox"))
    if due and not store.postgres:
        if searching.ready(store):
            builder = searching.Builder(store)
            while builder.step():
                pass
        store.rows("PRAGMA wal_checkpoint(TRUNCATE)")  # the log has the pages as they were
    return len(due)


def _erase(store: Store, here: int, stripe_id: str, folder: Folder) -> None:
    with store.transaction():
        found = store.rows(
            "SELECT i.id, i.study_id FROM invite i JOIN participant p ON p.id = i.participant_id"
            " WHERE p.connection_id = ? AND p.stripe_id = ?",
            (here, stripe_id),
        )
        for invite, study in found:
            for kind in ("invite", "reminder"):
                folder.take_back(file_name(kind, study, invite))
        store.execute_many(
            "UPDATE invite SET address = NULL, answer = NULL WHERE id = ?",
            [(invite,) for invite, _ in found],
        )
        apply.erase(store, here, stripe_id, partial(rules, store, here))
        store.execute(
            "UPDATE erasure SET done_at = ? WHERE connection_id = ? AND stripe_id = ?",
            (int(time.time()), here, stripe_id),
        )
        ledger.append(store, here, BY, [Entry("erasure", before="wanted", after="done")])


def _found(store: Store, connection_id: int, stripe_id: str) -> tuple[int, str | None]:
    rows = store.rows(
        "SELECT id, email FROM participant WHERE connection_id = ? AND stripe_id = ?",
        (connection_id, stripe_id),
    )
    if not rows:
        raise StudyProblem("There is no such person; panelist participants lists them by id.")
    return rows[0][0], rows[0][1]
