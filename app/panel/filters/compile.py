"""Compiles a filter to SQL on ``participant p``. Both databases find the same participants.

Every SQL expression here is true or false and never NULL, so NOT is the plain negation. A nullable
column is compared only together with ``IS NOT NULL``. Conditions on subscriptions use EXISTS, or IN
over columns that are never NULL. Everything that a person typed is a bound parameter.

There are two forms with the same result:

- EXISTS for each participant, by the index ``subscription_held``. The first rows come at once, and
  the cost of one participant does not depend on how many there are.
- IN for all participants at once. SQLite then reads each table once from start to end, which takes
  a fifth of the time. PostgreSQL plans EXISTS in this way by itself. It might read a long IN again
  for each participant, so it never gets this form.

The first copy of an account drops that index (:mod:`app.db.indexes.subscription_indexes`), and
filters must wait until it is back.
"""

from __future__ import annotations

from dataclasses import replace

from app.db.segment_rules import ALL_STORED
from app.db.store import Store
from app.panel.filters.errors import FilterError
from app.panel.filters.fields import FIELDS, FilterField
from app.panel.filters.parse import parse
from app.panel.filters.scopes import scoped
from app.panel.filters.segment_refs import UnknownSegment, segment_ids
from app.panel.filters.sql_compare import ComparisonSql, folded, has, number, whole_comparison
from app.panel.filters.subscription_use import asks_subscriptions
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
    deepest_first,
    leaves,
)
from app.panel.filters.unparse import unparse
from app.panel.lists.selection import Condition

__all__ = ["Condition", "all_people", "compile", "compiled"]

_HIS = (
    "FROM subscription s WHERE s.connection_id = p.connection_id AND s.customer = p.stripe_id"
    " AND NOT s.deleted"
)
JOINS = 24  # groups that PostgreSQL may turn into joins; it plans 120 of them in 6 GB
_NAMES = {"product": ("product d", "d.name"), "price": ("price r", "r.nickname")}


def compile(  # noqa: A001
    rule: Filter, store: Store, connection_id: int, now: float, *, everybody: bool = False
) -> Condition:
    """The condition of a filter. It is true for the participants that the filter finds.

    It does not exclude deleted participants; the caller adds ``NOT p.deleted``. Relative dates
    count from ``now``, in seconds since 1970. ``everybody`` is for a statement about all
    participants of a connection at once, which should select them by :func:`all_people`.

    Raises FilterError if ``in:`` names no segment of this connection. The error's text and position
    refer to the filter as :func:`unparse` writes it.
    """
    try:
        return _compiled(rule, store, connection_id, now, everybody)
    except UnknownSegment as missing:
        text, words = unparse(rule), unparse(missing.leaf)
        end = text.index(words) + len(words)
        start = end - len(words) + len("in:")
        raise FilterError(text, start, end, missing.sentence(start)) from None


def compiled(
    text: str, store: Store, connection_id: int, now: float, *, everybody: bool = False
) -> Condition:
    """Parse and compile a filter. The position in a FilterError refers to ``text``."""
    rule = parse(text)
    try:
        return _compiled(rule, store, connection_id, now, everybody)
    except UnknownSegment as missing:
        start, end = missing.leaf.span
        raise FilterError(text, start, end, missing.sentence(start)) from None


def all_people(store: Store) -> str:
    """SQL that selects the participants ``p`` of the connection ``?``, for a condition that was
    compiled for ``everybody``.

    The plus makes SQLite read the table in order instead of looking up each row from an index. In
    PostgreSQL it would hide the number of rows from the planner.
    """
    return "p.connection_id = ?" if store.postgres else "+p.connection_id = ?"


def _compiled(
    rule: Filter, store: Store, connection_id: int, now: float, everybody: bool
) -> Condition:
    segments = segment_ids(rule, store, connection_id)
    rule = scoped(rule)
    apart = store.postgres and _groups(rule) > JOINS
    one = _SqlWriter(store, connection_id, segments, now, False, apart).condition(rule)
    by_subscription = asks_subscriptions(rule, store, connection_id)
    if by_subscription:
        one = _certain(one, _STORED)
    if not everybody:
        return one
    every = _SqlWriter(store, connection_id, segments, now, True, apart).condition(rule)
    if by_subscription:
        every = _certain(every, _STORED_OF_ALL)
    return every if every == one else replace(every, near=one)


# Of one participant, by the key of the table; and of everyone at once.
_STORED = (
    "NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.connection_id = p.connection_id"
    " AND q.listing = 'subscriptions' AND q.customer = p.stripe_id)"
)
_STORED_OF_ALL = ALL_STORED.format(participant="p.id")


def _groups(rule: Filter) -> int:
    """How many subscriptions an explicit filter asks for."""
    if isinstance(rule, And | Or):
        return sum(_groups(part) for part in rule.parts)
    if isinstance(rule, Not):
        return _groups(rule.part)
    return int(isinstance(rule, SameSubscription | Has))


def _certain(found: Condition, stored: str) -> Condition:
    """A filter on subscriptions never finds a participant of whom one could not be stored, because
    what it asks is not known of them."""
    return replace(found, sql=f"({found.sql} AND {stored})")


class _SqlWriter:
    """Writes one filter as SQL."""

    def __init__(
        self,
        store: Store,
        connection_id: int,
        segments: dict[str, list[int]],
        now: float,
        everybody: bool,
        apart: bool = False,
    ) -> None:
        self.comparing = ComparisonSql(postgres=store.postgres, now=now)
        self.connection_id = connection_id
        self.segments = segments
        self.everybody = everybody and not store.postgres
        self.limit = " OFFSET 0" if apart else ""  # PostgreSQL then makes no join of it

    def condition(self, rule: Filter, *, negated: bool = False) -> Condition:
        """The condition of a part of an explicit filter (:mod:`app.panel.filters.scopes`), or of
        its contrary. In a group ``s`` is a subscription of the participant, and ``i`` an item of
        it. Only single conditions have a NOT, and what is nested deepest comes first: SQLite's
        parser has room for a hundred words that wait for others, such as a NOT, or what stands
        before a parenthesis (sqlite.org/compile.html, YYSTACKDEPTH)."""
        if isinstance(rule, Not):
            return self.condition(rule.part, negated=not negated)
        if isinstance(rule, And | Or):
            parts = [self.condition(part, negated=negated) for part in deepest_first(rule.parts)]
            word = " AND " if isinstance(rule, And) != negated else " OR "
            sql = "(" + word.join(part.sql for part in parts) + ")"
            return Condition(sql, tuple(one for part in parts for one in part.parameters))
        one = self._single(rule)
        return Condition(f"NOT {one.sql}", one.parameters) if negated else one

    def _single(self, rule: SameSubscription | SameItem | In | Has | Term) -> Condition:
        if isinstance(rule, SameSubscription):
            return self._subscription(self.condition(rule.part), rule.part)
        if isinstance(rule, SameItem):
            return self._item(self.condition(rule.part))
        if isinstance(rule, In):
            return self._member(rule)
        if isinstance(rule, Has) and rule.field == "subscription":
            return self._subscription(Condition("true", ()), rule)
        field = FIELDS[rule.field]
        if field.owner == "person":
            return self._of_the_person(field, rule)
        return self._of_a_subscription(field, rule)

    def _subscription(self, one: Condition, rule: Filter) -> Condition:
        """True for participants with a subscription for which ``one``, made from ``rule``, is
        true."""
        if not self.everybody:
            sql = f"EXISTS (SELECT 1 {_HIS} AND {one.sql}{self.limit})"
            return Condition(sql, one.parameters)
        return Condition(
            f"p.stripe_id IN (SELECT s.customer {self._all(rule)} AND {one.sql})",
            (self.connection_id, *one.parameters),
        )

    def _all(self, rule: Filter) -> str:
        """All subscriptions. The index is used only if it has all the columns that ``rule`` needs.
        Otherwise SQLite would look up each row from the index, which is far slower than reading the
        table."""
        fields = [FIELDS.get(leaf.field) for leaf in leaves(rule) if not isinstance(leaf, In)]
        dated = any(one and one.owner == "subscription" and one.kind == "date" for one in fields)
        plus = "+" if dated else ""
        return f"FROM subscription s WHERE {plus}s.connection_id = ? AND NOT s.deleted"

    def _item(self, one: Condition) -> Condition:
        """True for subscriptions ``s`` with an item ``i`` for which ``one`` is true."""
        if self.everybody:
            sql = f"s.id IN (SELECT i.subscription_id FROM subscription_item i WHERE {one.sql})"
        else:
            sql = (
                "EXISTS (SELECT 1 FROM subscription_item i"
                f" WHERE i.subscription_id = s.id AND {one.sql})"
            )
        return Condition(sql, one.parameters)

    def _object(self, table: str, column: str, one: Condition) -> Condition:
        """True for items whose product or price makes ``one`` true. ``column`` holds the id of the
        product or price. ``table`` is the table's name followed by its alias."""
        short = table[-1]
        where = f"NOT {short}.deleted AND {one.sql}"
        if self.everybody:
            return Condition(
                f"{column} IN (SELECT {short}.stripe_id FROM {table}"
                f" WHERE {short}.connection_id = ? AND {where})",
                (self.connection_id, *one.parameters),
            )
        return Condition(
            f"EXISTS (SELECT 1 FROM {table} WHERE {short}.connection_id = s.connection_id"
            f" AND {short}.stripe_id = {column} AND {where})",
            one.parameters,
        )

    def _member(self, rule: In) -> Condition:
        ids = self.segments[rule.segment]
        if not ids:
            return Condition("false", ())
        among = f"m.segment_id IN ({', '.join('?' * len(ids))})"
        if self.everybody:
            sql = f"p.id IN (SELECT m.participant_id FROM member m WHERE {among})"
        else:
            sql = f"EXISTS (SELECT 1 FROM member m WHERE m.participant_id = p.id AND {among})"
        return Condition(sql, tuple(ids))

    def _of_the_person(self, field: FilterField, rule: Term | Has) -> Condition:
        if field.name == "metadata":
            return self.comparing.metadata(rule)
        column = f"p.{field.column}"
        if isinstance(rule, Has):
            return has(field, column)
        return (
            self._count(rule)
            if field.kind == "count"
            else self.comparing.compared(field, column, rule)
        )

    def _count(self, rule: Term) -> Condition:
        """Compare the number of subscriptions. A participant without any is in no SQL group."""
        operator, bound = whole_comparison(rule.operator, number(rule))
        if not self.everybody:
            return Condition(f"(SELECT count(*) {_HIS}) {operator} ?", (bound,))
        with_none = {">": bound < 0, ">=": bound <= 0, "<": bound > 0, "<=": bound >= 0}
        none, left = ("NOT", "NOT") if with_none.get(operator, bound == 0) else ("", "")
        return Condition(
            f"p.stripe_id {none} IN (SELECT s.customer {self._all(rule)}"
            f" GROUP BY s.customer HAVING {left} count(*) {operator} ?)",
            (self.connection_id, bound),
        )

    def _of_a_subscription(self, field: FilterField, rule: Term | Has) -> Condition:
        """True for the subscription ``s`` or its item ``i``, whichever has the field."""
        if field.owner == "subscription":
            return self._leaf(field, f"s.{field.column}", rule)
        if field.owner == "price":
            one = self._leaf(field, f"r.{field.column}", rule)
            return self._object("price r", "i.price", one)
        column = f"i.{field.column}"
        if field.kind == "named" and isinstance(rule, Term):
            return self._named(field, column, rule)
        return self._leaf(field, column, rule)

    def _leaf(self, field: FilterField, column: str, rule: Term | Has) -> Condition:
        return (
            has(field, column)
            if isinstance(rule, Has)
            else self.comparing.compared(field, column, rule)
        )

    def _named(self, field: FilterField, column: str, rule: Term) -> Condition:
        """Compare with the name, or with the whole id. A part of an id is not enough, because every
        id has "prod" or "price" in it."""
        table, name = _NAMES[field.name]
        by_name = self._object(table, column, self.comparing.text(name, rule))
        if rule.operator == "~":
            return by_name
        return Condition(
            f"(lower({column}) = ? OR {by_name.sql})", (folded(rule), *by_name.parameters)
        )
