"""Compares one field with one value, in SQL that is true or false and never NULL."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from app.db.folded_text import folded_column, folded_metadata
from app.panel.filters.fields import FilterField
from app.panel.filters.tree import Has, Moment, Number, Operator, Relative, Term, Text
from app.panel.lists.selection import Condition
from app.text import THREE_DECIMAL, ZERO_DECIMAL, fold

BIGINT = 2**63 - 1


class ComparisonSql:
    """Comparisons for this kind of database. Relative dates count from ``now``, in seconds since
    1970. ``column`` is the field's column with its table's alias."""

    def __init__(self, *, postgres: bool, now: float) -> None:
        self.postgres = postgres
        self.now = now

    def metadata(self, rule: Term | Has) -> Condition:
        """Compare a metadata entry, read by its key. A JSON path would need quoting."""
        if rule.key is None:
            return Condition("p.metadata <> '{}'", ())
        bound: tuple[object, ...] = ()
        if isinstance(rule, Has):
            test = "{} <> ''"
        elif rule.operator == "~":
            test, bound = self._find("lower({})") + " > 0", (folded(rule),)
        else:
            test, bound = "lower({}) = ?", (folded(rule),)
        stored = folded_metadata(postgres=self.postgres)
        if self.postgres:
            value = f'(({stored} ->> ?::text) COLLATE "C")'
            there = f"({stored} ->> ?::text) IS NOT NULL"
            return Condition(f"({there} AND {test.format(value)})", (rule.key, rule.key, *bound))
        return Condition(
            f"EXISTS (SELECT 1 FROM json_each({stored}) j WHERE j.key = ?"
            f" AND {test.format('j.value')})",
            (rule.key, *bound),
        )

    def _priced(self, column: str, rule: Term) -> Condition:
        """Compare an amount in major units of the price's currency."""
        cases, bound = [], []
        for decimals, when in (
            (0, f"WHEN lower(r.currency) IN ({_literals(ZERO_DECIMAL)}) THEN"),
            (3, f"WHEN lower(r.currency) IN ({_literals(THREE_DECIMAL)}) THEN"),
            (2, "ELSE"),
        ):
            operator, bounds = whole_comparison(rule.operator, number(rule).scaleb(decimals))
            cases.append(f"{when} {column} {operator} ?")
            bound.append(bounds)
        return Condition(f"({column} IS NOT NULL AND CASE {' '.join(cases)} END)", tuple(bound))

    def compared(self, field: FilterField, column: str, rule: Term) -> Condition:
        if field.kind == "date":
            return self._date(column, rule)
        if field.kind == "money":
            return self._priced(column, rule)
        if field.kind == "id" and rule.operator == ":":  # ids are case-sensitive
            return Condition(f"{column} = ?", (_text(rule),))
        if field.kind == "choice":  # Stripe's own lower-case words, so the index works
            return Condition(f"({column} IS NOT NULL AND {column} = ?)", (_text(rule),))
        return self.text(column, rule)

    def text(self, column: str, rule: Term) -> Condition:
        low = folded_column(column, postgres=self.postgres)
        test = f"{self._find(low)} > 0" if rule.operator == "~" else f"{low} = ?"
        return Condition(f"({column} IS NOT NULL AND {test})", (folded(rule),))

    def _find(self, where: str) -> str:
        """The position of a text in another, or 0. Unlike LIKE it has no wildcards."""
        return f"{'strpos' if self.postgres else 'instr'}({where}, ?)"

    def _date(self, column: str, rule: Term) -> Condition:
        value = rule.value
        start = value.at(self.now) if isinstance(value, Relative) else _moment(rule).start
        if rule.operator != ":":
            return Condition(f"({column} IS NOT NULL AND {column} {rule.operator} ?)", (start,))
        end = start + _moment(rule).length
        return Condition(f"({column} IS NOT NULL AND {column} >= ? AND {column} < ?)", (start, end))


def has(field: FilterField, column: str) -> Condition:
    """True if there is a value. An empty text is not one, as in the count of participants with an
    email."""
    if field.kind in ("date", "money"):
        return Condition(f"{column} IS NOT NULL", ())
    return Condition(f"({column} IS NOT NULL AND {column} <> '')", ())


def whole_comparison(operator: Operator, than: Decimal) -> tuple[str, int]:
    """The same comparison for whole numbers: "more than 20.5" is "more than 20"."""
    low, high = (
        max(-BIGINT, min(BIGINT, int(than.to_integral_value(rounding))))
        for rounding in (ROUND_FLOOR, ROUND_CEILING)
    )
    if operator == ":":  # no whole number equals a fraction
        return ("=", low) if low == high else ("<", -BIGINT)
    return operator, low if operator in (">", "<=") else high


def _literals(currencies: Iterable[str]) -> str:
    return ", ".join(f"'{one}'" for one in sorted(currencies))


def _text(rule: Term) -> str:
    assert isinstance(rule.value, Text)
    return rule.value.text


def folded(rule: Term) -> str:
    """The text of a term, folded for a comparison in any case."""
    return fold(_text(rule))


def number(rule: Term) -> Decimal:
    """The number of a term on a numeric field."""
    assert isinstance(rule.value, Number)
    return rule.value.number


def _moment(rule: Term) -> Moment:
    assert isinstance(rule.value, Moment)
    return rule.value
