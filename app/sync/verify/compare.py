"""Compares an object at Stripe with the stored one. Pure functions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain

from app.db.folded_text import BESIDE
from app.db.quarantine import LISTING_OF
from app.db.rows import Fetched, ItemRow
from app.panel.audit.stored import Object, Stored
from app.sync.verify.findings import Difference

Key = tuple[str, str]  # table, Stripe id

TABLE_OF = {listing: table for table, listing in LISTING_OF.items()}


class Standing(Enum):
    """What Stripe says about an object."""

    THERE = "there"
    DELETED = "deleted"
    UNKNOWN = "unknown"  # no object has this id, or no object has it any more
    UNSTORABLE = "unstorable"
    UNLISTED = "unlisted"  # the list did not have it, which proves nothing yet


@dataclass(frozen=True)
class StripeObject:
    """An object at Stripe. ``reason`` says why it cannot be stored. ``shown_by`` names the
    subscriptions that a price came with; changes of the price arrive with their events."""

    standing: Standing
    row: Object | None = None
    items: dict[str, ItemRow] = field(default_factory=dict)
    reason: str = ""
    shown_by: tuple[str, ...] = ()


def objects_in(answer: Fetched) -> dict[Key, StripeObject]:
    """The objects in an answer from Stripe. Prices from subscriptions name them in ``shown_by``."""
    found: dict[Key, StripeObject] = {}
    items: dict[str, dict[str, ItemRow]] = {}
    for item in answer.items:
        items.setdefault(item.subscription, {})[item.stripe_id] = item
    if answer.subscriptions:
        shown_by: dict[str, list[str]] = {}
        for item in answer.items:
            shown_by.setdefault(item.price, []).append(item.subscription)
        for price in answer.prices:
            by = tuple(shown_by.get(price.stripe_id, ()))
            found["price", price.stripe_id] = StripeObject(Standing.THERE, price, shown_by=by)
    else:
        found |= {
            ("price", row.stripe_id): StripeObject(Standing.THERE, row) for row in answer.prices
        }
    for row in answer.subscriptions:
        theirs = StripeObject(Standing.THERE, row, items.get(row.stripe_id, {}))
        found["subscription", row.stripe_id] = theirs
    for one in answer.participants:
        found["participant", one.stripe_id] = StripeObject(Standing.THERE, one)
    for product in answer.products:
        found["product", product.stripe_id] = StripeObject(Standing.THERE, product)
    for gone in answer.gone:
        found[gone.table, gone.stripe_id] = StripeObject(Standing.DELETED)
    for bad in answer.bad:
        key = (TABLE_OF[bad.listing], bad.stripe_id)
        found[key] = StripeObject(Standing.UNSTORABLE, reason=bad.reason)
    return found


def differences(key: Key, theirs: StripeObject, ours: Stored | None) -> list[Difference]:
    """The differences between the two. There are none if they are equal or if both are deleted.

    An object that cannot be stored or that was not in a list has no differences either, because
    nothing certain is known about it.
    """
    alive = ours is not None and not ours.deleted
    match theirs.standing:
        case Standing.DELETED:
            return [Difference(*key, "deleted_in_stripe")] if alive else []
        case Standing.UNKNOWN:
            return [Difference(*key, "unknown_to_stripe")] if alive else []
        case Standing.UNSTORABLE | Standing.UNLISTED:
            return []
    if ours is None:
        return [Difference(*key, "missing_here")]
    if ours.deleted:
        return [] if ours.erased else [Difference(*key, "deleted_here")]
    assert theirs.row
    return [
        *_fields(key, ours.row, theirs.row),
        *_folded(key, ours.folded, theirs.row),
        *_items(key, ours.items, theirs.items),
    ]


def _fields(key: Key, ours: Object, theirs: Object) -> list[Difference]:
    if ours == theirs:
        return []
    return [
        Difference(*key, "field", name, None, here, there)
        for name, here, there in zip(theirs._fields, ours, theirs, strict=True)
        if here != there and not (name == "metadata" and _same_entries(here, there))
    ]


def _folded(key: Key, here: str | None, theirs: Object) -> list[Difference]:
    """Whether filters compare what Stripe has. Only a text outside ASCII has a folded copy."""
    beside = BESIDE.get(f"{key[0]}s")
    there = beside(theirs)[0] if beside else None
    if here == there or (here and there and _same_entries(here, there)):
        return []
    return [Difference(*key, "field", "folded", None, here, there)]


def _same_entries(here: object, there: object) -> bool:
    """Whether two JSON objects have the same entries, in any order."""
    try:
        return bool(json.loads(str(here)) == json.loads(str(there)))
    except ValueError:
        return False


def _items(key: Key, ours: dict[str, ItemRow], theirs: dict[str, ItemRow]) -> list[Difference]:
    if ours == theirs:
        return []
    missing = (
        Difference(*key, "item_missing_here", item=one) for one in sorted(theirs.keys() - ours)
    )
    extra = (
        Difference(*key, "item_unknown_to_stripe", item=one) for one in sorted(ours.keys() - theirs)
    )
    changed = (
        Difference(*key, "item_field", name, one, here, there)
        for one in sorted(ours.keys() & theirs)
        for name, here, there in zip(ItemRow._fields, ours[one], theirs[one], strict=True)
        if here != there
    )
    return list(chain(missing, extra, changed))
