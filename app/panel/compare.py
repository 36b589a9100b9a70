"""Two segments beside each other: who is in both, and who in one only."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from app.db.store import Store
from app.panel.chosen import Chosen, find, row_ids
from app.panel.idset import IdSet
from app.panel.lists import Ids


@dataclass(frozen=True)
class Overlap:
    """Row ids of participants, each in their order."""

    both: Ids
    only_first: Ids
    only_second: Ids


def overlap(store: Store, first: Chosen, second: Chosen) -> Overlap:
    """Who is in both and who in one, of two lists of the same connection. Costs as much as reading
    both. Raises DatabaseProblem."""
    mine, waiting = array("q"), IdSet()
    for chunk in row_ids(store, find(store, first)):
        mine.extend(chunk)
        waiting.add(chunk)
    both, only_second = array("q"), array("q")
    for chunk in row_ids(store, find(store, second)):
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
