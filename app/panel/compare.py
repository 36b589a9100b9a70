"""Two segments beside each other: who is in both, and who in one only."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.db.store import Store
from app.panel.chosen import CHUNK, Chosen, Found, find, row_ids
from app.panel.idset import IdSet
from app.panel.lists import Ids


@dataclass(frozen=True)
class Overlap:
    """Row ids of participants, each in their order."""

    both: Ids
    only_first: Ids
    only_second: Ids


def overlap(
    store: Store, first: Chosen, second: Chosen, step: Callable[[], None] = lambda: None
) -> Overlap:
    """Who is in both and who in one, of two lists of the same connection. Costs as much as reading
    both. ``step`` is called every few milliseconds, and ends the work by raising what it likes.
    Raises DatabaseProblem."""

    def steadily(chosen: Chosen) -> Found:
        return replace(find(store, chosen), step=step)

    mine, waiting = array("q"), IdSet()
    for chunk in row_ids(store, steadily(first)):
        mine.extend(chunk)
        waiting.add(chunk)
    both, only_second = array("q"), array("q")
    for chunk in row_ids(store, steadily(second)):
        only_second.extend(waiting.others(chunk))
        both.extend(waiting.take(chunk))
    return Overlap(both, array("q", waiting.take(mine)), only_second)


def difference(first: Ids, second: Ids) -> Overlap:
    """The same of two lists that are known."""
    waiting = IdSet()
    waiting.add(first)
    only_second = array("q", waiting.others(second))
    both = array("q", waiting.take(second))
    return Overlap(both, array("q", waiting.take(first)), only_second)


def with_email(store: Store, ids: Ids, step: Callable[[], None] = lambda: None) -> int:
    """How many of these people have an email; ``step`` as for :func:`overlap`."""
    number = 0
    for start in range(0, len(ids), CHUNK):
        step()
        (some,) = store.row(
            f"SELECT count(*) FROM participant p WHERE {store.among('p.id')} AND p.email <> ''",
            (store.values(ids[start : start + CHUNK]),),
        )
        number += some
    return number
