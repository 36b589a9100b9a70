"""How each segment grew: its size in the last weeks, and who joined and left since a time.

Nothing is stored for it. The sync keeps since when each member is one, and each membership that
ended, and both are added up here. That reads every membership, so a worker does it: with 100,000
participants it takes half a second.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.db.store import Store
from app.panel.segments.timeline import begun

WEEK = 7 * 86_400
WEEKS = 8  # points of a trend
STRIDE = 5_000  # participants whose memberships one statement counts, some 20 ms


@dataclass(frozen=True)
class Trend:
    """One segment. ``sizes``: the number of members at the end of each of the last weeks, the
    oldest first, None before the first sync. ``joined`` and ``left`` count participants since a
    time: who left and came back did neither."""

    sizes: tuple[int | None, ...]
    joined: int
    left: int


@dataclass(frozen=True)
class Joins:
    """When the current members of a segment joined: times, and how many had joined until each."""

    times: Sequence[int]
    until: Sequence[int]

    def before(self, at: int) -> int:
        """How many of the current members had joined at a time."""
        place = bisect_right(self.times, at)
        return self.until[place - 1] if place else 0

    @property
    def all(self) -> int:
        """The number of current members."""
        return self.until[-1] if self.until else 0


def read_joins(
    store: Store, connection_id: int, step: Callable[[], None] = lambda: None
) -> dict[str, Joins]:
    """When the current members of every segment joined, by the segment's key. ``step`` is called
    every few milliseconds and can raise any exception to stop the work. Raises DatabaseProblem."""
    keys: dict[int, str] = dict(
        store.rows("SELECT id, key FROM segment WHERE connection_id = ?", (connection_id,))
    )
    (connected_at,) = store.row(
        "SELECT connected_at FROM connection WHERE id = ?", (connection_id,)
    )
    found: dict[int, Counter[int]] = {segment: Counter() for segment in keys}
    first, last = store.row(
        "SELECT min(id), max(id) FROM participant WHERE connection_id = ?", (connection_id,)
    )
    sql = (
        "SELECT x.segment_id, coalesce(j.at, ?), x.number FROM (SELECT m.segment_id, m.cause,"
        " count(*) AS number FROM member m WHERE m.participant_id >= ? AND m.participant_id < ?"
        " GROUP BY m.segment_id, m.cause) x LEFT JOIN cause j ON j.id = x.cause"
    )
    for begin in range(first, last + 1, STRIDE) if last else ():
        step()
        for segment, at, number in store.rows(sql, (connected_at, begin, begin + STRIDE)):
            if segment in found:
                found[segment][at] += number
    _correct(store, connection_id, connected_at, found)
    return {keys[segment]: _joins(times) for segment, times in found.items()}


def _correct(
    store: Store, connection_id: int, connected_at: int, found: Mapping[int, Counter[int]]
) -> None:
    """No membership began before the end of the participant's last one (app.db.history.since)."""
    for segment, at, until in store.rows(
        "SELECT m.segment_id, coalesce(j.at, ?), max(b.until) FROM past_member b"
        # CROSS: SQLite would otherwise begin with every member.
        " CROSS JOIN segment g CROSS JOIN member m LEFT JOIN cause j ON j.id = m.cause"
        " WHERE g.connection_id = ? AND g.key = b.segment_key AND m.segment_id = g.id"
        " AND m.participant_id = b.participant_id"
        " GROUP BY m.participant_id, m.segment_id, j.at"
        " HAVING max(b.until) > coalesce(j.at, ?)",
        (connected_at, connection_id, connected_at),
    ):
        found[segment][at] -= 1
        found[segment][until] += 1


def _joins(times: Counter[int]) -> Joins:
    order = sorted(at for at, number in times.items() if number)
    return Joins(order, list(accumulate(times[at] for at in order)))


def trends(
    store: Store, connection_id: int, joins: Mapping[str, Joins], since: int, now: int
) -> dict[str, Trend]:
    """The trend of every segment in ``joins``, with who joined and left since a time, or since the
    first sync if that is later. Empty before the first sync. Raises DatabaseProblem."""
    first = begun(store, connection_id)
    if first is None:
        return {}
    since = max(since, first)
    points = [now - WEEK * back for back in range(WEEKS - 1, -1, -1)]
    gone = _gone(store, connection_id, points)
    absent, back = _left(store, connection_id, since), _came_back(store, connection_id, since)
    return {
        key: Trend(
            tuple(
                None if at < first else one.before(at) + gone[key][place]
                for place, at in enumerate(points)
            ),
            one.all - one.before(since) - back[key],
            absent[key] - back[key],
        )
        for key, one in joins.items()
    }


_PAST = (
    "FROM past_member b CROSS JOIN participant p"
    " WHERE p.id = b.participant_id AND p.connection_id = ?"
)


def _gone(
    store: Store, connection_id: int, points: Sequence[int]
) -> defaultdict[str, tuple[int, ...]]:
    """How many past memberships each segment had at these times."""
    counted = ", ".join(
        ["sum(CASE WHEN b.since <= ? AND b.until > ? THEN 1 ELSE 0 END)"] * len(points)
    )
    twice = [at for at in points for _ in range(2)]
    rows = store.rows(
        f"SELECT b.segment_key, {counted} {_PAST} GROUP BY 1", (*twice, connection_id)
    )
    found: defaultdict[str, tuple[int, ...]] = defaultdict(lambda: (0,) * len(points))
    found.update({key: tuple(map(int, numbers)) for key, *numbers in rows})
    return found


def _left(store: Store, connection_id: int, since: int) -> Counter[str]:
    """How many participants were in each segment at a time, and left it at least once since."""
    return Counter(
        dict(
            store.rows(
                f"SELECT b.segment_key, count(DISTINCT b.participant_id) {_PAST}"
                " AND b.since <= ? AND b.until > ? GROUP BY 1",
                (connection_id, since, since),
            )
        )
    )


def _came_back(store: Store, connection_id: int, since: int) -> Counter[str]:
    """How many of :func:`_left` are members again."""
    return Counter(
        dict(
            store.rows(
                "SELECT b.segment_key, count(DISTINCT b.participant_id) FROM past_member b"
                " CROSS JOIN segment g CROSS JOIN member m WHERE b.since <= ? AND b.until > ?"
                " AND g.connection_id = ? AND g.key = b.segment_key AND m.segment_id = g.id"
                " AND m.participant_id = b.participant_id GROUP BY 1",
                (since, since, connection_id),
            )
        )
    )
