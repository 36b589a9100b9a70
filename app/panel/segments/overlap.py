"""Compares two segments: who is in both, and who is in only one."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from app.db.store import Store
from app.panel.lists.id_set import IdSet
from app.panel.lists.order import Ids
from app.panel.lists.selection import CHUNK, ResolvedSelection, Selection, find, row_ids


@dataclass(frozen=True)
class Overlap:
    """Row ids of participants, in the order of the compared lists."""

    both: Ids
    only_first: Ids
    only_second: Ids


def overlap(
    store: Store, first: Selection, second: Selection, step: Callable[[], None] = lambda: None
) -> Overlap:
    """Compare two lists of the same connection: who is in both, and who is in only one. This costs
    as much as reading both. ``step`` is called every few milliseconds and can raise any exception
    to stop the work. Raises DatabaseProblem."""

    def steadily(chosen: Selection) -> ResolvedSelection:
        return replace(find(store, chosen), step=step)

    mine, waiting = array("q"), IdSet()
    for chunk in row_ids(store, steadily(first)):
        mine.extend(chunk)
        waiting.add(chunk)
    both, only_second = array("q"), array("q")
    for chunk in row_ids(store, steadily(second)):
        only_second.extend(waiting.others(chunk))
        both.extend(waiting.take(chunk))
    return Overlap(both, _left_over(waiting, mine, step), only_second)


def difference(first: Ids, second: Ids, step: Callable[[], None] = lambda: None) -> Overlap:
    """The same for two lists of known row ids."""
    waiting = IdSet()
    waiting.add(first)
    both, only_second = array("q"), array("q")
    for some in _pieces(second, step):
        only_second.extend(waiting.others(some))
        both.extend(waiting.take(some))
    return Overlap(both, _left_over(waiting, first, step), only_second)


def _left_over(waiting: IdSet, ids: Ids, step: Callable[[], None]) -> Ids:
    found = array("q")
    for some in _pieces(ids, step):
        found.extend(waiting.take(some))
    return found


def _pieces(ids: Ids, step: Callable[[], None]) -> Iterator[Ids]:
    """Slices of an array. A list of a million numbers takes five times the memory of an array, and
    converting between them blocks every other thread."""
    for start in range(0, len(ids), CHUNK):
        step()
        yield ids[start : start + CHUNK]


def with_email(store: Store, ids: Ids, step: Callable[[], None] = lambda: None) -> int:
    """How many of these participants have an email. ``step`` is as for :func:`overlap`."""
    number = 0
    for some in _pieces(ids, step):
        (found,) = store.row(
            f"SELECT count(*) FROM participant p WHERE {store.among('p.id')} AND p.email <> ''",
            (store.values(some),),
        )
        number += found
    return number
