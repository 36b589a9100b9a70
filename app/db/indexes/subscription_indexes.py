"""The indexes of subscriptions, which a first copy does without until it has them all.

Stripe's ids come in no order: a page of a long list lands everywhere in an index on them, so
that each transaction would write most of the index anew. Built in one go at the end, both cost
a fifth of that.
"""

from __future__ import annotations

from app.db.errors import DatabaseProblem
from app.db.rows import BUILD_HELD, HELD
from app.db.store import Store

BY_ID = "subscription_connection_id_stripe_id"
_BUILD_BY_ID = (
    f"CREATE UNIQUE INDEX IF NOT EXISTS {BY_ID} ON subscription (connection_id, stripe_id)"
)
# What storing them one after the other would have left.
_REMOVE_REPLACED = """
DELETE FROM subscription WHERE id IN (
  SELECT id FROM (
    SELECT id, row_number() OVER (
      PARTITION BY connection_id, stripe_id ORDER BY deleted DESC, seq DESC, id
    ) AS place FROM subscription
  ) AS ranked WHERE place > 1
)"""


def leave_out(store: Store) -> None:
    """Do without, until :func:`build`; inside the caller's transaction."""
    store.execute(f"DROP INDEX IF EXISTS {BY_ID}")
    store.execute(f"DROP INDEX IF EXISTS {HELD}")


def left_out(store: Store) -> bool:
    """Whether a subscription may now stand there twice, until :func:`build`."""
    return all(index.name != BY_ID for index in store.database.get_indexes("subscription"))


def build(store: Store) -> None:
    """Have both indexes, each in a transaction of its own, as it takes memory until it is
    committed. Of a subscription that a list brought twice (it is read again where a cursor's
    object is gone) the newest row stays."""
    try:
        with store.sorting(), store.transaction():
            store.execute(_BUILD_BY_ID)
    except DatabaseProblem:
        with store.sorting(), store.transaction():
            store.execute(_REMOVE_REPLACED)
            store.execute(_BUILD_BY_ID)
    with store.sorting(), store.transaction():
        store.execute(BUILD_HELD)
