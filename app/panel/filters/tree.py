"""A filter that has been read, as frozen data.

Two filters are equal when they say the same in the same order; where the words stood
(``place``, for errors that only the database can tell) does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

Operator = Literal[":", "~", ">", ">=", "<", "<="]
Place: TypeAlias = tuple[int, int]  # of the text, half-open

SECONDS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400, "m": 30 * 86_400, "y": 365 * 86_400}


@dataclass(frozen=True)
class Text:
    """A text as it was written, without its quotes."""

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
    """So long before (negative) or after the moment at which the filter is used; a month has 30
    days and a year 365. ``unit`` is a key of SECONDS; "" with the amount 0 is "now"."""

    amount: int
    unit: str

    def at(self, now: float) -> int:
        """Seconds since 1970."""
        return int(now) + self.amount * SECONDS.get(self.unit, 0)


Value: TypeAlias = Text | Number | Moment | Relative


@dataclass(frozen=True)
class Term:
    """One condition on one field. ``key`` is that of metadata."""

    field: str
    operator: Operator
    value: Value
    key: str | None = None


@dataclass(frozen=True)
class Has:
    """There is a value. ``field`` may be "subscription"; metadata without a key: any entry."""

    field: str
    key: str | None = None


@dataclass(frozen=True)
class In:
    """Member of the segment with this key or name."""

    segment: str
    place: Place = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Not:
    """The plain negation: whoever is not found by the part."""

    part: Filter


@dataclass(frozen=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class SameSubscription:
    """There is one subscription for which all of the part holds."""

    part: Filter


Filter: TypeAlias = Term | Has | In | Not | And | Or | SameSubscription


def leaves(rule: Filter) -> Iterator[Term | Has | In]:
    """Every condition of a filter, in the order in which they are written."""
    if isinstance(rule, Not | SameSubscription):
        yield from leaves(rule.part)
    elif isinstance(rule, And | Or):
        for part in rule.parts:
            yield from leaves(part)
    else:
        yield rule
