"""Writes a filter as text again, and finds what it depends on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.panel.filters.fields import FIELDS
from app.panel.filters.tree import (
    And,
    Filter,
    Has,
    In,
    Not,
    Number,
    Or,
    Relative,
    SameItem,
    SameSubscription,
    Term,
    Text,
    Value,
    leaves,
)
from app.panel.filters.values import quote


def is_timed(rule: Filter) -> bool:
    """Whether members can change with time alone, because the filter has a relative date."""
    return any(isinstance(leaf, Term) and isinstance(leaf.value, Relative) for leaf in leaves(rule))


def uses(rule: Filter) -> frozenset[str]:
    """The tables whose changes can change the members: participant, subscription (with its items),
    product, price and segment (with its members). ``participant`` is always one of them."""
    tables = {"participant"}
    for leaf in leaves(rule):
        if isinstance(leaf, In):
            tables.add("segment")
        elif leaf.field in ("subscription", "subscriptions"):
            tables.add("subscription")
        else:
            field = FIELDS[leaf.field]
            if field.owner != "person":
                tables.add("subscription")
            if field.owner == "price" or (field.name == "price" and isinstance(leaf, Term)):
                tables.add("price")
            if field.name == "product" and isinstance(leaf, Term):
                tables.add("product")
    if _groups(rule):
        tables.add("subscription")
    return frozenset(tables)


def _groups(rule: Filter) -> bool:
    if isinstance(rule, And | Or):
        return any(_groups(part) for part in rule.parts)
    if isinstance(rule, SameSubscription | SameItem):
        return True
    return isinstance(rule, Not) and _groups(rule.part)


def segments_of(rule: Filter) -> tuple[str, ...]:
    """The segments that ``in:`` names, as typed, each once."""
    return tuple(dict.fromkeys(leaf.segment for leaf in leaves(rule) if isinstance(leaf, In)))


def unparse(rule: Filter) -> str:
    """The filter as text. Parsing it gives an equal filter."""
    if isinstance(rule, Or):
        return " OR ".join(_grouped(part, Or) for part in rule.parts)
    if isinstance(rule, And):
        return " AND ".join(_grouped(part, Or, And) for part in rule.parts)
    if isinstance(rule, Not):
        return "-" + _grouped(rule.part, Or, And)
    if isinstance(rule, SameSubscription):
        return f"subscription({unparse(rule.part)})"
    if isinstance(rule, SameItem):  # two negations say the same: some item of it is so
        return "--" + _grouped(rule.part, Or, And)
    if isinstance(rule, In):
        return f"in:{quote(rule.segment)}"
    if isinstance(rule, Has):
        return f"has:{_field_name(rule)}"
    return f"{_field_name(rule)}{rule.operator}{value_text(rule.value)}"


def _grouped(part: Filter, *kinds: type) -> str:
    return f"({unparse(part)})" if isinstance(part, kinds) else unparse(part)


def _field_name(leaf: Term | Has) -> str:
    return leaf.field if leaf.key is None else f"{leaf.field}[{quote(leaf.key)}]"


def value_text(value: Value) -> str:
    """A value as text in a filter."""
    if isinstance(value, Text):
        return quote(value.text)
    if isinstance(value, Number):
        return f"{value.number:f}"
    if isinstance(value, Relative):
        return f"{value.amount:+d}{value.unit}" if value.unit else "now"
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value.start)
    return at.strftime("%Y").zfill(4) + at.strftime(_FORMS[value.length])


_FORMS = {86_400: "-%m-%d", 60: "-%m-%dT%H:%M", 1: "-%m-%dT%H:%M:%S"}
