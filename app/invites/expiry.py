"""Invites that nobody answered end after some days."""

from __future__ import annotations

import time

from app.db.store import Store
from app.invites import ledger
from app.invites.ending import end_invites

_ENDS = dict.fromkeys(("sent", "handed_over", "started"), "expired")
BY = "the clock"


def expire(store: Store, connection_id: int) -> int:
    """End those whose time is over; how many. Raises DatabaseProblem."""
    due = (connection_id, int(time.time()))
    which = "connection_id = ? AND expires_at <= ?"
    if not store.rows(
        f"SELECT 1 FROM invite WHERE {which} AND {store.among('state')} LIMIT 1",
        (*due, store.values(list(_ENDS))),
    ):
        return 0
    with store.transaction():
        ended = end_invites(store, which, due, _ENDS, "no answer in time")
        ledger.append(store, connection_id, BY, ended)
    return len(ended)
