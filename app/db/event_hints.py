"""Events announced by a webhook or a person, kept until the sync has stored their effects.

The process that receives a hint need not be the one that syncs. The hint is stored in the database
before its sender gets a confirmation.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.db.rows import EventRow
from app.db.store import Store

ASK = EventRow("ask", 0, "ask", "")  # not a Stripe event: a user wants fresh data now


def leave_hints(store: Store, connection_id: int, events: Sequence[EventRow]) -> None:
    """Leave hints for the sync. A hint that already waits, or whose effect is stored, changes
    nothing."""
    with store.transaction():
        store.execute_many(
            "INSERT INTO hint (connection_id, stripe_id, created, type, object_id)"
            " SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
            " (SELECT 1 FROM seen_event WHERE connection_id = ? AND stripe_id = ?)"
            " ON CONFLICT (connection_id, stripe_id) DO NOTHING",
            [(connection_id, *event, connection_id, event.stripe_id) for event in events],
        )


def waiting(store: Store, connection_id: int) -> list[EventRow]:
    """The waiting hints, oldest first."""
    rows = store.rows(
        "SELECT stripe_id, created, type, object_id FROM hint WHERE connection_id = ?"
        " ORDER BY created, stripe_id",
        (connection_id,),
    )
    return [EventRow(*row) for row in rows]


def drop(store: Store, connection_id: int, events: Sequence[EventRow]) -> None:
    """Remove hints that are done, inside the caller's transaction."""
    store.execute_many(
        "DELETE FROM hint WHERE connection_id = ? AND stripe_id = ?",
        [(connection_id, event.stripe_id) for event in events],
    )
