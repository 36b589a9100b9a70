"""How subscriptions and their items become rows."""

from __future__ import annotations

from collections.abc import Sequence

from app.db.indexes import subscription_indexes
from app.db.rows import Fetched
from app.db.store import Store
from app.db.upserts import SUBSCRIPTION, stamped


def store_all(
    store: Store, connection_id: int, generation: int, answers: Sequence[Fetched]
) -> None:
    """Store the answers' subscriptions, and the items of those whose row was written."""
    rows = stamped(connection_id, generation, answers, "subscriptions")
    if not rows:
        return
    (last,) = store.row("SELECT coalesce(max(id), 0) FROM subscription")
    then = "" if subscription_indexes.left_out(store) else SUBSCRIPTION.then
    store.insert(SUBSCRIPTION.into, rows, then)
    _store_items(store, connection_id, answers, last)


def owners(store: Store, connection_id: int, answers: Sequence[Fetched]) -> set[str]:
    """The customers whose subscriptions changed or were deleted."""
    found = {row.customer for answer in answers for row in answer.subscriptions}
    gone = [
        one.stripe_id for answer in answers for one in answer.gone if one.table == "subscription"
    ]
    if gone:
        rows = store.rows(
            "SELECT customer FROM subscription WHERE connection_id = ? AND "
            + store.among("stripe_id"),
            (connection_id, store.values(gone)),
        )
        found.update(customer for (customer,) in rows)
    return found


def _store_items(store: Store, connection_id: int, answers: Sequence[Fetched], last: int) -> None:
    """Replace the items of each subscription whose row has just come from its answer. Row ids after
    ``last`` are new. They have no items yet and lie together."""
    brought = {(row.stripe_id, answer.seq) for answer in answers for row in answer.subscriptions}
    ids = _rows_of(store, "+connection_id = ? AND id > ?", (connection_id, last))
    changed = {key for key, _ in brought.difference(ids)}
    if changed:
        old = _rows_of(
            store,
            f"connection_id = ? AND id <= ? AND {store.among('stripe_id')}",
            (connection_id, last, store.values(changed)),
        )
        old = {key: old[key] for key in brought & old.keys()}
        store.execute(
            f"DELETE FROM subscription_item WHERE {store.among('subscription_id')}",
            (store.values(old.values()),),
        )
        ids |= old
    rows: dict[tuple[int, str], tuple[object, ...]] = {}  # keyed, because a list may repeat an item
    for answer in answers:
        for item in answer.items:
            row_id = ids.get((item.subscription, answer.seq))
            if row_id is not None:
                rows[row_id, item.stripe_id] = (row_id, *item[1:])
    store.insert(
        "subscription_item (subscription_id, stripe_id, price, product, current_period_end)",
        list(rows.values()),
    )


def _rows_of(
    store: Store, condition: str, parameters: Sequence[object]
) -> dict[tuple[str, int], int]:
    """(Stripe id, seq) → row id of subscriptions. Of two alike the first counts, because it is the
    one that stays (:mod:`app.db.indexes.subscription_indexes`)."""
    keys, seqs, ids = store.row(
        f"SELECT {store.gathered('stripe_id')}, {store.gathered('seq')}, {store.gathered('id')}"
        f" FROM subscription WHERE {condition}",
        parameters,
    )
    pairs = zip(store.unpacked(keys), store.unpacked(seqs), strict=True)
    return {
        pair: row_id
        for row_id, pair in sorted(zip(store.unpacked(ids), pairs, strict=True), reverse=True)
    }
