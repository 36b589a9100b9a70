"""Where a participant stands, in one or two short sentences: since when and why they are in the
segment that is shown, and what else they are in."""

from __future__ import annotations

from app.db.segment_rules import BUILTIN
from app.db.store import Store
from app.panel.labels import day
from app.panel.person import segment_names
from app.panel.segments.memberships import Membership, places_of
from app.panel.segments.move_words import SegmentMove, move_reasons
from app.panel.segments.why import deciding_fact
from app.text import plain

NAME = 30  # characters of a segment's name
OTHERS = 4  # segments that are named


def standing(store: Store, row_id: int, key: str, now: float | None = None) -> tuple[str, str]:
    """Why the participant with this row id is in the segment ``key``, without their name, and what
    else they are in. Either is "" if there is nothing to say. ``now`` is as for ``why``. Raises
    DatabaseProblem, and LookupError if the participant does not exist."""
    rows = store.rows("SELECT connection_id FROM participant WHERE id = ?", (row_id,))
    if not rows:
        raise LookupError(row_id)
    here = rows[0][0]
    had = [one for one in places_of(store, [row_id]).get(row_id, []) if one.until is None]
    names = segment_names(store, here, [key, *(one.segment for one in had)])
    mine = next((one for one in had if one.segment == key), None)
    name = plain(names[key], NAME)
    if mine is None:
        first = f"is not in {name}: {deciding_fact(store, row_id, key, now)}."
    else:
        first = _in(store, here, row_id, mine, name, now)
    others = sorted((one for one in had if one.segment not in (key, "all")), key=_rank)
    also = [
        f"{plain(names[one.segment], NAME)} since {day(one.since, now)}" for one in others[:OTHERS]
    ]
    more = len(others) - len(also)
    if more:
        also.append(f"{more} more")
    return first, f"Also in {', '.join(also)}." if also else ""


def _rank(one: Membership) -> tuple[int, str]:
    """What a person looks for first: the status, then products, then custom segments."""
    order = list(BUILTIN)
    if one.segment in BUILTIN:
        return order.index(one.segment), ""
    return len(order) + (not one.segment.startswith("product:")), one.segment


def _in(
    store: Store, here: int, row_id: int, place: Membership, name: str, now: float | None
) -> str:
    if place.joined_by.event is None:
        return f"is in {name}: {deciding_fact(store, row_id, place.segment, now)}."
    (why,) = move_reasons(store, here, [SegmentMove(row_id, place.segment, place.since, True)])
    return f"has been in {name} since {day(place.since, now)}: {why.words}."
