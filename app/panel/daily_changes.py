"""How many subscriptions started and ended on each of the last days."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from app.db.store import Store

DAY = 86_400


@dataclass(frozen=True)
class DailyChanges:
    """One UTC day: its first second, and how many subscriptions started and ended on it."""

    at: int
    started: int
    ended: int


def daily_changes(store: Store, connection_id: int, days: int, now: int) -> list[DailyChanges]:
    """The last ``days`` days, the oldest first and today last. It reads every subscription, so a
    worker does it. Raises DatabaseProblem."""
    today = now // DAY
    counted: list[Counter[int]] = []
    for column in ("coalesce(start, created)", "ended_at"):
        rows = store.rows(
            f"SELECT {column} / {DAY}, count(*) FROM subscription WHERE connection_id = ?"
            f" AND NOT deleted AND {column} >= ? AND {column} < ? GROUP BY 1",
            (connection_id, (today - days + 1) * DAY, (today + 1) * DAY),
        )
        counted.append(Counter({int(day): number for day, number in rows}))
    started, ended = counted
    return [
        DailyChanges(day * DAY, started[day], ended[day])
        for day in range(today - days + 1, today + 1)
    ]
