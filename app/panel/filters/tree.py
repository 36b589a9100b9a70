"""A parsed filter, as frozen data.

Two filters are equal if they have the same conditions in the same order. The position in the text
(``span``, for errors that only the database can find) does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

Operator = Literal[":", "~", ">", ">=", "<", "<="]
Span: TypeAlias = tuple[int, int]  # [start, end) in the text

NESTED = 4  # levels from which on the order of conditions matters to SQLite's parser
SECONDS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400, "m": 30 * 86_400, "y": 365 * 86_400}


@dataclass(frozen=True)
class Text:
    """A text without its quotes."""

    text: str


@dataclass(frozen=True)
class Number:
    """A count, or an amount in major units ("20" euros, not cents)."""

    number: Decimal


@dataclass(frozen=True)
class Moment:
    """A day, minute or second: ``start`` in seconds since 1970 (UTC), ``length`` in seconds."""

    start: int
    length: int


@dataclass(frozen=True)
class Relative:
    """A time before (negative) or after the moment at which the filter is used.

    ``unit`` is a key of SECONDS; a month has 30 days and a year 365. The amount 0 with the unit ""
    is "now".
    """

    amount: int
    unit: str

    def at(self, now: float) -> int:
        """The time in seconds since 1970."""
        return int(now) + self.amount * SECONDS.get(self.unit, 0)


Value: TypeAlias = Text | Number | Moment | Relative


@dataclass(frozen=True)
class Term:
    """One condition on one field. ``key`` is the metadata key."""

    field: str
    operator: Operator
    value: Value
    key: str | None = None


@dataclass(frozen=True)
class Has:
    """The field has a value. ``field`` may be "subscription". Metadata without a key means any
    entry."""

    field: str
    key: str | None = None


@dataclass(frozen=True)
class In:
    """The participant is a member of the segment with this key or name."""

    segment: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Not:
    """The plain negation: every participant that the part does not find."""

    part: Filter


@dataclass(frozen=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class SameSubscription:
    """At least one subscription makes the whole part true."""

    part: Filter


@dataclass(frozen=True)
class SameItem:
    """At least one item of the subscription makes the whole part true. It is never typed:
    :mod:`app.panel.filters.scopes` finds these groups."""

    part: Filter


Filter: TypeAlias = Term | Has | In | Not | And | Or | SameSubscription | SameItem


def leaves(rule: Filter) -> Iterator[Term | Has | In]:
    """Every condition of a filter, in the order in which they are written."""
    if isinstance(rule, Not | SameSubscription | SameItem):
        yield from leaves(rule.part)
    elif isinstance(rule, And | Or):
        for part in rule.parts:
            yield from leaves(part)
    else:
        yield rule


def deepest_first(parts: Sequence[Filter]) -> Sequence[Filter]:
    """The parts in their order, unless one is nested so deep that SQLite must read it first."""
    depths = [_depth(part) for part in parts]
    if max(depths) < NESTED:
        return parts
    return [parts[at] for at in sorted(range(len(parts)), key=lambda at: -depths[at])]


def _depth(rule: Filter) -> int:
    """How many levels of AND, OR and NOT stand in each other."""
    if isinstance(rule, And | Or):
        return 1 + max(map(_depth, rule.parts))
    if isinstance(rule, Not | SameSubscription | SameItem):
        return 1 + _depth(rule.part)
    return 0
