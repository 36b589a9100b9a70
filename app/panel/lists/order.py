"""Ordered participants: row ids for a list that scrolls through a million.

The first rows come at once, then all of them. An index (:mod:`app.db.indexes.order_indexes`) keeps
texts and times in order and is walked in steps of some milliseconds. One byte per participant marks
who is shown. A participant who changes during the walk may keep an old position, but no one is
listed twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from app.db.indexes import order_indexes
from app.db.store import Store
from app.panel.lists import order_by_rank, order_by_since
from app.panel.lists.id_set import IdSet
from app.panel.lists.selection import (
    CHUNK,
    MANY,
    ResolvedSelection,
    Selection,
    beginning,
    find,
    row_ids,
)

Ids: TypeAlias = "array[int]"  # row ids of participants, eight bytes each

ARRIVED = "arrived"
COLUMNS = (ARRIVED, "name", "email", "since", "created", "plan", "status")
FIRST = 200  # rows that a screen gets before the rest
FEW = 20_000  # participants that are sorted in one go
NEAR = 10_000  # participants checked one by one for the first rows


@dataclass(frozen=True)
class Order:
    """The column to order by, one of COLUMNS. ``arrived`` is the order in which participants came
    into the panel. Equal values are ordered by row id in the same direction. Blank ones come last
    in both directions."""

    column: str = ARRIVED
    descending: bool = True


@dataclass(frozen=True)
class ListPart:
    """The first rows of a list, or all of it (``complete``)."""

    ids: Ids
    complete: bool


def ordered(
    store: Store,
    chosen: Selection,
    order: Order,
    number: int = FIRST,
    step: Callable[[], None] = lambda: None,
) -> Iterator[ListPart]:
    """At most ``number`` first participants, then all of them. A short list comes only as all of
    them.

    ``step`` is called every few milliseconds and can raise any exception to stop the work. Raises
    DatabaseProblem.
    """
    found = replace(find(store, chosen), step=step)
    upwards = not order.descending
    if order.column == ARRIVED:
        yield from _arrived(store, found, number, upwards)
        return
    few: list[int] = next(row_ids(store, found, size=FEW + 1), [])
    if len(few) <= FEW:
        yield ListPart(array("q", _sorted(store, found, few, order)), True)
    elif order.column == "since":
        yield from _joined(store, found, number, order.descending)
    elif order.column in ("plan", "status"):
        yield _some(order_by_rank.first(store, found, order.column, order.descending, number))
        yield ListPart(_divided(store, found, order), True)
    else:
        walks = order.column in order_indexes.ready(store)
        if first := _first(store, found, order, number):
            yield _some(first)
        yield ListPart((_walked if walks else _all_sorted)(store, found, order), True)


def _some(ids: list[int]) -> ListPart:
    return ListPart(array("q", ids), False)


def whole(store: Store, chosen: Selection, order: Order | None = None) -> Ids:
    """All selected participants at once."""
    *_, last = ordered(store, chosen, order or Order())
    return last.ids


def place_of(ids: Ids, person: int, before: int = 0) -> int:
    """Where a cursor goes after its list was read again: to the same participant, or else as near
    as possible to its old position ``before``. 0 in an empty list."""
    near = max(0, before - 1_000)
    for start, stop in ((near, before + 1_000), (0, len(ids))):
        try:
            return ids.index(person, start, stop)
        except ValueError:
            continue
    return max(0, min(before, len(ids) - 1))


def _arrived(
    store: Store, found: ResolvedSelection, number: int, upwards: bool
) -> Iterator[ListPart]:
    if near := found.near:
        if first := beginning(store, found, near, NEAR, number, upwards=upwards):
            yield _some(first)
    else:
        first = next(row_ids(store, found, size=number, upwards=upwards), [])
        if len(first) < number:
            yield ListPart(array("q", first), True)
            return
        yield _some(first)
    size = MANY if found.chosen.conditions else CHUNK
    yield ListPart(_collected(row_ids(store, found, size=size, upwards=upwards)), True)


def _collected(chunks: Iterable[list[int]]) -> Ids:
    ids = array("q")
    for chunk in chunks:
        ids.extend(chunk)
    return ids


def _sorted(store: Store, found: ResolvedSelection, ids: list[int], order: Order) -> list[int]:
    """Sort a short list in one statement."""
    if order.column == "since":
        return order_by_since.sorted_by_since(store, found, ids, order.descending)
    if order.column in ("plan", "status"):
        every = order_by_rank.blocks(store, found, order.column)
        place = order_by_rank.ranked(store, ids, every)
        shown = order_by_rank.shown(every, order.descending)
        turn = {block: number for number, block in enumerate(shown)}
        sign = -1 if order.descending else 1
        return sorted(ids, key=lambda one: (turn[place[one]], sign * one))
    (gathered,) = store.row(
        f"SELECT {store.gathered('id')} FROM (SELECT p.id FROM participant p"
        f" WHERE {store.among('p.id')} ORDER BY {_by(store, order)}) x",
        (store.values(ids),),
    )
    return store.unpacked(gathered)


def _by(store: Store, order: Order) -> str:
    way, key = " DESC" if order.descending else "", order_indexes.key(store, order.column)
    if order.column != "created":  # a missing text and an empty one are both blank
        key = key.replace(f"p.{order.column}", f"nullif(p.{order.column}, '')")
    return f"{key} IS NULL, {key}{way}, p.id{way}"


def _first(store: Store, found: ResolvedSelection, order: Order, number: int) -> list[int]:
    """The first rows, by an index that stops early, or by reading everyone without one."""
    way = " DESC" if order.descending else ""
    key, more = order_indexes.key(store, order.column), found.narrowed
    sql = (
        "SELECT p.id FROM participant p WHERE p.connection_id = ? AND NOT p.deleted"
        f" AND {key} > ? AND EXISTS (SELECT 1 FROM member m WHERE m.participant_id = p.id"
        f" AND m.segment_id = ?){more.sql} ORDER BY {key}{way}, p.id{way} LIMIT ?"
    )
    given = (
        *(found.chosen.connection_id, order_indexes.floor(order.column), found.segment_id),
        *(*more.parameters, number),
    )
    return [one for (one,) in store.rows(sql, given)]


def _walked(store: Store, found: ResolvedSelection, order: Order) -> Ids:
    people, ids = IdSet(), array("q")
    for chunk in row_ids(store, found):
        people.add(chunk)
    for chunk in _walk(store, found.chosen.connection_id, order):
        found.step()
        ids.extend(people.take(chunk))
    for chunk in row_ids(store, found, upwards=not order.descending):
        ids.extend(people.take(chunk))  # blank values
    return ids


def _walk(store: Store, connection_id: int, order: Order) -> Iterator[list[int]]:
    """All non-blank participants of the connection, by an index."""
    key, floor = order_indexes.key(store, order.column), order_indexes.floor(order.column)
    way, last, on, sign = (
        (" DESC", "min", "<=", "<") if order.descending else ("", "max", ">=", ">")
    )
    above = f"{key} > ?"
    # Row values would be shorter, but SQLite does not seek by them in such an index, nor by the
    # second of two lower bounds.
    going_on = f"{key} {on} ? AND ({key} {sign} ? OR p.id {sign} ?)"
    where = above
    given: tuple[object, ...] = (floor,)
    while True:
        gathered, edge = store.row(
            f"SELECT {store.gathered('id')}, {last}(k) FROM (SELECT p.id, {key} AS k"
            f" FROM participant p WHERE p.connection_id = ? AND NOT p.deleted AND {where}"
            f" ORDER BY {key}{way}, p.id{way} LIMIT {CHUNK}) x",
            (connection_id, *given),
        )
        ids = store.unpacked(gathered)
        yield ids
        if len(ids) < CHUNK:
            return
        where, given = going_on, (edge, edge, ids[-1])
        if order.descending:
            where, given = f"{going_on} AND {above}", (*given, floor)


def _all_sorted(store: Store, found: ResolvedSelection, order: Order) -> Ids:
    """Sort without an index, in one statement that takes seconds."""
    more = found.narrowed
    (gathered,) = store.row(
        f"SELECT {store.gathered('id')} FROM (SELECT p.id FROM member m"
        " JOIN participant p ON p.id = m.participant_id"
        f" WHERE m.segment_id = ?{more.sql} ORDER BY {_by(store, order)}) x",
        (found.segment_id, *more.parameters),
    )
    return array("q", store.unpacked(gathered))


def _divided(store: Store, found: ResolvedSelection, order: Order) -> Ids:
    people = IdSet()
    for chunk in row_ids(store, found):
        people.add(chunk)
    every = order_by_rank.blocks(store, found, order.column)
    parts: list[Ids] = [array("q") for _ in every]
    for place, chunk in order_by_rank.divided(store, people, found, every):
        parts[place].extend(chunk)
    ids = array("q")
    for place in order_by_rank.shown(every, order.descending):
        ids.extend(reversed(parts[place]) if order.descending else parts[place])
    return ids


def _joined(
    store: Store, found: ResolvedSelection, number: int, descending: bool
) -> Iterator[ListPart]:
    ids, told = array("q"), False
    for chunk in _in_turn(store, found, descending):
        ids.extend(chunk)
        if not told and len(ids) >= number:
            told = True
            yield ListPart(ids[:number], False)
    yield ListPart(ids, True)


def _in_turn(store: Store, found: ResolvedSelection, descending: bool) -> Iterator[list[int]]:
    others = order_by_since.exceptions(store, found)
    elsewhere = IdSet()
    elsewhere.add(others.before)
    elsewhere.add(others.after)
    head, tail = others.before, others.after
    if descending:
        head, tail = tail[::-1], head[::-1]
    if found.chosen.conditions:
        people = IdSet()
        for chunk in row_ids(store, found):
            people.add(chunk)
        head, tail = people.take(head), people.take(tail)
    yield head
    for chunk in row_ids(store, found, upwards=not descending):
        yield elsewhere.others(chunk)
    yield tail
