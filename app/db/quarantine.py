"""Objects that could not be stored: which, why, and until when.

An object leaves the quarantine when it can be stored, when Stripe says that it is gone, or when a
complete listing did not see it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.db.rows import Fetched
from app.db.store import Store

LISTING_OF = {
    "participant": "customers",
    "subscription": "subscriptions",
    "product": "products",
    "price": "prices",
}  # the quarantine names objects by their list, not by their table


def listings(answer: Fetched) -> tuple[tuple[str, Sequence[Any]], ...]:
    """(list, rows) of everything that an answer stores."""
    return (
        ("customers", answer.participants),
        ("subscriptions", answer.subscriptions),
        ("products", answer.products),
        ("prices", answer.prices),
    )


def owners(store: Store, connection_id: int, answers: Sequence[Fetched]) -> set[str]:
    """The customers of whom these answers set a subscription aside or release one."""
    found = {bad.customer for answer in answers for bad in answer.bad if bad.customer}
    rows = store.rows(
        "SELECT stripe_id, customer FROM quarantine WHERE connection_id = ?"
        " AND listing = 'subscriptions' AND customer IS NOT NULL",
        (connection_id,),
    )
    if rows:
        released = {key for listing, key in _released(answers) if listing == "subscriptions"}
        found |= {customer for key, customer in rows if key in released}
    return found


def _released(answers: Sequence[Fetched]) -> set[tuple[str, str]]:
    """(list, Stripe id) of everything that these answers store or delete."""
    found = {
        (listing, row.stripe_id)
        for answer in answers
        for listing, rows in listings(answer)
        for row in rows
    }
    gone = (gone for answer in answers for gone in answer.gone)
    return found | {(LISTING_OF[one.table], one.stripe_id) for one in gone}


def store_all(
    store: Store, connection_id: int, generation: int, answers: Sequence[Fetched]
) -> None:
    """Set aside what these answers could not bring, and release what they bring or delete."""
    held = {
        (listing, key)
        for listing, key in store.rows(
            "SELECT listing, stripe_id FROM quarantine WHERE connection_id = ?", (connection_id,)
        )
    }
    store.execute_many(
        "DELETE FROM quarantine WHERE connection_id = ? AND listing = ? AND stripe_id = ?",
        [(connection_id, *key) for key in (held & _released(answers) if held else ())],
    )
    store.execute_many(
        "INSERT INTO quarantine"
        " (connection_id, listing, stripe_id, reason, customer, at, generation)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connection_id, listing, stripe_id)"
        " DO UPDATE SET reason = excluded.reason, at = excluded.at,"
        " customer = excluded.customer, generation = excluded.generation",
        [
            (connection_id, *bad, store.now(), generation)
            for answer in answers
            for bad in answer.bad
        ],
    )


def drop_unseen(store: Store, connection_id: int, listings: Sequence[str]) -> None:
    """Release what the current listing, which read these lists to their end, did not see."""
    with store.transaction():
        store.execute_many(
            "DELETE FROM quarantine WHERE connection_id = ? AND listing = ? AND generation <"
            " (SELECT generation FROM connection WHERE id = ?)",
            [(connection_id, listing, connection_id) for listing in listings],
        )


def number(store: Store, connection_id: int) -> int:
    """How many objects are set aside."""
    (found,) = store.row(
        "SELECT count(*) FROM quarantine WHERE connection_id = ?", (connection_id,)
    )
    return int(found)
