"""Makes explicit which conditions of a filter are about one subscription, or one item of it.

docs/filters.md defines the rules. The result says the same with a group for each subscription
(``SameSubscription``) and each item (``SameItem``), so that every condition stands in its group and
the parts can be asked one by one. SQL and words are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from app.panel.filters.fields import FIELDS
from app.panel.filters.tree import (
    And,
    Filter,
    Has,
    In,
    Not,
    Or,
    SameItem,
    SameSubscription,
    Term,
    Text,
    leaves,
)
from app.text import fold

COMPARISONS = 1_000  # in all groups; every value is a parameter of one statement


class TooManyGroups(Exception):
    """A filter with so many alternatives that its groups have more than COMPARISONS conditions."""


def scoped(rule: Filter) -> Filter:
    """The same filter with explicit groups. The result of an explicit filter is that filter. Raises
    TooManyGroups, but not for a filter that was parsed."""
    return _Scopes().of_participant(rule)


@dataclass(frozen=True)
class _Level:
    """What a conjunction is about. ``joins``: whether a condition is one of those that are about
    one thing together. ``apart``: the rule of a part that stands for itself. ``one``: a group."""

    joins: Callable[[Term | Has | In], bool]
    open: Callable[[Or], bool]
    apart: Callable[[Filter], Filter]
    one: Callable[[Sequence[Filter]], Filter]


class _Scopes:
    def __init__(self) -> None:
        self._left = COMPARISONS
        self._participant = _Level(
            _is_of_a_subscription, _asks_only_about_subscriptions, self.of_participant, self._group
        )
        self._subscription = _Level(
            _is_of_an_item, lambda _: True, self._of_subscription, self._item
        )

    def of_participant(self, rule: Filter) -> Filter:
        return self._scope(rule, self._participant)

    def _of_subscription(self, rule: Filter) -> Filter:
        return self._scope(rule, self._subscription)

    def _scope(self, rule: Filter, level: _Level) -> Filter:
        if isinstance(rule, And):
            return self._conjunction(rule.parts, level)
        if isinstance(rule, Or):
            return Or(tuple(level.apart(part) for part in rule.parts))
        if isinstance(rule, Not):
            part = level.apart(rule.part)
            return part.part if isinstance(part, Not) else Not(part)
        if isinstance(rule, SameSubscription):
            return SameSubscription(self._of_subscription(rule.part))
        if isinstance(rule, SameItem):
            return rule
        return level.one([rule]) if level.joins(rule) else rule

    def _conjunction(self, parts: Sequence[Filter], level: _Level) -> Filter:
        flat = list(dict.fromkeys(_flat(parts)))
        together = [one for one in flat if _joins(one, level)]
        found: list[Filter] = []
        for one in flat:  # the group stands where its first condition stands
            if not _joins(one, level):
                found.append(level.apart(one))
            elif one is together[0]:
                found.append(self._together(together, level))
        return _all(found)

    def _together(self, parts: Sequence[Filter], level: _Level) -> Filter:
        """The conditions that are about one thing. Each of several values of a field is another
        match, with all other conditions."""
        if any(len(values) > 1 for values in _asked(parts).values()):
            for part in parts:
                if isinstance(part, Or) and _asks_for_another_value(part, parts):
                    return self._written_out(part, parts, level)
        for field, same in _equalities(parts).items():
            if len(same) > 1:
                rest = [one for one in parts if not (_is_equality(one) and one.field == field)]
                return _all([self._together([*rest, one], level) for one in same.values()])
        for part in parts:
            if isinstance(part, Or) and not _is_about_one(part, level):
                return self._written_out(part, parts, level)
        return level.one(parts)

    def _written_out(self, bracket: Or, parts: Sequence[Filter], level: _Level) -> Filter:
        """``a AND (b OR c)`` as ``a AND b OR a AND c``."""
        others = [one for one in parts if one is not bracket]
        if not others:
            return _any([level.apart(one) for one in bracket.parts])
        return _any([self._conjunction([*others, one], level) for one in bracket.parts])

    def _group(self, parts: Sequence[Filter]) -> Filter:
        self._count(parts)
        return SameSubscription(self._conjunction(parts, self._subscription))

    def _item(self, parts: Sequence[Filter]) -> Filter:
        self._count(parts)
        return SameItem(_all(parts))

    def _count(self, parts: Sequence[Filter]) -> None:
        self._left -= sum(1 for part in parts for _ in leaves(part))
        if self._left < 0:
            raise TooManyGroups


def _all(parts: Sequence[Filter]) -> Filter:
    flat = tuple(dict.fromkeys(_flat(parts)))
    return flat[0] if len(flat) == 1 else And(flat)


def _any(parts: Sequence[Filter]) -> Filter:
    """The alternatives, with what all of them ask asked once."""
    conjunctions = [list(_flat([part])) for part in parts]
    first, *others = conjunctions
    common = [one for one in first if all(one in other for other in others)]
    if not common:
        return Or(tuple(parts))
    rest = [[one for one in each if one not in common] for each in conjunctions]
    return _all(common if [] in rest else [*common, Or(tuple(_all(each) for each in rest))])


def _flat(parts: Sequence[Filter]) -> Iterator[Filter]:
    """The parts of a conjunction. Parentheses around a conjunction in it mean nothing."""
    for part in parts:
        if isinstance(part, And):
            yield from _flat(part.parts)
        else:
            yield part


def _owner(leaf: Term | Has | In) -> str:
    """Whose field it is. ``in:`` and ``has:subscription`` are about the participant."""
    if isinstance(leaf, In) or leaf.field not in FIELDS:
        return "person"
    return FIELDS[leaf.field].owner


def _is_of_a_subscription(leaf: Term | Has | In) -> bool:
    return _owner(leaf) != "person"


def _is_of_an_item(leaf: Term | Has | In) -> bool:
    return _owner(leaf) in ("item", "price")


def _asks_only_about_subscriptions(bracket: Or) -> bool:
    return all(
        _is_of_a_subscription(leaf) or leaf == Has("subscription") for leaf in leaves(bracket)
    )


def _joins(part: Filter, level: _Level) -> bool:
    """Whether a part of a conjunction is about the same thing as the parts beside it."""
    if isinstance(part, Or):
        return level.open(part) and any(level.joins(leaf) for leaf in _open_leaves(part))
    return isinstance(part, Term | Has | In) and level.joins(part)


def _open_leaves(rule: Filter) -> Iterator[Term | Has | In]:
    """The conditions that are not in a negation or a group."""
    if isinstance(rule, And | Or):
        for part in rule.parts:
            yield from _open_leaves(part)
    elif isinstance(rule, Term | Has | In):
        yield rule


def _is_about_one(bracket: Or, level: _Level) -> bool:
    """Whether all of a bracket is about one thing of this level, without a negation or group."""
    return all(level.joins(leaf) for leaf in leaves(bracket)) and not any(
        isinstance(part, Not | SameSubscription | SameItem) for part in _nodes(bracket)
    )


def _asks_for_another_value(bracket: Or, parts: Sequence[Filter]) -> bool:
    """Whether a bracket asks a field to equal two values, or another than a part beside it."""
    others = [one for one in parts if one is not bracket]
    return _clashes_inside(bracket) or any(_clash([bracket, one]) for one in others)


def _nodes(rule: Filter) -> Iterator[Filter]:
    yield rule
    if isinstance(rule, And | Or):
        for part in rule.parts:
            yield from _nodes(part)


def _clashes_inside(rule: Filter) -> bool:
    """Whether a part of this bracket asks for two values of one field."""
    if isinstance(rule, And) and _clash(list(_flat(rule.parts)), between_conditions=True):
        return True
    return isinstance(rule, And | Or) and any(_clashes_inside(part) for part in rule.parts)


def _clash(parts: Sequence[Filter], *, between_conditions: bool = False) -> bool:
    """Whether two of these parts ask for different values of one field. Two that are no brackets
    count only ``between_conditions``."""
    seen: list[tuple[bool, dict[str, set[Hashable]]]] = []
    for part in parts:
        asked = _asked([part])
        counts = between_conditions or isinstance(part, And | Or)
        for other_counts, other in seen:
            for field in asked.keys() & other.keys():
                if (counts or other_counts) and len(asked[field] | other[field]) > 1:
                    return True
        seen.append((counts, asked))
    return False


def _asked(parts: Sequence[Filter]) -> dict[str, set[Hashable]]:
    """The values that each field is compared with for equality, including inside brackets."""
    found: dict[str, set[Hashable]] = {}
    for part in parts:
        for leaf in _open_leaves(part):
            if _is_equality(leaf):
                found.setdefault(leaf.field, set()).add(_identity(leaf))
    return found


def _equalities(parts: Sequence[Filter]) -> dict[str, dict[Hashable, Filter]]:
    """The equality conditions, by field and then by value."""
    found: dict[str, dict[Hashable, Filter]] = {}
    for part in parts:
        if _is_equality(part):
            found.setdefault(part.field, {}).setdefault(_identity(part), part)
    return found


def _is_equality(part: Filter) -> TypeGuard[Term]:
    return isinstance(part, Term) and part.operator == ":"


def _identity(term: Term) -> Hashable:
    value = term.value
    return fold(value.text) if isinstance(value, Text) else value
