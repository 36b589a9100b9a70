"""The subscription indexes, which a first copy works without until every subscription is stored.

Stripe's ids are in no order, so a page of a long list lands everywhere in an index on them, and
each transaction would rewrite most of it. Building both indexes at the end costs a fifth of that.
"""

from __future__ import annotations

from app.db.errors import DatabaseProblem
from app.db.rows import BUILD_HELD, HELD
from app.db.store import Store

BY_ID = "subscription_connection_id_stripe_id"
_BUILD_BY_ID = (
    f"CREATE UNIQUE INDEX IF NOT EXISTS {BY_ID} ON subscription (connection_id, stripe_id)"
)
# Leaves what storing them one by one would have left.
_REMOVE_REPLACED = """
DELETE FROM subscription WHERE id IN (
  SELECT id FROM (
    SELECT id, row_number() OVER (
      PARTITION BY connection_id, stripe_id ORDER BY deleted DESC, seq DESC, id
    ) AS place FROM subscription
  ) AS ranked WHERE place > 1
)"""


def leave_out(store: Store) -> None:
    """Drop both indexes until :func:`build`, inside the caller's transaction."""
    store.execute(f"DROP INDEX IF EXISTS {BY_ID}")
    store.execute(f"DROP INDEX IF EXISTS {HELD}")


def left_out(store: Store) -> bool:
    """Whether the unique index is missing, so that a subscription may have two rows until
    :func:`build`."""
    return all(index.name != BY_ID for index in store.database.get_indexes("subscription"))


def build(store: Store) -> None:
    """Build both indexes, each in its own transaction, because each uses memory until its commit. A
    list may bring a subscription twice, as it is read again when a cursor's object is gone. The
    newest row stays."""
    try:
        with store.sorting(), store.transaction():
            store.execute(_BUILD_BY_ID)
    except DatabaseProblem:
        with store.sorting(), store.transaction():
            store.execute(_REMOVE_REPLACED)
            store.execute(_BUILD_BY_ID)
    with store.sorting(), store.transaction():
        store.execute(BUILD_HELD)
