"""Stripe object → rows: the allow-list. What is not named here is never stored.

Where a field of Stripe becomes a column:

=================  ==================================================================
participant        id, email, name, phone, currency, metadata, created
subscription       id, customer, status, created, start_date → start, trial_end,
                   cancel_at, canceled_at, ended_at
subscription_item  id, price.id → price, price.product → product, current_period_end
product            id, name, active
price              id, product, nickname, active, currency, unit_amount,
                   recurring.interval → interval
=================  ==================================================================

Shapes are those of API version 2026-10-28.endive. Pure functions; an object that does not
have the shape raises :class:`Unstorable` with the reason and never stops its page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import orjson

from app.db.rows import (
    Answer,
    Bad,
    Gone,
    ItemRow,
    ParticipantRow,
    PriceRow,
    ProductRow,
    SubscriptionRow,
)
from app.text import storable

Json = Mapping[str, Any]
T = TypeVar("T")

ID_LIMIT = 255  # docs.stripe.com/upgrades: "up to 255 characters"
BIGINT = 2**63


class Unstorable(ValueError):
    """The object cannot be stored; the text says which field is wrong and how."""


def participant(customer: Json) -> ParticipantRow:
    """A Stripe Customer. Only its id and created are guaranteed."""
    return ParticipantRow(
        _id(customer, "id"),
        _text(customer, "email"),
        _text(customer, "name"),
        _text(customer, "phone"),
        _text(customer, "currency"),
        _metadata(customer),
        _needed(_whole(customer, "created"), "created"),
    )


def subscription(obj: Json) -> SubscriptionRow:
    """A Stripe Subscription, without its items."""
    return SubscriptionRow(
        _id(obj, "id"),
        _reference(obj, "customer"),
        _needed(_text(obj, "status"), "status"),
        _needed(_whole(obj, "created"), "created"),
        _whole(obj, "start_date"),
        _whole(obj, "trial_end"),
        _whole(obj, "cancel_at"),
        _whole(obj, "canceled_at"),
        _whole(obj, "ended_at"),
    )


def items(obj: Json) -> list[ItemRow]:
    """The items of a Subscription whose nested list is complete."""
    owner = _id(obj, "id")
    return [
        ItemRow(
            owner,
            _id(item, "id"),
            _id(_object(item, "price"), "id"),
            _reference(_object(item, "price"), "product"),
            _whole(item, "current_period_end"),
        )
        for item in item_list(obj)
    ]


def item_list(obj: Json) -> list[Json]:
    """The items that came inside a Subscription."""
    found = _object(obj, "items").get("data")
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise Unstorable("items is not a list of objects")
    return found


def product(obj: Json) -> ProductRow:
    """A Stripe Product."""
    return ProductRow(
        _id(obj, "id"), _needed(_text(obj, "name"), "name"), _flag(obj, "active", True)
    )


def price(obj: Json) -> PriceRow:
    """A Stripe Price. ``recurring`` is null for one that is paid once."""
    recurring = obj.get("recurring")
    return PriceRow(
        _id(obj, "id"),
        _reference(obj, "product"),
        _text(obj, "nickname"),
        _flag(obj, "active", True),
        _needed(_text(obj, "currency"), "currency"),
        _whole(obj, "unit_amount"),
        _text(recurring, "interval") if isinstance(recurring, Mapping) else None,
    )


def customers(objects: Iterable[Any], seq: int) -> Answer:
    """A page (or one) of Customers."""
    return _answer(
        "customers",
        "participant",
        objects,
        seq,
        lambda answer, obj: answer.participants.append(participant(obj)),
    )


def products(objects: Iterable[Any], seq: int) -> Answer:
    """A page (or one) of Products."""
    return _answer(
        "products",
        "product",
        objects,
        seq,
        lambda answer, obj: answer.products.append(product(obj)),
    )


def prices(objects: Iterable[Any], seq: int) -> Answer:
    """A page (or one) of Prices."""
    return _answer(
        "prices", "price", objects, seq, lambda answer, obj: answer.prices.append(price(obj))
    )


def subscriptions(objects: Iterable[Any], seq: int) -> Answer:
    """A page (or one) of Subscriptions, with the prices that stand only inside their items
    (GET /v1/prices leaves inline prices out)."""

    inline: dict[str, PriceRow] = {}

    def add(answer: Answer, obj: Json) -> None:
        row, parts = subscription(obj), items(obj)
        found = [_object(item, "price") for item in item_list(obj)]
        inline.update((one["id"], price(one)) for one in found if one["id"] not in inline)
        answer.items += parts
        answer.subscriptions.append(row)

    answer = _answer("subscriptions", "subscription", objects, seq, add)
    answer.prices += inline.values()
    return answer


def _answer(
    listing: str,
    table: str,
    objects: Iterable[Any],
    seq: int,
    add: Callable[[Answer, Json], None],
) -> Answer:
    answer = Answer(seq)
    for obj in objects:
        try:
            if not isinstance(obj, Mapping):
                raise Unstorable("it is not an object")
            if obj.get("deleted") is True:
                answer.gone.append(Gone(table, _id(obj, "id")))
            else:
                add(answer, obj)
        except Unstorable as problem:
            answer.bad.append(Bad(listing, _any_id(obj), str(problem)))
    return answer


def _any_id(obj: object) -> str:
    found = obj.get("id") if isinstance(obj, Mapping) else None
    return storable(found)[:ID_LIMIT] if isinstance(found, str) else ""


def _id(obj: Json, field: str) -> str:
    value = obj.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= ID_LIMIT:
        raise Unstorable(f"{field} is not an id")
    if storable(value) != value:
        raise Unstorable(f"{field} has characters that no id has")
    return value


def _reference(obj: Json, field: str) -> str:
    """An id, or the expanded object that it stands for."""
    value = obj.get(field)
    return _id(value, "id") if isinstance(value, Mapping) else _id(obj, field)


def _object(obj: Json, field: str) -> Json:
    value = obj.get(field)
    if not isinstance(value, Mapping):
        raise Unstorable(f"{field} is not an object")
    return value


def _text(obj: Json, field: str) -> str | None:
    value = obj.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Unstorable(f"{field} is {_kind(value)} where a text belongs")
    return storable(value)


def _whole(obj: Json, field: str) -> int | None:
    value = obj.get(field)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unstorable(f"{field} is {_kind(value)} where a whole number belongs")
    if not -BIGINT <= value < BIGINT:
        raise Unstorable(f"{field} is a number too large to store")
    return value


def _flag(obj: Json, field: str, default: bool) -> bool:
    value = obj.get(field, default)
    if not isinstance(value, bool):
        raise Unstorable(f"{field} is {_kind(value)} where true or false belongs")
    return value


def _metadata(obj: Json) -> str:
    value = obj.get("metadata")
    if not value and (value is None or isinstance(value, Mapping)):
        return "{}"
    if not isinstance(value, Mapping):
        raise Unstorable(f"metadata is {_kind(value)} where an object belongs")
    for key, text in value.items():
        if not isinstance(text, str):
            raise Unstorable(f"metadata {storable(key)[:40]!r} is {_kind(text)}, not a text")
    clean = {storable(key): storable(text) for key, text in value.items()}
    return orjson.dumps(clean).decode()


def _needed(value: T | None, field: str) -> T:
    if value is None:
        raise Unstorable(f"{field} is missing")
    return value


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "a text"}
    return kinds.get(type(value), "a list" if isinstance(value, list) else "an object")
