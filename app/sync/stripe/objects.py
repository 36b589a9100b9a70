"""The fields that are read from Stripe's objects: the allow-list, as types.

The parser skips every other field, so nothing else ever becomes a value in this program. The shapes
are those of API version 2026-10-28.endive. Only ids are always present.
"""

from __future__ import annotations

import msgspec


class Reference(msgspec.Struct, gc=False):
    """An object of which only the id matters."""

    id: str


class Customer(msgspec.Struct, gc=False):
    """docs.stripe.com/api/customers/object"""

    id: str
    object: str | None = None
    livemode: bool | None = None
    created: int | None = None
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    currency: str | None = None
    metadata: dict[str, str] | None = None
    customer_account: str | None = None
    deleted: bool = False


class Product(msgspec.Struct, gc=False):
    """docs.stripe.com/api/products/object"""

    id: str
    object: str | None = None
    livemode: bool | None = None
    created: int | None = None
    name: str | None = None
    active: bool = True
    deleted: bool = False


class Recurring(msgspec.Struct, gc=False):
    interval: str | None = None
    interval_count: int | None = None


class Price(msgspec.Struct, gc=False):
    """docs.stripe.com/api/prices/object. ``recurring`` is null for a one-time price."""

    id: str
    object: str | None = None
    livemode: bool | None = None
    created: int | None = None
    product: str | Reference | None = None
    nickname: str | None = None
    active: bool = True
    currency: str | None = None
    unit_amount: int | None = None
    recurring: Recurring | None = None
    deleted: bool = False


class Item(msgspec.Struct, gc=False):
    """docs.stripe.com/api/subscription_items/object"""

    id: str
    price: Price
    object: str | None = None
    current_period_end: int | None = None


class PauseCollection(msgspec.Struct, gc=False):
    """Only whether there is a pause matters."""


class Items(msgspec.Struct, gc=False):
    """The list inside a subscription, which Stripe may truncate."""

    data: list[Item] = []
    has_more: bool = False


class Subscription(msgspec.Struct, gc=False):
    """docs.stripe.com/api/subscriptions/object"""

    id: str
    object: str | None = None
    livemode: bool | None = None
    created: int | None = None
    customer: str | Reference | None = None
    status: str | None = None
    start_date: int | None = None
    trial_end: int | None = None
    cancel_at: int | None = None
    canceled_at: int | None = None
    ended_at: int | None = None
    pause_collection: PauseCollection | None = None
    items: Items | None = None
    deleted: bool = False


class EventData(msgspec.Struct, gc=False):
    object: Reference


class Event(msgspec.Struct, gc=False):
    """docs.stripe.com/api/events/object. Only the object's id is read from the snapshot."""

    id: str
    created: int
    type: str
    data: EventData
    object: str | None = None
    livemode: bool | None = None
