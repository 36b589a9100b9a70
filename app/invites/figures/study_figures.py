"""The figures of studies: how many were invited, what became of them, and after how long."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from app.db.store import Store
from app.invites.rules import DAY
from app.invites.sending import reminders
from app.invites.states import RESPONDED, written_to

LATEST = 8  # replies that are named


@dataclass(frozen=True)
class StudyCounts:
    """Invites of a study by state: those that reached their participants, and the ``others``, which
    are not sent yet, or did not arrive."""

    reached: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def invited(self) -> int:
        """How many were written to."""
        return sum(self.reached.values())

    def of(self, *states: str) -> int:
        """How many of those who were written to are in one of these states."""
        return sum(self.reached.get(state, 0) for state in states)


@dataclass(frozen=True)
class Reply:
    """One reply. ``days``: since the invite. ``name`` and ``stripe_id`` as in Stripe."""

    stripe_id: str
    name: str | None
    state: str
    at: int
    days: float


@dataclass(frozen=True)
class StudyFigures:
    """``first_at``: when the first invite was sent. ``days``: the median number of days from an
    invite until it was started or completed, by state. ``per_day``: replies on each day from the
    first invite until today. ``latest``: the newest replies. ``due``: how many a reminder would go
    to."""

    first_at: int | None
    days: Mapping[str, float]
    per_day: tuple[int, ...]
    latest: tuple[Reply, ...]
    due: int


def counts(store: Store, connection_id: int) -> dict[int, StudyCounts]:
    """The counts of all studies of an account, by study. Raises DatabaseProblem."""
    found: dict[int, StudyCounts] = {}
    rows = store.rows(
        f"SELECT study_id, state, CASE WHEN {written_to()} THEN 1 ELSE 0 END, count(*)"
        " FROM invite WHERE connection_id = ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (connection_id,),
    )
    for study, state, reached, number in rows:
        one = found.setdefault(study, StudyCounts({}, {}))
        one_of = dict(one.reached if reached else one.others) | {state: int(number)}
        found[study] = (
            StudyCounts(one_of, one.others) if reached else StudyCounts(one.reached, one_of)
        )
    return found


def figures(store: Store, study_id: int, now: float | None = None) -> StudyFigures:
    """The figures of one study. Raises DatabaseProblem."""
    now = time.time() if now is None else now
    (first,) = store.row(
        f"SELECT min(sent_at) FROM invite WHERE study_id = ? AND {written_to()}", (study_id,)
    )
    rows = store.rows(
        "SELECT i.id, i.state, i.sent_at, i.ended_at, (SELECT min(l.at) FROM ledger l"
        " WHERE l.invite = i.id AND l.what = 'invite' AND l.after = 'started') FROM invite i"
        f" WHERE i.study_id = ? AND i.sent_at IS NOT NULL AND {store.among('i.state')}",
        (study_id, store.values(list(RESPONDED))),
    )
    started, completed, replies = list[float](), list[float](), list[tuple[int, int, str, float]]()
    for key, state, sent, ended, began in rows:
        at = began if state == "started" else ended
        if began is not None:
            started.append((began - sent) / DAY)
        if state == "completed" and ended is not None:
            completed.append((ended - sent) / DAY)
        if at is not None:
            replies.append((at, key, state, (at - sent) / DAY))
    replies.sort(reverse=True)
    halves = {"started": started, "completed": completed}
    return StudyFigures(
        first_at=first,
        days={state: max(0.0, median(some)) for state, some in halves.items() if some},
        per_day=_per_day([at for at, *_ in replies], first, now),
        latest=_named(store, replies[:LATEST]),
        due=reminders.waiting(store, study_id),
    )


def _per_day(times: Sequence[int], first: int | None, now: float) -> tuple[int, ...]:
    """How many of these moments are on each day of this computer's clock."""
    if first is None:
        return ()
    offset = time.localtime(now).tm_gmtoff
    begin, end = (int(first) + offset) // DAY, (int(now) + offset) // DAY
    days = [0] * max(1, end - begin + 1)
    for at in times:
        days[min(max(0, (at + offset) // DAY - begin), len(days) - 1)] += 1
    return tuple(days)


def _named(store: Store, replies: Sequence[tuple[int, int, str, float]]) -> tuple[Reply, ...]:
    rows = store.rows(
        "SELECT i.id, p.stripe_id, p.name FROM invite i JOIN participant p"
        f" ON p.id = i.participant_id WHERE {store.among('i.id')}",
        (store.values([key for _, key, _, _ in replies]),),
    )
    known = {key: (stripe_id, name) for key, stripe_id, name in rows}
    return tuple(
        Reply(*known[key], state, at, days) for at, key, state, days in replies if key in known
    )
