"""Carries over what an older copy of the database does not know: opt-outs and erasures.

Who asked for no email or to be forgotten after a backup was made must not be written to, or be
known again, because the backup was put back.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.db.store import Store
from app.invites import opt_outs
from app.invites.mail.addresses import hasher

BY = "panelist restore"


@dataclass(frozen=True)
class CarriedOver:
    """How many opt-outs and erasures the older copy did not have. ``other_key``: the two databases
    recognise mailboxes by different keys, so no opt-out could be carried over."""

    opt_outs: int = 0
    erasures: int = 0
    other_key: bool = False


def carry_over(newer: Store, older: Store) -> CarriedOver:
    """Add the opt-outs and erasures of ``newer`` that ``older`` lacks to it. Whoever is due is
    erased by the next housekeeping. Raises DatabaseProblem."""
    accounts = {row[1:]: row[0] for row in older.rows(_ACCOUNTS)}
    if not accounts:
        return CarriedOver()
    other_key = hasher(newer).key != hasher(older).key
    added = 0 if other_key else _opt_outs(newer, older, next(iter(accounts.values())))
    erased = 0
    for here, *account in newer.rows(_ACCOUNTS):
        there = accounts.get(tuple(account))
        if there is not None:
            erased += _erasures(newer, here, older, there, same_key=not other_key)
    return CarriedOver(added, erased, other_key)


_ACCOUNTS = "SELECT id, source, account, livemode FROM connection ORDER BY id"


def _opt_outs(newer: Store, older: Store, account: int) -> int:
    known = {tuple(row) for row in older.rows("SELECT mailbox, kind FROM opt_out")}
    added = 0
    for kind in opt_outs.KINDS:
        boxes = newer.rows("SELECT mailbox, kind FROM opt_out WHERE kind = ?", (kind,))
        lost = [box for box, _ in boxes if (box, kind) not in known]
        if lost:
            added += opt_outs.record(older, account, lost, kind, BY, "known here")
    return added


def _erasures(newer: Store, here: int, older: Store, there: int, *, same_key: bool) -> int:
    """A customer that the copy does not know gets the marker of one, so that no sync stores
    them."""
    wanted = "SELECT stripe_id FROM erasure WHERE connection_id = ?"
    known = {key for (key,) in older.rows(wanted, (there,))}
    lost = [
        row
        for row in newer.rows(
            'SELECT stripe_id, mailbox, at, due_at, "by" FROM erasure WHERE connection_id = ?',
            (here,),
        )
        if row[0] not in known
    ]
    with older.transaction():
        for stripe_id, mailbox, at, due_at, by in lost:
            older.execute(
                "INSERT INTO participant (connection_id, stripe_id, metadata, deleted, seq,"
                " generation) VALUES (?, ?, '{}', false, 0, 0) ON CONFLICT DO NOTHING",
                (there, stripe_id),
            )
            older.execute(
                'INSERT INTO erasure (connection_id, stripe_id, mailbox, at, due_at, "by")'
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (there, stripe_id, mailbox if same_key else None, at, due_at, by),
            )
    return len(lost)
