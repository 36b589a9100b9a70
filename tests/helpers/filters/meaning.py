"""What a filter means by docs/segments-and-filters.md, over objects in plain Python.

It knows the tree but nothing of the SQL: this is the other side of every comparison.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from fractions import Fraction

from app.panel.filters.tree import (
    And,
    Filter,
    Has,
    In,
    Moment,
    Not,
    Number,
    Or,
    Relative,
    SameSubscription,
    Term,
    Text,
)
from tests.helpers.filters.population import Person, Population, Subscribed

_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_PERSON = {"id", "email", "name", "phone", "currency", "created", "metadata", "subscriptions"}
_LENGTHS = {"h": 3_600, "d": 86_400, "w": 604_800, "m": 2_592_000, "y": 31_536_000, "": 0}
_WHOLE = {"jpy": 1, "kwd": 1_000}

Value = str | int | Fraction | None


def found(rule: Filter, all_of: Population) -> set[str]:
    """The Stripe ids of those whom the filter finds."""
    return {one.row.stripe_id for one in all_of.people if _person(rule, one, all_of)}


def _person(rule: Filter, one: Person, world: Population) -> bool:
    if isinstance(rule, And):
        return all(_person(part, one, world) for part in rule.parts)
    if isinstance(rule, Or):
        return any(_person(part, one, world) for part in rule.parts)
    if isinstance(rule, Not):
        return not _person(rule.part, one, world)
    alive = [held for held in one.subscriptions if not held.deleted]
    if isinstance(rule, SameSubscription):
        return any(_subscription(rule.part, held, world) for held in alive)
    if isinstance(rule, In):
        return bool(_meant(rule.segment, world) & one.segments)
    if isinstance(rule, Has) and rule.field == "subscription":
        return bool(alive)
    if rule.field not in _PERSON:
        return any(_subscription(rule, held, world) for held in alive)
    if rule.field == "subscriptions":
        return _one(rule, len(alive), world)
    if rule.field == "metadata":
        if rule.key is None:
            return bool(one.metadata)
        return _one(rule, one.metadata.get(rule.key), world)
    value = one.row.stripe_id if rule.field == "id" else getattr(one.row, rule.field)
    if rule.field == "id" and isinstance(rule, Term) and rule.operator == ":":
        return bool(rule.value == Text(value))
    return _one(rule, value, world)


def _meant(named: str, world: Population) -> set[str]:
    if named in world.segments:
        return {named}
    by_key = {key for key in world.segments if _small(key) == _small(named)}
    return by_key or {k for k, name in world.segments.items() if _small(name) == _small(named)}


def _subscription(rule: Filter, held: Subscribed, world: Population) -> bool:
    if isinstance(rule, And):
        return all(_subscription(part, held, world) for part in rule.parts)
    if isinstance(rule, Or):
        return any(_subscription(part, held, world) for part in rule.parts)
    if isinstance(rule, Not):
        return not _subscription(rule.part, held, world)
    assert isinstance(rule, Term | Has)
    name = rule.field
    if name in ("status", "trial_end", "cancel_at", "canceled_at", "ended_at"):
        return _one(rule, getattr(held.row, name), world)
    if name == "started":
        return _one(rule, held.row.start, world)
    if name == "period_end":
        return any(_one(rule, item.current_period_end, world) for item in held.items)
    if name == "product":
        names = world.products
        return any(_named(rule, item.product, names.get(item.product)) for item in held.items)
    prices = [(item.price, world.prices.get(item.price)) for item in held.items]
    if name == "price":
        return any(_named(rule, key, row.nickname if row else None) for key, row in prices)
    if name == "interval":
        return any(_one(rule, row.interval, world) for _, row in prices if row)
    assert name == "amount"
    return any(
        _one(rule, Fraction(row.unit_amount, _WHOLE.get(row.currency.lower(), 100)), world)
        for _, row in prices
        if row and row.unit_amount is not None
    )


def _named(rule: Term | Has, key: str, name: str | None) -> bool:
    if isinstance(rule, Has):
        return True
    asked = _small(_text(rule))
    if rule.operator == "~":
        return name is not None and asked in _small(name)
    return asked == _small(key) or (name is not None and asked == _small(name))


def _one(rule: Term | Has, value: Value, world: Population) -> bool:
    if isinstance(rule, Has):
        return value is not None and value != ""
    if value is None:
        return False
    if isinstance(value, str):
        asked = _small(_text(rule))
        return asked in _small(value) if rule.operator == "~" else asked == _small(value)
    low: Fraction | int
    if isinstance(rule.value, Number):
        low, length = Fraction(rule.value.number), 0
    elif isinstance(rule.value, Relative):
        low, length = world.now + rule.value.amount * _LENGTHS[rule.value.unit], 0
    else:
        assert isinstance(rule.value, Moment)
        low, length = rule.value.start, rule.value.length
    if rule.operator == ":":
        return low <= value < low + length if length else low == value
    compare: dict[str, Callable[[Value, Value], bool]] = {
        ">": lambda a, b: a > b,  # type: ignore[operator]
        ">=": lambda a, b: a >= b,  # type: ignore[operator]
        "<": lambda a, b: a < b,  # type: ignore[operator]
        "<=": lambda a, b: a <= b,  # type: ignore[operator]
    }
    return compare[rule.operator](value, low)


def _text(rule: Term) -> str:
    assert isinstance(rule.value, Text)
    return rule.value.text


def _small(text: str) -> str:
    return text.translate(_SMALL)
