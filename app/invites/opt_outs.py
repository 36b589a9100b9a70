"""Mailboxes that are not written to, whatever the study: who opted out, was erased, or bounced.

They are known by a keyed hash of the mailbox alone, which stays when the person's data is erased
and is there again when the account is connected again. A bounce can be lifted; an opt-out cannot.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from app.db.store import Store
from app.invites import ledger
from app.invites.ending import end_invites
from app.invites.ledger import Entry

# The strongest first: where several are true, that one is said. A plan stores places in this tuple
# (app.invites.plan.outcomes): append only.
KINDS = ("erased", "opted_out", "bounced")
CHUNK = 1_000
# What becomes of an invite that went out. An erasure can be taken back, and whoever was withdrawn
# may be asked for the same study again.
_ENDS = {"erased": "expired", "opted_out": "withdrawn", "bounced": "bounced"}


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
    wanted = sorted(set(mailboxes))  # whoever else locks rows does it in some order, too
    with store.transaction():
        for start in range(0, len(wanted), CHUNK):
            some = store.values(wanted[start : start + CHUNK])
            here = (connection_id, some)
            which = f"connection_id = ? AND {store.among('mailbox')}"
            rows = store.rows(
                f"SELECT mailbox FROM opt_out WHERE {which} AND kind = ?", (*here, kind)
            )
            fresh = sorted({*wanted[start : start + CHUNK]} - {box for (box,) in rows})
            store.insert(
                'opt_out (connection_id, mailbox, kind, at, "by", reason)',
                [(connection_id, box, kind, at, by, reason) for box in fresh],
                "ON CONFLICT DO NOTHING",
            )
            happened = [Entry(kind.replace("_", "-"), mailbox=box, detail=reason) for box in fresh]
            happened += end_invites(store, which, here, ends(kind), kind)
            new += len(fresh)
            ledger.append(store, connection_id, by, happened)
    return new


def ends(kind: str) -> dict[str, str]:
    """What becomes of an outstanding invite by this, by its state. Of an uncertain one only a
    person says it."""
    waiting = dict.fromkeys(("queued", "sending"), "withdrawn")
    return waiting | dict.fromkeys(("sent", "handed_over", "started"), _ENDS[kind])


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
