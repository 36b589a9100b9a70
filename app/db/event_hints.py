"""Events that were told us, by a webhook or a person, until the sync has stored their effects.

Whoever is told need not be who syncs: the hint waits in the database, and is permanent before
the one who told it is thanked.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.db.rows import EventRow
from app.db.store import Store

ASK = EventRow("ask", 0, "ask", "")  # no event of Stripe's: somebody wants to know now


def tell(store: Store, connection_id: int, events: Sequence[EventRow]) -> None:
    """Leave hints for whoever syncs. One whose effect is stored, or that waits, changes nothing."""
    with store.transaction():
        store.execute_many(
            "INSERT INTO hint (connection_id, stripe_id, created, type, object_id)"
            " SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
            " (SELECT 1 FROM seen_event WHERE connection_id = ? AND stripe_id = ?)"
            " ON CONFLICT (connection_id, stripe_id) DO NOTHING",
            [(connection_id, *event, connection_id, event.stripe_id) for event in events],
        )


def waiting(store: Store, connection_id: int) -> list[EventRow]:
    """The hints that are there, oldest first."""
    rows = store.rows(
        "SELECT stripe_id, created, type, object_id FROM hint WHERE connection_id = ?"
        " ORDER BY created, stripe_id",
        (connection_id,),
    )
    return [EventRow(*row) for row in rows]


def drop(store: Store, connection_id: int, events: Sequence[EventRow]) -> None:
    """These are done with; inside the caller's transaction."""
    store.execute_many(
        "DELETE FROM hint WHERE connection_id = ? AND stripe_id = ?",
        [(connection_id, event.stripe_id) for event in events],
    )
