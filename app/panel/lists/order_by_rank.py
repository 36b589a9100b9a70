"""Orders participants by plan and by status, which both follow from their segments.

A participant's status is the first ranked built-in segment they are in. Their plan is the first
product, by name, in a live subscription. Participants therefore come in blocks: one for each
segment and one for those in none of them, each in row id order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.db.segment_rules import BUILTIN
from app.db.store import Store
from app.panel.lists.id_set import IdSet
from app.panel.lists.selection import Condition, ResolvedSelection, Selection, row_ids
from app.panel.segments.views import segments

_RANKED = sorted((one for one in BUILTIN.values() if one.rank), key=lambda one: one.rank)
# Between them come participants whose subscriptions are unpaid, paused or never began.
BEFORE = tuple(one.key for one in _RANKED if one.rank < 0)
AFTER = tuple(one.key for one in _RANKED if one.rank > 0)

Block = int | None  # a segment's row id, None for everyone in none of them


def blocks(store: Store, found: ResolvedSelection, column: str) -> list[Block]:
    """The blocks in ascending order, without those that none of these participants can be in.
    ``column`` is plan or status."""
    key = found.chosen.key
    builtin = BUILTIN.get(key)
    none_live = builtin is not None and builtin.rules_out_live
    if none_live and column == "plan":
        return [None]
    if key in AFTER:
        return [found.segment_id, None]
    connection_id = found.chosen.connection_id
    ids: dict[str, int] = dict(
        store.rows("SELECT key, id FROM segment WHERE connection_id = ?", (connection_id,))
    )
    if column == "plan":
        views = segments(store, connection_id)
        return [*(ids[one.key] for one in views if one.kind == "product" and one.key in ids), None]
    live = key in BEFORE or key.startswith("product:")
    before: list[Block] = [ids[one] for one in BEFORE if one in ids and not none_live]
    return [*before, None, *(ids[one] for one in AFTER if one in ids and not live)]


def shown(found: Sequence[Block], descending: bool) -> list[int]:
    """The positions of the blocks in display order. Participants without a plan come last in both
    directions."""
    places = list(range(len(found)))
    if not descending:
        return places
    return [*reversed(places[:-1]), places[-1]] if found[-1] is None else places[::-1]


def first(
    store: Store, found: ResolvedSelection, column: str, descending: bool, number: int
) -> list[int]:
    """The first ``number`` of these participants in this order, without reading all of them."""
    every = blocks(store, found, column)
    people: list[int] = []
    for place in shown(every, descending):
        if len(people) >= number:
            break
        source = _block(found, every, place)
        order = " DESC" if descending else ""
        people += (
            one
            for (one,) in store.rows(
                f"SELECT m.participant_id {source.sql} ORDER BY m.participant_id{order} LIMIT ?",
                (*source.parameters, number - len(people)),
            )
        )
    return people


def _block(found: ResolvedSelection, every: Sequence[Block], place: int) -> Condition:
    """SQL from FROM on: the members in one block and in no earlier one."""
    block, earlier = every[place], every[:place]
    other = [one for one in (every if block is None else earlier) if one is not None]
    elsewhere = (
        " AND NOT EXISTS (SELECT 1 FROM member e WHERE e.participant_id = m.participant_id"
        f" AND e.segment_id IN ({', '.join(map(str, other))}))"
        if other
        else ""
    )
    source = found.source()
    if block is None or block == found.segment_id:
        return Condition(source.sql + elsewhere, source.parameters)
    within = (
        f"m.segment_id = {block:d} AND EXISTS (SELECT 1 FROM member w"
        " WHERE w.participant_id = m.participant_id AND w.segment_id = ?)"
    )
    source = found.source(within)
    return Condition(source.sql + elsewhere, source.parameters)


def ranked(store: Store, ids: Sequence[int], every: Sequence[Block]) -> dict[int, int]:
    """The position of each participant's block, for few participants."""
    rest = every.index(None)
    places = {block: place for place, block in enumerate(every)}
    rank = dict.fromkeys(ids, len(every))
    for person, segment in store.rows(
        f"SELECT participant_id, segment_id FROM member WHERE {store.among('participant_id')}",
        (store.values(ids),),
    ):
        rank[person] = min(rank[person], places.get(segment, len(every)))
    return {one: place if place < len(every) else rest for one, place in rank.items()}


def divided(
    store: Store, people: IdSet, found: ResolvedSelection, every: Sequence[Block]
) -> Iterator[tuple[int, list[int]]]:
    """All of ``people``, the selected participants, as (block position, row ids in ascending
    order)."""
    for place, block in enumerate(every):
        if block is None:
            continue
        of_block = ResolvedSelection(Selection(found.chosen.connection_id), block, 0, found.step)
        for ids in row_ids(store, of_block):
            yield place, people.take(ids)
    for ids in row_ids(store, found):
        yield every.index(None), people.take(ids)
