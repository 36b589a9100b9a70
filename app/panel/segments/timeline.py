"""Segments as they were: who was in one at a moment, who came and went since, and how large it was.

Nothing is known of before the first sync; :func:`begun` says when that was.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.db import history
from app.db.store import Store
from app.panel.lists.order import Ids
from app.panel.lists.selection import CHUNK, Selection, find, row_ids
from app.panel.segments.memberships import Reason
from app.panel.segments.overlap import difference

DAY = 86_400
SOME = 500  # people who are asked about at a time

_NOW = (
    "FROM member m JOIN segment g ON g.id = m.segment_id"
    " JOIN connection k ON k.id = g.connection_id LEFT JOIN cause j ON j.id = m.cause"
)
# CROSS: SQLite would rather begin with everybody of the connection.
_PAST = (
    "FROM past_member b CROSS JOIN participant p"
    " WHERE p.id = b.participant_id AND p.connection_id = ? AND b.segment_key = ?"
)


@dataclass(frozen=True)
class Changes:
    """Row ids of participants, each in their order: who came between a moment and now, who went,
    and who was there at both."""

    joined: Ids
    left: Ids
    stayed: Ids


@dataclass(frozen=True)
class Move:
    """When somebody (a row id) came or went, in seconds since 1970 on Stripe's clock, and why."""

    id: int
    at: int
    by: Reason


@dataclass(frozen=True)
class Point:
    """How many members a segment had just before the moment ``at``."""

    at: int
    size: int


def begun(store: Store, connection_id: int) -> int | None:
    """When the first sync began, before which nothing is known; None when there was none yet."""
    rows = store.rows(
        "SELECT coalesce((SELECT min(at) FROM cause WHERE connection_id = ?"
        " AND generation IS NOT NULL), connected_at) FROM connection WHERE id = ?"
        " AND generation > 0",
        (connection_id, connection_id),
    )
    return int(rows[0][0]) if rows else None


def members_on(
    store: Store, connection_id: int, key: str, at: int, step: Callable[[], None] = lambda: None
) -> Ids:
    """The row ids of everybody who was in the segment of this key at a moment (seconds since
    1970), in their order; whether or not they, or the segment, are still there. ``step`` is
    called now and then, and ends the work by raising what it likes."""
    gone = store.rows(
        f"SELECT DISTINCT b.participant_id {_PAST} AND b.since <= ? AND b.until > ? ORDER BY 1",
        (connection_id, key, at, at),
    )
    gone_ids, ids, place = [one for (one,) in gone], array("q"), 0
    for some, last in _still_there(store, connection_id, key, at, step):
        end = bisect_right(gone_ids, last, place)
        ids.extend(sorted({*some, *gone_ids[place:end]}) if end > place else some)
        place = end
    ids.extend(gone_ids[place:])
    return ids


def _still_there(
    store: Store, connection_id: int, key: str, at: int, step: Callable[[], None]
) -> Iterator[tuple[list[int], int]]:
    """Members of today who were members then, and never went between; some at a time, with the
    last row id that was looked at."""
    segment, last = find(store, Selection(connection_id, key)).segment_id, -1
    sql = (
        f"SELECT {store.gathered('id')}, max(last) FROM ("
        "SELECT CASE WHEN since <= ? THEN id END AS id, id AS last FROM ("
        f"SELECT m.participant_id AS id, {history.since(store)} AS since {_NOW}"
        " WHERE m.segment_id = ? AND m.participant_id > ? ORDER BY m.participant_id LIMIT ?) x) y"
    )
    while True:
        step()
        gathered, last = store.row(sql, (at, segment, last, CHUNK))
        if last is None:
            return
        yield [one for one in store.unpacked(gathered) if one is not None], last


def changes(
    store: Store, connection_id: int, key: str, since: int, step: Callable[[], None] = lambda: None
) -> Changes:
    """What became of a segment between a moment and now. Who went and came back stayed.
    ``step`` as for :func:`members_on`."""
    then = members_on(store, connection_id, key, since, step)
    now = array("q")
    for chunk in row_ids(store, replace(find(store, Selection(connection_id, key)), step=step)):
        now.extend(chunk)
    found = difference(now, then, step)
    return Changes(found.only_first, found.only_second, found.both)


def joined(store: Store, connection_id: int, key: str, ids: Sequence[int]) -> list[Move]:
    """When and why each of these members came, in the order of ``ids``; a few hundred at a time."""
    rows = store.rows(
        f"SELECT m.participant_id, {history.since(store)}, j.event, j.type {_NOW}"
        " WHERE g.connection_id = ? AND g.key = ? AND m.segment_id = g.id"
        f" AND {store.among('m.participant_id')}",
        (connection_id, key, store.values(ids)),
    )
    return _moves(ids, rows)


def left(store: Store, connection_id: int, key: str, ids: Sequence[int]) -> list[Move]:
    """When and why each of these people went for the last time; as :func:`joined`."""
    rows = store.rows(
        "SELECT b.participant_id, b.until, l.event, l.type FROM past_member b"
        " CROSS JOIN participant p LEFT JOIN cause l ON l.id = b.left_by"
        f" WHERE p.id = b.participant_id AND p.connection_id = ? AND b.segment_key = ?"
        f" AND {store.among('b.participant_id')}"
        " ORDER BY b.until, b.id",
        (connection_id, key, store.values(ids)),
    )
    return _moves(ids, rows)


def latest_first(
    store: Store,
    connection_id: int,
    key: str,
    ids: Ids,
    told: Callable[[Store, int, str, Sequence[int]], list[Move]],
    step: Callable[[], None] = lambda: None,
) -> Ids:
    """These people by when they came or went (``told``: :func:`joined` or :func:`left`), the
    latest first. ``step`` as for :func:`members_on`."""
    moves: list[tuple[int, int]] = []
    for start in range(0, len(ids), SOME):
        step()
        some = told(store, connection_id, key, ids[start : start + SOME])
        moves += [(one.at, one.id) for one in some]
    return array("q", [one for _, one in sorted(moves, reverse=True)])


def places_on(
    store: Store, connection_id: int, key: str, ids: Sequence[int], at: int
) -> dict[int, tuple[int, int | None]]:
    """From when until when (None: still) these people were in the segment at a moment; a few
    hundred at a time."""
    packed = store.values(ids)
    found: dict[int, tuple[int, int | None]] = {
        person: (since, None)
        for person, since in store.rows(
            f"SELECT m.participant_id, {history.since(store)} {_NOW} WHERE g.connection_id = ?"
            f" AND g.key = ? AND m.segment_id = g.id AND {store.among('m.participant_id')}",
            (connection_id, key, packed),
        )
        if since <= at
    }
    for person, since, until in store.rows(
        f"SELECT b.participant_id, b.since, b.until {_PAST} AND b.since <= ? AND b.until > ?"
        f" AND {store.among('b.participant_id')}",
        (connection_id, key, at, at, packed),
    ):
        found[person] = (since, until)
    return found


def _moves(ids: Sequence[int], rows: Sequence[tuple[object, ...]]) -> list[Move]:
    found: dict[object, Move] = {}
    for key, at, event, kind in rows:
        found[key] = Move(key, at, Reason(event, kind))  # type: ignore[arg-type]
    return [found[one] for one in ids if one in found]


def sizes(
    store: Store,
    connection_id: int,
    key: str,
    *,
    day: int = DAY,
    now: float | None = None,
    step: Callable[[], None] = lambda: None,
) -> list[Point]:
    """How large a segment was at the end of each ``day`` of so many seconds (UTC's), from its
    first member on to the one that ``now`` lies in. ``step`` as for :func:`members_on`."""
    deltas: defaultdict[int, int] = defaultdict(int)
    gone = store.rows(
        f"SELECT place, sum(delta) FROM (SELECT b.since / ? AS place, 1 AS delta {_PAST}"
        f" UNION ALL SELECT b.until / ?, -1 {_PAST}) x GROUP BY 1",
        (day, connection_id, key, day, connection_id, key),
    )
    for place, number in (*_arrivals(store, connection_id, key, day, step), *gone):
        deltas[place] += int(number)
    points, size = [], 0
    if deltas:
        end = max(int(time.time() if now is None else now) // day, max(deltas))
        for place in range(min(deltas), end + 1):
            size += deltas.get(place, 0)
            points.append(Point((place + 1) * day, size))
    return points


def _arrivals(
    store: Store, connection_id: int, key: str, day: int, step: Callable[[], None]
) -> Iterator[tuple[int, int]]:
    """On which days today's members came, and how many; a day may come again. Some are read at a
    time: SQLite would sort all of them in memory."""
    segment, last = find(store, Selection(connection_id, key)).segment_id, -1
    sql = (
        "SELECT since / ?, count(*), max(id) FROM ("
        f"SELECT m.participant_id AS id, {history.since(store)} AS since {_NOW}"
        " WHERE m.segment_id = ? AND m.participant_id > ? ORDER BY m.participant_id LIMIT ?) x"
        " GROUP BY 1"
    )
    while True:
        step()
        rows = store.rows(sql, (day, segment, last, CHUNK))
        if not rows:
            return
        last = max(one for _, _, one in rows)
        yield from ((place, number) for place, number, _ in rows)
