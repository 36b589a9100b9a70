"""Mailboxes that are not written to, whatever the study: who opted out, was erased, or bounced.

They are known by a keyed hash of the mailbox alone, which stays when the person's data is erased
and is there again when the account is connected again. A bounce can be lifted; an opt-out cannot.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from app.db.store import Store
from app.db.study_tables import OUTSTANDING
from app.invites import ledger
from app.invites.ledger import Entry

# The strongest first: where several are true, that one is told.
KINDS = ("erased", "opted_out", "bounced")


def record(
    store: Store,
    connection_id: int,
    mailboxes: Iterable[str],
    kind: str,
    by: str,
    reason: str | None = None,
) -> int:
    """These mailboxes (as :meth:`Hasher.stored` gives them) are written to no more; the number of
    those of which that was not known yet. Their outstanding invites end with it, at once."""
    at, new = int(time.time()), 0
    with store.transaction():
        for mailbox in dict.fromkeys(mailboxes):
            known = not store.execute(
                'INSERT INTO opt_out (connection_id, mailbox, kind, at, "by", reason)'
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (connection_id, mailbox, kind, at, by, reason),
            )
            if known:
                continue
            new += 1
            entry = Entry(kind.replace("_", "-"), mailbox=mailbox, detail=reason)
            ended = _end_invites(store, connection_id, mailbox, kind, at)
            ledger.append(store, connection_id, by, [entry, *ended])
    return new


def lift_bounce(store: Store, connection_id: int, mailbox: str, by: str) -> bool:
    """The mailbox takes mails again; whether it was known to have bounced."""
    with store.transaction():
        lifted = store.execute(
            "DELETE FROM opt_out WHERE connection_id = ? AND mailbox = ? AND kind = 'bounced'",
            (connection_id, mailbox),
        )
        if lifted:
            ledger.append(store, connection_id, by, [Entry("bounce-lifted", mailbox=mailbox)])
    return bool(lifted)


def _end_invites(
    store: Store, connection_id: int, mailbox: str, kind: str, at: int
) -> list[Entry]:
    """Outstanding invites end; one whose mail is on its way is not known to have arrived, and
    stays so until a person says."""
    lock = " FOR UPDATE" if store.postgres else ""
    after = "bounced" if kind == "bounced" else "withdrawn"
    found = store.rows(
        "SELECT id, study_id, state FROM invite WHERE connection_id = ? AND mailbox = ?"
        f" AND {store.among('state')}{lock}",
        (connection_id, mailbox, store.values([s for s in OUTSTANDING if s != "uncertain"])),
    )
    store.execute_many(
        "UPDATE invite SET state = ?, ended_at = ?, reason = ?, attempt = attempt + 1 WHERE id = ?",
        [(after, at, kind, invite) for invite, _, _ in found],
    )
    return [
        Entry("invite", study, invite, mailbox, before, after, kind)
        for invite, study, before in found
    ]
