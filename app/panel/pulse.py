"""What is interesting about an account after its first sync: changes by day, who moved between
segments, and what became of invites."""

from __future__ import annotations

from dataclasses import dataclass

from app.db.store import Store
from app.panel.daily_changes import DAY, DailyChanges, daily_changes
from app.panel.segments.exchanges import Exchange, exchanges

DAYS = 90
WEEK = 7 * DAY
AWAITING = ("sent", "handed_over")  # app.invites.states


@dataclass(frozen=True)
class Pulse:
    """``days``: subscriptions started and ended, today last. ``moved`` and ``new_customers`` are of
    the last seven days. ``awaiting`` and ``completed`` are invites, ``lately`` those that were
    completed in the last seven days."""

    days: tuple[DailyChanges, ...] = ()
    moved: tuple[Exchange, ...] = ()
    new_customers: int = 0
    awaiting: int = 0
    completed: int = 0
    lately: int = 0


def pulse(store: Store, connection_id: int, now: int) -> Pulse:
    """Read all of it. It reads every subscription, so a worker does it. Raises DatabaseProblem."""
    since = now - WEEK
    (new,) = store.row(
        "SELECT count(*) FROM participant WHERE connection_id = ? AND NOT deleted AND created > ?",
        (connection_id, since),
    )
    awaiting, completed, lately = store.row(
        "SELECT coalesce(sum(CASE WHEN state IN (?, ?) THEN 1 ELSE 0 END), 0),"
        " coalesce(sum(CASE WHEN state = 'completed' THEN 1 ELSE 0 END), 0),"
        " coalesce(sum(CASE WHEN state = 'completed' AND ended_at > ? THEN 1 ELSE 0 END), 0)"
        " FROM invite WHERE connection_id = ?",
        (*AWAITING, since, connection_id),
    )
    return Pulse(
        tuple(daily_changes(store, connection_id, DAYS, now)),
        tuple(exchanges(store, connection_id, since)),
        new, int(awaiting), int(completed), int(lately),
    )  # fmt: skip
