"""Stripe object → rows. Where a field of Stripe becomes a column:

=================  ==================================================================
participant        id, email, name, phone, currency, metadata, created,
                   customer_account
subscription       id, customer, status, created, start_date → start, trial_end,
                   cancel_at, canceled_at, ended_at,
                   whether there is pause_collection → collection_paused
subscription_item  id, price.id → price, price.product → product, current_period_end
product            id, name, active
price              id, product, nickname, active, currency, unit_amount,
                   recurring.interval → interval, recurring.interval_count
=================  ==================================================================

Pure functions. An object that cannot be stored is set aside with the reason and never stops its
page. Texts stay as Stripe sent them, except for what no database can store: NUL and lone surrogates
become U+FFFD.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from app.db.rows import (
    DeletedObject,
    Fetched,
    ItemRow,
    ParticipantRow,
    PriceRow,
    ProductRow,
    SubscriptionRow,
    UnstorableObject,
)
from app.sync.stripe.objects import Customer, Item, Price, Product, Reference, Subscription
from app.sync.stripe.pages import ListPage, Unfit
from app.text import storable

ID_LIMIT = 255  # docs.stripe.com/upgrades: object ids have up to 255 characters
SHOWN = 200  # characters of a longer id
BIGINT = 2**63

T = TypeVar("T")
Stored = TypeVar("Stored", Customer, Product, Price, Subscription)


class Unstorable(ValueError):
    """The object cannot be stored. The text says which field is wrong and how."""


def participant(customer: Customer) -> ParticipantRow:
    """A customer. Stripe guarantees only the id and created."""
    return ParticipantRow(
        _id(customer.id),
        _text(customer.email),
        _text(customer.name),
        _text(customer.phone),
        _text(customer.currency),
        _metadata(customer.metadata),
        _number(_needed(customer.created, "created")),
        _text(customer.customer_account),
    )


def subscription(one: Subscription) -> SubscriptionRow:
    """A subscription, without its items."""
    return SubscriptionRow(
        _id(one.id),
        _reference(one.customer, "customer"),
        _needed(_text(one.status), "status"),
        _number(_needed(one.created, "created")),
        _whole(one.start_date),
        _whole(one.trial_end),
        _whole(one.cancel_at),
        _whole(one.canceled_at),
        _whole(one.ended_at),
        one.pause_collection is not None,
    )


def item(owner: str, one: Item) -> ItemRow:
    """An item of the subscription ``owner``."""
    return ItemRow(
        owner,
        _id(one.id),
        _id(one.price.id),
        _reference(one.price.product, "price.product"),
        _whole(one.current_period_end),
    )


def product(one: Product) -> ProductRow:
    """A product."""
    return ProductRow(_id(one.id), _needed(_text(one.name), "name"), one.active)


def price(one: Price) -> PriceRow:
    """A price."""
    return PriceRow(
        _id(one.id),
        _reference(one.product, "product"),
        _text(one.nickname),
        one.active,
        _needed(_text(one.currency), "currency"),
        _whole(one.unit_amount),
        _text(one.recurring.interval) if one.recurring else None,
        _whole(one.recurring.interval_count) if one.recurring else None,
    )


def customers(page: ListPage[Customer], seq: int) -> Fetched:
    """A page (or one) of customers."""
    answer = Fetched(seq)
    _each(
        page,
        answer,
        "customers",
        "participant",
        lambda one: answer.participants.append(participant(one)),
    )
    return answer


def products(page: ListPage[Product], seq: int) -> Fetched:
    """A page (or one) of products."""
    answer = Fetched(seq)
    _each(page, answer, "products", "product", lambda one: answer.products.append(product(one)))
    return answer


def prices(page: ListPage[Price], seq: int) -> Fetched:
    """A page (or one) of prices."""
    answer = Fetched(seq)
    _each(page, answer, "prices", "price", lambda one: answer.prices.append(price(one)))
    return answer


def subscriptions(page: ListPage[Subscription], seq: int) -> Fetched:
    """A page (or one) of subscriptions with all their items and prices. Inline prices appear
    nowhere else: GET /v1/prices leaves them out."""
    answer = Fetched(seq)
    inline: dict[str, PriceRow] = {}

    def add(one: Subscription) -> None:
        row, parts = subscription(one), one.items.data if one.items else []
        items = [item(row.stripe_id, part) for part in parts]
        inline.update(
            (part.price.id, price(part.price)) for part in parts if part.price.id not in inline
        )
        answer.items += items
        answer.subscriptions.append(row)

    _each(page, answer, "subscriptions", "subscription", add)
    answer.prices += inline.values()
    return answer


def _each(
    page: ListPage[Stored],
    answer: Fetched,
    listing: str,
    table: str,
    add: Callable[[Stored], Any],
) -> None:
    """Add every object that can be stored. Deleted ones become gone, the others bad."""
    unfit = list(page.bad)
    for one in page.objects:
        try:
            if one.deleted:
                answer.gone.append(DeletedObject(table, _id(one.id)))
            else:
                add(one)
        except Unstorable as problem:
            customer = getattr(one, "customer", None)
            customer = getattr(customer, "id", customer)
            content = repr(one).encode("utf-8", "replace")
            unfit.append(Unfit(one.id, str(problem), customer, content))
    answer.bad += _named(listing, unfit, page.last[0])


def unusable(listing: str, page: ListPage[Any]) -> list[UnstorableObject]:
    """The objects of a page that cannot even be read."""
    return _named(listing, page.bad, page.last[0])


def _named(listing: str, unfit: Sequence[Unfit], last: str | None) -> list[UnstorableObject]:
    """Give each object that is set aside a unique name, even if it has no id."""
    named: list[UnstorableObject] = []
    taken: Counter[str] = Counter()
    for bad in unfit:
        key = _name_of(bad, last)
        taken[key] += 1
        if taken[key] > 1:
            key = f"{key} {taken[key]}"
        customer = bad.customer if bad.customer and bad.customer.isprintable() else None
        named.append(UnstorableObject(listing, key, storable(bad.reason), customer))
    return named


def _name_of(bad: Unfit, last: str | None) -> str:
    """The id of an object that is set aside, or else a name that no other has: what it holds, and
    the end of its page."""
    if 0 < len(bad.id) <= ID_LIMIT:
        return storable(bad.id)
    digits = hashlib.sha256(f"{last} ".encode("utf-8", "replace") + bad.content).hexdigest()[:12]
    return f"{storable(bad.id)[:SHOWN]}… ({digits})" if bad.id else f"without an ID ({digits})"


def _id(value: str) -> str:
    if not 0 < len(value) <= ID_LIMIT or not value.isprintable():
        raise Unstorable("an ID is empty, too long or has invalid characters")
    return value


def _reference(value: str | Reference | None, field: str) -> str:
    """The id from a reference, which may be an id or the expanded object."""
    if value is None:
        raise Unstorable(f"{field} is missing")
    return _id(value if isinstance(value, str) else value.id)


def _text(value: str | None) -> str | None:
    return value if value is None else storable(value)


def _whole(value: int | None) -> int | None:
    return value if value is None else _number(value)


def _number(value: int) -> int:
    if not -BIGINT <= value < BIGINT:
        raise Unstorable("a number is too large to store")
    return value


def _metadata(value: dict[str, str] | None) -> str:
    if not value:
        return "{}"
    clean = {storable(key): storable(text) for key, text in value.items()}
    return msgspec.json.encode(clean).decode()


def _needed(value: T | None, field: str) -> T:
    if value is None:
        raise Unstorable(f"{field} is missing")
    return value
