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
from app.invites.ending import end_invites
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
    # One whose mail may have gone out stays so until a person says.
    after = "bounced" if kind == "bounced" else "withdrawn"
    ends = {state: after for state in OUTSTANDING if state != "uncertain"}
    happened: list[Entry] = []
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
            happened.append(Entry(kind.replace("_", "-"), mailbox=mailbox, detail=reason))
            here = (connection_id, mailbox)
            happened += end_invites(store, "connection_id = ? AND mailbox = ?", here, ends, kind)
        ledger.append(store, connection_id, by, happened)
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
