"""A filter becomes SQL on the columns of ``participant p``, the same people on both databases.

Every piece of SQL here is true or false and never NULL, so that NOT is the plain negation: a
nullable column is compared only beside ``IS NOT NULL``, and everything about subscriptions stands
in EXISTS or in IN over what is never NULL. All that a person wrote is bound.

There are two ways to ask, with the same answer. From the person (EXISTS, by the index
``subscription_held``): the first rows come at once, and one person in a million costs what one in
ten does. For everybody at once (IN): SQLite reads the tables once from end to end, in a fifth of
the time. PostgreSQL finds such plans for EXISTS by itself; a long IN it may read anew for each
person, so that it is never asked so. While a first copy does without that index
(:mod:`app.db.subscription_indexes`) a filter must wait.
"""

from __future__ import annotations

from dataclasses import replace

from app.db.store import Store
from app.panel.filters.errors import FilterError
from app.panel.filters.fields import FIELDS, FilterField
from app.panel.filters.parse import parse
from app.panel.filters.segment_refs import UnknownSegment, segment_ids
from app.panel.filters.sql_compare import ComparisonSql, folded, has, number, whole
from app.panel.filters.tree import And, Filter, Has, In, Not, Or, SameSubscription, Term, leaves
from app.panel.filters.unparse import unparse
from app.panel.lists.selection import Condition

__all__ = ["Condition", "all_people", "compile", "compiled"]

_HIS = (
    "FROM subscription s WHERE s.connection_id = p.connection_id AND s.customer = p.stripe_id"
    " AND NOT s.deleted"
)
_NAMES = {"product": ("product d", "d.name"), "price": ("price r", "r.nickname")}


def compile(  # noqa: A001
    rule: Filter, store: Store, connection_id: int, now: float, *, everybody: bool = False
) -> Condition:
    """The condition of a filter: true of the people whom it finds; the deleted are left to whoever
    uses it (``NOT p.deleted``). ``now``, in seconds since 1970, is what relative dates are
    reckoned from. ``everybody``: for a statement that asks all of a connection's people at once;
    :func:`all_people` has how it should choose them.

    Raises FilterError for an ``in:`` that names no segment of this connection; its text and place
    are those of the filter as :func:`unparse` writes it."""
    try:
        return _written(rule, store, connection_id, now, everybody)
    except UnknownSegment as missing:
        text, words = unparse(rule), unparse(missing.leaf)
        end = text.index(words) + len(words)
        start = end - len(words) + len("in:")
        raise FilterError(text, start, end, missing.sentence(start)) from None


def compiled(
    text: str, store: Store, connection_id: int, now: float, *, everybody: bool = False
) -> Condition:
    """Parse and compile at once; the place of every FilterError is in the text as written."""
    rule = parse(text)
    try:
        return _written(rule, store, connection_id, now, everybody)
    except UnknownSegment as missing:
        start, end = missing.leaf.place
        raise FilterError(text, start, end, missing.sentence(start)) from None


def all_people(store: Store) -> str:
    """SQL: participants ``p`` of the connection ``?``, for a condition that is for ``everybody``.
    The plus has SQLite read them in their order, and not look up each one from an index; it would
    keep PostgreSQL from knowing how many they are."""
    return "p.connection_id = ?" if store.postgres else "+p.connection_id = ?"


def _written(
    rule: Filter, store: Store, connection_id: int, now: float, everybody: bool
) -> Condition:
    segments = segment_ids(rule, store, connection_id)
    one = _Writer(store, connection_id, segments, now, False).written(rule)
    if not everybody:
        return one
    every = _Writer(store, connection_id, segments, now, True).written(rule)
    return every if every == one else replace(every, near=one)


class _Writer:
    """Writes one filter down."""

    def __init__(
        self,
        store: Store,
        connection_id: int,
        segments: dict[str, list[int]],
        now: float,
        everybody: bool,
    ) -> None:
        self.comparing = ComparisonSql(postgres=store.postgres, now=now)
        self.connection_id = connection_id
        self.segments = segments
        self.everybody = everybody and not store.postgres

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
        if isinstance(rule, SameSubscription):
            return self._subscription(self.written(rule.part, inside=True), rule.part)
        if isinstance(rule, In):
            return self._member(rule)
        if isinstance(rule, Has) and rule.field == "subscription":
            return self._subscription(Condition("true", ()), rule)
        field = FIELDS[rule.field]
        if field.owner == "person":
            return self._of_the_person(field, rule)
        one = self._of_a_subscription(field, rule)
        return one if inside else self._subscription(one, rule)

    def _subscription(self, one: Condition, rule: Filter) -> Condition:
        """True of people with a subscription of which ``one`` is true. ``rule`` is what it says."""
        if not self.everybody:
            return Condition(f"EXISTS (SELECT 1 {_HIS} AND {one.sql})", one.parameters)
        return Condition(
            f"p.stripe_id IN (SELECT s.customer {self._all(rule)} AND {one.sql})",
            (self.connection_id, *one.parameters),
        )

    def _all(self, rule: Filter) -> str:
        """All subscriptions, from the index where it has all that is asked; else SQLite would look
        up each one's row from there, which is far slower than to read the table."""
        fields = [FIELDS.get(leaf.field) for leaf in leaves(rule) if not isinstance(leaf, In)]
        dated = any(one and one.owner == "subscription" and one.kind == "date" for one in fields)
        plus = "+" if dated else ""
        return f"FROM subscription s WHERE {plus}s.connection_id = ? AND NOT s.deleted"

    def _item(self, one: Condition) -> Condition:
        """True of subscriptions ``s`` with an item ``i`` of which ``one`` is true."""
        if self.everybody:
            sql = f"s.id IN (SELECT i.subscription_id FROM subscription_item i WHERE {one.sql})"
        else:
            sql = (
                "EXISTS (SELECT 1 FROM subscription_item i"
                f" WHERE i.subscription_id = s.id AND {one.sql})"
            )
        return Condition(sql, one.parameters)

    def _object(self, table: str, column: str, one: Condition) -> Condition:
        """True of items whose product or price (``column`` has its id) is one of which ``one`` is
        true. ``table`` has its short name behind it."""
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
        """Of subscriptions; whoever has none is in no group of them."""
        operator, bound = whole(rule.operator, number(rule))
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
        """True of the subscription ``s``; what is asked of items holds for some item of it."""
        if field.owner == "subscription":
            return self._asked(field, f"s.{field.column}", rule)
        if field.owner == "price":
            one = self._asked(field, f"r.{field.column}", rule)
            return self._item(self._object("price r", "i.price", one))
        column = f"i.{field.column}"
        if field.kind == "named" and isinstance(rule, Term):
            return self._item(self._named(field, column, rule))
        return self._item(self._asked(field, column, rule))

    def _asked(self, field: FilterField, column: str, rule: Term | Has) -> Condition:
        return (
            has(field, column)
            if isinstance(rule, Has)
            else self.comparing.compared(field, column, rule)
        )

    def _named(self, field: FilterField, column: str, rule: Term) -> Condition:
        """By the name, or wholly by the id; a part of an id would find "prod" in every one."""
        table, name = _NAMES[field.name]
        by_name = self._object(table, column, self.comparing.text(name, rule))
        if rule.operator == "~":
            return by_name
        return Condition(
            f"(lower({column}) = ? OR {by_name.sql})", (folded(rule), *by_name.parameters)
        )
