"""A filter becomes SQL on the columns of ``participant p``, the same people on both databases.

Every piece of SQL here is true or false and never NULL, so that NOT is the plain negation: a
nullable column is compared only beside ``IS NOT NULL``, and everything about subscriptions stands
in EXISTS. All that a person wrote is bound. What is asked of subscriptions is found from the
person by the index ``subscription_held``, so that it costs the same for one person in a million;
while a first copy does without that index (:mod:`app.db.indexes`) a filter must wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from difflib import get_close_matches

from app.db.store import Store
from app.panel.filters.errors import FilterError, quoted
from app.panel.filters.fields import FIELDS, Field
from app.panel.filters.parse import parse
from app.panel.filters.tree import (
    And,
    Filter,
    Has,
    In,
    Moment,
    Not,
    Number,
    Operator,
    Or,
    Relative,
    Same,
    Term,
    Text,
    leaves,
)
from app.panel.filters.values import fold
from app.panel.filters.words import unparse
from app.panel.segments import segments
from app.text import THREE_DECIMAL, ZERO_DECIMAL

BIGINT = 2**63 - 1

_HIS = (
    "FROM subscription s WHERE s.connection_id = p.connection_id AND s.customer = p.stripe_id"
    " AND NOT s.deleted"
)
_ITS = "EXISTS (SELECT 1 FROM subscription_item i WHERE i.subscription_id = s.id AND "
_PRICED = (
    "EXISTS (SELECT 1 FROM price r WHERE r.connection_id = s.connection_id"
    " AND r.stripe_id = i.price AND NOT r.deleted AND "
)
_NAMED = {  # how an item's id comes to its name
    "product": "EXISTS (SELECT 1 FROM product d WHERE d.connection_id = s.connection_id"
    " AND d.stripe_id = i.product AND NOT d.deleted AND {})",
    "price": _PRICED + "{})",
}
_NAME = {"product": "d.name", "price": "r.nickname"}


@dataclass(frozen=True)
class Condition:
    """SQL that is true of the participants ``p`` that a filter finds, with the store's ``?`` for
    each of the parameters. The deleted are left to whoever uses it (``NOT p.deleted``)."""

    sql: str
    parameters: tuple[object, ...]


def compile(rule: Filter, store: Store, connection_id: int, now: float) -> Condition:  # noqa: A001
    """The condition of a filter. ``now``, in seconds since 1970, is what relative dates are
    reckoned from. Raises FilterError for an ``in:`` that names no segment of this connection;
    its text and place are those of the filter as :func:`unparse` writes it."""
    try:
        return _written(rule, store, connection_id, now)
    except _NoSegment as missing:
        text, words = unparse(rule), unparse(missing.leaf)
        end = text.index(words) + len(words)
        start = end - len(words) + len("in:")
        raise FilterError(text, start, end, missing.sentence(start)) from None


def compiled(text: str, store: Store, connection_id: int, now: float) -> Condition:
    """Parse and compile at once; the place of every FilterError is in the text as written."""
    rule = parse(text)
    try:
        return _written(rule, store, connection_id, now)
    except _NoSegment as missing:
        start, end = missing.leaf.place
        raise FilterError(text, start, end, missing.sentence(start)) from None


def _written(rule: Filter, store: Store, connection_id: int, now: float) -> Condition:
    return _Writer(store, _segment_ids(rule, store, connection_id), now).written(rule)


def _segment_ids(rule: Filter, store: Store, connection_id: int) -> dict[str, list[int]]:
    """What ``in:`` names → the segments meant: the one with this key, or all with this name."""
    asked = [leaf for leaf in leaves(rule) if isinstance(leaf, In)]
    if not asked:
        return {}
    views = segments(store, connection_id)
    ids: dict[str, int] = dict(
        store.rows("SELECT key, id FROM segment WHERE connection_id = ?", (connection_id,))
    )
    found: dict[str, list[int]] = {}
    for leaf in asked:
        keys = _keys(leaf.segment, [(view.key, view.name) for view in views])
        if not keys:
            raise _NoSegment(leaf, _near(leaf.segment, [view.name for view in views] + list(ids)))
        found[leaf.segment] = [ids[key] for key in keys if key in ids]
    return found


def _keys(named: str, known: Iterable[tuple[str, str]]) -> list[str]:
    """Exactly a key; else a key in any case; else all that have the name, in any case."""
    pairs = list(known)
    if any(key == named for key, _ in pairs):
        return [named]
    low = fold(named)
    return [key for key, _ in pairs if fold(key) == low] or [
        key for key, name in pairs if fold(name) == low
    ]


def _near(named: str, known: list[str]) -> str:
    by_fold = {fold(one): one for one in reversed(known)}
    close = get_close_matches(fold(named), by_fold, 1, 0.6)
    if close:
        return f"; did you mean {quoted(by_fold[close[0]])}?"
    return "; panelist segments lists those there are."


class _NoSegment(Exception):
    """An ``in:`` that names nothing; ``hint`` ends its sentence."""

    def __init__(self, leaf: In, hint: str) -> None:
        super().__init__(leaf.segment)
        self.leaf, self.hint = leaf, hint

    def sentence(self, start: int) -> str:
        return f"There is no segment {quoted(self.leaf.segment)} at {start + 1}{self.hint}"


class _Writer:
    """Writes one filter down."""

    def __init__(self, store: Store, segments: dict[str, list[int]], now: float) -> None:
        self.postgres = store.postgres
        self.segments = segments
        self.now = now

    def written(self, rule: Filter, *, inside: bool = False) -> Condition:
        """``inside``: of ``subscription(…)``, where ``s`` is one of the person's."""
        if isinstance(rule, And | Or):
            parts = [self.written(part, inside=inside) for part in rule.parts]
            word = " AND " if isinstance(rule, And) else " OR "
            sql = "(" + word.join(part.sql for part in parts) + ")"
            return Condition(sql, tuple(one for part in parts for one in part.parameters))
        if isinstance(rule, Not):
            part = self.written(rule.part, inside=inside)
            return Condition(f"NOT {part.sql}", part.parameters)
        if isinstance(rule, Same):
            part = self.written(rule.part, inside=True)
            return Condition(f"EXISTS (SELECT 1 {_HIS} AND {part.sql})", part.parameters)
        if isinstance(rule, In):
            return self._member(rule)
        if isinstance(rule, Has) and rule.field == "subscription":
            return Condition(f"EXISTS (SELECT 1 {_HIS})", ())
        field = FIELDS[rule.field]
        if field.owner == "person":
            return self._of_the_person(field, rule)
        one = self._of_a_subscription(field, rule)
        return (
            one if inside else Condition(f"EXISTS (SELECT 1 {_HIS} AND {one.sql})", one.parameters)
        )

    def _member(self, rule: In) -> Condition:
        ids = self.segments[rule.segment]
        if not ids:
            return Condition("false", ())
        marks = ", ".join("?" * len(ids))
        return Condition(
            "EXISTS (SELECT 1 FROM member m WHERE m.participant_id = p.id"
            f" AND m.segment_id IN ({marks}))",
            tuple(ids),
        )

    def _of_the_person(self, field: Field, rule: Term | Has) -> Condition:
        if field.name == "metadata":
            return self._metadata(rule)
        column = f"p.{field.column}"
        if isinstance(rule, Has):
            return _has(field, column)
        if field.kind == "count":
            number = _number(rule)
            operator, bound = _whole(rule.operator, number)
            return Condition(f"(SELECT count(*) {_HIS}) {operator} ?", (bound,))
        return self._compared(field, column, rule)

    def _metadata(self, rule: Term | Has) -> Condition:
        """Read as JSON by key, whatever signs the key has; a JSON path would need quoting."""
        if rule.key is None:
            return Condition("p.metadata <> '{}'", ())
        bound: tuple[object, ...] = ()
        if isinstance(rule, Has):
            test = "{} <> ''"
        elif rule.operator == "~":
            test, bound = self._find("lower({})") + " > 0", (_folded(rule),)
        else:
            test, bound = "lower({}) = ?", (_folded(rule),)
        if self.postgres:
            value = '((p.metadata::jsonb ->> ?::text) COLLATE "C")'
            there = "(p.metadata::jsonb ->> ?::text) IS NOT NULL"
            return Condition(f"({there} AND {test.format(value)})", (rule.key, rule.key, *bound))
        return Condition(
            f"EXISTS (SELECT 1 FROM json_each(p.metadata) j WHERE j.key = ?"
            f" AND {test.format('j.value')})",
            (rule.key, *bound),
        )

    def _of_a_subscription(self, field: Field, rule: Term | Has) -> Condition:
        """True of the subscription ``s``; what is asked of items holds for some item of it."""
        if field.owner == "subscription":
            column = f"s.{field.column}"
            return (
                _has(field, column)
                if isinstance(rule, Has)
                else self._compared(field, column, rule)
            )
        column = f"i.{field.column}"
        if field.owner == "price":
            column = f"r.{field.column}"
            one = (
                _has(field, column) if isinstance(rule, Has) else self._priced(field, column, rule)
            )
            one = Condition(f"{_PRICED}{one.sql})", one.parameters)
        elif isinstance(rule, Has):
            one = _has(field, column)
        elif field.kind == "named":
            one = self._named(field, column, rule)
        else:
            one = self._compared(field, column, rule)
        return Condition(f"{_ITS}{one.sql})", one.parameters)

    def _named(self, field: Field, column: str, rule: Term) -> Condition:
        """By the name, or wholly by the id; a part of an id would find "prod" in every one."""
        name = self._text(_NAME[field.name], rule)
        by_name = _NAMED[field.name].format(name.sql)
        if rule.operator == "~":
            return Condition(by_name, name.parameters)
        return Condition(f"(lower({column}) = ? OR {by_name})", (_folded(rule), *name.parameters))

    def _priced(self, field: Field, column: str, rule: Term) -> Condition:
        if field.kind != "money":
            return self._compared(field, column, rule)
        cases, bound = [], []
        for decimals, when in (
            (0, f"WHEN lower(r.currency) IN ({_literals(ZERO_DECIMAL)}) THEN"),
            (3, f"WHEN lower(r.currency) IN ({_literals(THREE_DECIMAL)}) THEN"),
            (2, "ELSE"),
        ):
            operator, whole = _whole(rule.operator, _number(rule).scaleb(decimals))
            cases.append(f"{when} {column} {operator} ?")
            bound.append(whole)
        return Condition(f"({column} IS NOT NULL AND CASE {' '.join(cases)} END)", tuple(bound))

    def _compared(self, field: Field, column: str, rule: Term) -> Condition:
        if field.kind == "date":
            return self._date(column, rule)
        if field.kind == "id" and rule.operator == ":":  # ids of another case are others'
            return Condition(f"{column} = ?", (_text(rule),))
        if field.kind == "choice":  # Stripe's own small words, found by their index
            return Condition(f"({column} IS NOT NULL AND {column} = ?)", (_text(rule),))
        return self._text(column, rule)

    def _text(self, column: str, rule: Term) -> Condition:
        low = f"lower({column})"
        test = f"{self._find(low)} > 0" if rule.operator == "~" else f"{low} = ?"
        return Condition(f"({column} IS NOT NULL AND {test})", (_folded(rule),))

    def _find(self, where: str) -> str:
        """Where a text begins in another; 0: nowhere. Unlike LIKE it knows no signs."""
        return f"{'strpos' if self.postgres else 'instr'}({where}, ?)"

    def _date(self, column: str, rule: Term) -> Condition:
        value = rule.value
        start = value.at(self.now) if isinstance(value, Relative) else _moment(rule).start
        if rule.operator != ":":
            return Condition(f"({column} IS NOT NULL AND {column} {rule.operator} ?)", (start,))
        end = start + _moment(rule).length
        return Condition(f"({column} IS NOT NULL AND {column} >= ? AND {column} < ?)", (start, end))


def _has(field: Field, column: str) -> Condition:
    if field.kind in ("date", "money"):
        return Condition(f"{column} IS NOT NULL", ())
    return Condition(f"({column} IS NOT NULL AND {column} <> '')", ())


def _whole(operator: Operator, number: Decimal) -> tuple[str, int]:
    """The same comparison for whole numbers: "more than 20.5" is "more than 20"."""
    low, high = (
        max(-BIGINT, min(BIGINT, int(number.to_integral_value(way))))
        for way in (ROUND_FLOOR, ROUND_CEILING)
    )
    if operator == ":":  # nothing whole is a half
        return ("=", low) if low == high else ("<", -BIGINT)
    return operator, low if operator in (">", "<=") else high


def _literals(currencies: Iterable[str]) -> str:
    return ", ".join(f"'{one}'" for one in sorted(currencies))


def _text(rule: Term) -> str:
    assert isinstance(rule.value, Text)
    return rule.value.text


def _folded(rule: Term) -> str:
    return fold(_text(rule))


def _number(rule: Term) -> Decimal:
    assert isinstance(rule.value, Number)
    return rule.value.number


def _moment(rule: Term) -> Moment:
    assert isinstance(rule.value, Moment)
    return rule.value
