"""The history of segments: who was in one at a given time, who joined and left since, and its size.

Nothing is known from before the first sync. :func:`begun` returns when that was.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.db import history
from app.db.store import Store
from app.panel.lists.order import Ids
from app.panel.lists.selection import CHUNK, Selection, find, row_ids
from app.panel.segments.memberships import Reason
from app.panel.segments.overlap import difference

DAY = 86_400
SOME = 500  # participants per query

NOW = (
    "FROM member m JOIN segment g ON g.id = m.segment_id"
    " JOIN connection k ON k.id = g.connection_id LEFT JOIN cause j ON j.id = m.cause"
)
# CROSS: SQLite would otherwise begin with every participant of the connection.
PAST = (
    "FROM past_member b CROSS JOIN participant p"
    " WHERE p.id = b.participant_id AND p.connection_id = ? AND b.segment_key = ?"
)


@dataclass(frozen=True)
class Changes:
    """Row ids of participants, each list in order: who joined between a given time and now, who
    left, and who was a member at both."""

    joined: Ids
    left: Ids
    stayed: Ids


@dataclass(frozen=True)
class Move:
    """When a participant (a row id) joined or left, in seconds since 1970 on Stripe's clock, and
    why."""

    id: int
    at: int
    by: Reason


def begun(store: Store, connection_id: int) -> int | None:
    """When the first sync began, or None if there was none. Nothing is known from before it."""
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
    """The row ids, in order, of everyone who was in the segment with this key at ``at`` (seconds
    since 1970), even if they or the segment are gone now. ``step`` is called now and then and can
    raise any exception to stop the work."""
    gone = store.rows(
        f"SELECT DISTINCT b.participant_id {PAST} AND b.since <= ? AND b.until > ? ORDER BY 1",
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
    """Current members who were members at ``at`` and have not left since, in chunks, each with the
    last row id that was read."""
    segment, last = find(store, Selection(connection_id, key)).segment_id, -1
    sql = (
        f"SELECT {store.gathered('id')}, max(last) FROM ("
        "SELECT CASE WHEN since <= ? THEN id END AS id, id AS last FROM ("
        f"SELECT m.participant_id AS id, {history.since(store)} AS since {NOW}"
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
    """The changes of a segment between ``since`` and now. A participant who left and came back
    counts as stayed. ``step`` is as for :func:`members_on`."""
    then = members_on(store, connection_id, key, since, step)
    now = array("q")
    for chunk in row_ids(store, replace(find(store, Selection(connection_id, key)), step=step)):
        now.extend(chunk)
    found = difference(now, then, step)
    return Changes(found.only_first, found.only_second, found.both)


def joined(store: Store, connection_id: int, key: str, ids: Sequence[int]) -> list[Move]:
    """When and why each of these members joined, in the order of ``ids``. Takes a few hundred at a
    time."""
    rows = store.rows(
        f"SELECT m.participant_id, {history.since(store)}, j.event, j.type {NOW}"
        " WHERE g.connection_id = ? AND g.key = ? AND m.segment_id = g.id"
        f" AND {store.among('m.participant_id')}",
        (connection_id, key, store.values(ids)),
    )
    return _moves(ids, rows)


def left(store: Store, connection_id: int, key: str, ids: Sequence[int]) -> list[Move]:
    """When and why each of these participants last left, like :func:`joined`."""
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
    """These participants by when they joined or left (``told``: :func:`joined` or :func:`left`),
    latest first. ``step`` is as for :func:`members_on`."""
    moves: list[tuple[int, int]] = []
    for start in range(0, len(ids), SOME):
        step()
        some = told(store, connection_id, key, ids[start : start + SOME])
        moves += [(one.at, one.id) for one in some]
    return array("q", [one for _, one in sorted(moves, reverse=True)])


def places_on(
    store: Store, connection_id: int, key: str, ids: Sequence[int], at: int
) -> dict[int, tuple[int, int | None]]:
    """The start and end (None: still a member) of these participants' memberships at ``at``. Takes
    a few hundred at a time."""
    packed = store.values(ids)
    found: dict[int, tuple[int, int | None]] = {
        person: (since, None)
        for person, since in store.rows(
            f"SELECT m.participant_id, {history.since(store)} {NOW} WHERE g.connection_id = ?"
            f" AND g.key = ? AND m.segment_id = g.id AND {store.among('m.participant_id')}",
            (connection_id, key, packed),
        )
        if since <= at
    }
    for person, since, until in store.rows(
        f"SELECT b.participant_id, b.since, b.until {PAST} AND b.since <= ? AND b.until > ?"
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
