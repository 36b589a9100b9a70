"""Mailboxes that get no more invites from any study: opted out, erased or bounced.

They are known only by a keyed hash of the mailbox. It stays when the participant's data is erased,
and when the account is connected again. A bounce can be lifted. An opt-out cannot.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from app.db.store import Store
from app.invites import ledger
from app.invites.ending import end_invites
from app.invites.ledger import Entry

# The strongest first: if several are true, that one is shown. A plan stores positions in this tuple
# (app.invites.plan.outcomes), so only append.
KINDS = ("erased", "opted_out", "bounced")
CHUNK = 1_000
# The new state of an invite that was sent. An erasure can be undone, and a withdrawn participant
# may be invited to the same study again.
_ENDS = {"erased": "expired", "opted_out": "withdrawn", "bounced": "bounced"}


def record(
    store: Store,
    connection_id: int,
    mailboxes: Iterable[str],
    kind: str,
    by: str,
    reason: str | None = None,
) -> int:
    """Stop invites to these mailboxes, given as :meth:`Hasher.stored` writes them. Returns how many
    were not stopped before. Their open invites end at once."""
    at, new = int(time.time()), 0
    wanted = sorted(set(mailboxes))  # a fixed order, so that concurrent row locks cannot deadlock
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
    """The new state of an open invite, by its current one. Only a person resolves an uncertain
    invite."""
    waiting = dict.fromkeys(("queued", "sending"), "withdrawn")
    return waiting | dict.fromkeys(("sent", "handed_over", "started"), _ENDS[kind])


def lift_bounce(store: Store, connection_id: int, mailbox: str, by: str) -> bool:
    """Allow invites to a bounced mailbox again. Returns whether it was recorded as bounced."""
    with store.transaction():
        lifted = store.execute(
            "DELETE FROM opt_out WHERE connection_id = ? AND mailbox = ? AND kind = 'bounced'",
            (connection_id, mailbox),
        )
        if lifted:
            ledger.append(store, connection_id, by, [Entry("bounce-lifted", mailbox=mailbox)])
    return bool(lifted)
