"""What a filter means by docs/filters.md, over objects in plain Python.

It knows the tree but nothing of the SQL: this is the other side of every comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from unicodedata import normalize

from app.db.rows import ItemRow
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
    leaves,
)
from tests.helpers.filters.population import Person, Population, Subscribed

_PERSON = {"id", "email", "name", "phone", "currency", "created", "metadata", "subscriptions"}
_ITEM = {"period_end", "product", "price", "interval", "amount"}
_SUBSCRIPTION = {"status", "started", "trial_end", "cancel_at", "canceled_at", "ended_at"}
_LENGTHS = {"h": 3_600, "d": 86_400, "w": 604_800, "m": 2_592_000, "y": 31_536_000, "": 0}
_WHOLE = {"jpy": 1, "kwd": 1_000}

Value = str | int | Fraction | None
Pair = tuple[Subscribed | None, ItemRow | None]


def found(rule: Filter, all_of: Population) -> set[str]:
    """The Stripe ids of those whom the filter finds."""
    return {one.row.stripe_id for one in all_of.people if _person(rule, one, all_of)}


def _person(rule: Filter, one: Person, world: Population) -> bool:
    if isinstance(rule, And):
        return _side_by_side(rule.parts, one, None, world)
    if isinstance(rule, Or):
        return any(_person(part, one, world) for part in rule.parts)
    if isinstance(rule, Not):
        return not _person(rule.part, one, world)
    alive = [held for held in one.subscriptions if not held.deleted]
    if isinstance(rule, SameSubscription):
        return any(_subscription(rule.part, one, held, world) for held in alive)
    if isinstance(rule, In):
        return bool(_meant(rule.segment, world) & one.segments)
    assert isinstance(rule, Term | Has)
    if rule.field == "subscription":
        return bool(alive)
    if rule.field not in _PERSON:
        return _side_by_side([rule], one, None, world)
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


def _side_by_side(
    parts: Sequence[Filter], one: Person, inside: Subscribed | None, world: Population
) -> bool:
    """A conjunction about the participant, or ``inside`` of ``subscription(…)``."""
    rules = list(_flat(parts))
    together = [rule for rule in rules if _joins(rule, inside)]
    for rule in rules:
        if rule not in together and not _apart(rule, one, inside, world):
            return False
    for rule in together:
        if isinstance(rule, Or) and _another_value(rule, together):
            others = [other for other in together if other is not rule]
            return any(_side_by_side([*others, each], one, inside, world) for each in rule.parts)
    alive = [held for held in one.subscriptions if not held.deleted]
    pairs: list[Pair] = [(None, None)] if inside is None else [(inside, None)]
    for held in alive if inside is None else [inside]:
        pairs += [(held, None), *((held, item) for item in held.items)]
    return all(
        any(all(_holds(rule, pair, one, inside, world) for rule in match) for pair in pairs)
        for match in _matches(together)
    )


def _apart(rule: Filter, one: Person, inside: Subscribed | None, world: Population) -> bool:
    return _person(rule, one, world) if inside is None else _subscription(rule, one, inside, world)


def _flat(parts: Sequence[Filter]) -> Iterator[Filter]:
    for part in parts:
        if isinstance(part, And):
            yield from _flat(part.parts)
        else:
            yield part


def _joins(rule: Filter, inside: Subscribed | None) -> bool:
    """Whether this is a condition on the one subscription, or the one item ``inside`` of it."""
    fields = _ITEM if inside else _ITEM | _SUBSCRIPTION
    if isinstance(rule, Or):
        return _is_about_subscriptions(rule) and any(leaf.field in fields for leaf in _open(rule))
    return isinstance(rule, Term | Has) and rule.field in fields


def _is_about_subscriptions(rule: Filter) -> bool:
    return all(isinstance(leaf, Term | Has) and leaf.field not in _PERSON for leaf in leaves(rule))


def _open(rule: Filter) -> Iterator[Term | Has]:
    """The conditions in brackets, but in no negation and no group."""
    if isinstance(rule, And | Or):
        for part in rule.parts:
            yield from _open(part)
    elif isinstance(rule, Term | Has):
        yield rule


def _values(rule: Filter) -> set[tuple[str, object]]:
    """The fields that it asks to equal something, with the values."""
    return {
        (leaf.field, _small(leaf.value.text) if isinstance(leaf.value, Text) else leaf.value)
        for leaf in _open(rule)
        if isinstance(leaf, Term) and leaf.operator == ":"
    }


def _another_value(bracket: Filter, beside: Sequence[Filter]) -> bool:
    def differ(one: Filter, other: Filter) -> bool:
        return any(
            field == other_field and value != other_value
            for field, value in _values(one)
            for other_field, other_value in _values(other)
        )

    def twice(rule: Filter) -> bool:
        parts = list(_flat(rule.parts)) if isinstance(rule, And) else []
        if any(differ(a, b) for n, a in enumerate(parts) for b in parts[n + 1 :]):
            return True
        return isinstance(rule, And | Or) and any(twice(part) for part in rule.parts)

    return twice(bracket) or any(differ(bracket, one) for one in beside if one is not bracket)


def _matches(together: Sequence[Filter]) -> list[list[Filter]]:
    """One match, or one for each of the values that the same field is to equal."""
    equal: dict[str, dict[object, Filter]] = {}
    rest = []
    for rule in together:
        if isinstance(rule, Term) and rule.operator == ":":
            ((field, value),) = _values(rule)
            equal.setdefault(field, {})[value] = rule
        else:
            rest.append(rule)
    return [[*rest, *each] for each in product(*(same.values() for same in equal.values()))]


def _holds(
    rule: Filter, pair: Pair, one: Person, inside: Subscribed | None, world: Population
) -> bool:
    """Whether a condition is true of a subscription and an item of it."""
    held, item = pair
    if isinstance(rule, And):
        return all(_holds(part, pair, one, inside, world) for part in rule.parts)
    if isinstance(rule, Or):
        return any(_holds(part, pair, one, inside, world) for part in rule.parts)
    if isinstance(rule, Term | Has) and rule.field in _ITEM:
        return item is not None and _of_item(rule, item, world)
    if isinstance(rule, Term | Has) and rule.field in _SUBSCRIPTION:
        return held is not None and _of_subscription(rule, held, world)
    return _apart(rule, one, inside, world)


def _meant(named: str, world: Population) -> set[str]:
    if named in world.segments:
        return {named}
    by_key = {key for key in world.segments if _small(key) == _small(named)}
    return by_key or {k for k, name in world.segments.items() if _small(name) == _small(named)}


def _subscription(rule: Filter, one: Person, held: Subscribed, world: Population) -> bool:
    """Inside ``subscription(…)``."""
    if isinstance(rule, Or):
        return any(_subscription(part, one, held, world) for part in rule.parts)
    if isinstance(rule, Not):
        return not _subscription(rule.part, one, held, world)
    if isinstance(rule, Term | Has) and rule.field in _SUBSCRIPTION:
        return _of_subscription(rule, held, world)
    return _side_by_side(rule.parts if isinstance(rule, And) else [rule], one, held, world)


def _of_subscription(rule: Term | Has, held: Subscribed, world: Population) -> bool:
    return _one(
        rule, held.row.start if rule.field == "started" else getattr(held.row, rule.field), world
    )


def _of_item(rule: Term | Has, item: ItemRow, world: Population) -> bool:
    if rule.field == "period_end":
        return _one(rule, item.current_period_end, world)
    if rule.field == "product":
        return _named(rule, item.product, world.products.get(item.product))
    row = world.prices.get(item.price)
    if rule.field == "price":
        return _named(rule, item.price, row.nickname if row else None)
    if row is None:
        return False
    if rule.field == "interval":
        return _one(rule, row.interval, world)
    assert rule.field == "amount"
    if row.unit_amount is None:
        return False
    return _one(rule, Fraction(row.unit_amount, _WHOLE.get(row.currency.lower(), 100)), world)


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
    """Without case, and with accents as one character or two; İ is an i."""
    folded = normalize("NFD", text).casefold().replace("i\u0307", "i")
    return normalize("NFC", folded)
