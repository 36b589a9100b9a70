"""When the participants were created at Stripe, counted by days while a first sync fetches them."""

from __future__ import annotations

from collections import Counter

from app.db import connections
from app.db.store import Store

DAY = 86_400
MOST = 10_000  # rows of one read, which keeps keys waiting for some 10 ms

Days = tuple[int, int]  # the first and the last one, as days since 1970


class CreationDays:
    """Counts participants by the day of their creation. Each row is read once."""

    def __init__(self, store: Store, connection_id: int) -> None:
        self._store, self._connection_id = store, connection_id
        self._counts: Counter[int] = Counter()
        self._last_id = 0

    def read(self) -> tuple[tuple[int, int], ...]:
        """Count those stored since the last read, and return every day with its number, the oldest
        first. Raises DatabaseProblem."""
        rows = self._store.rows(
            "SELECT id, created FROM participant WHERE id > ? AND connection_id = ?"
            f" ORDER BY id LIMIT {MOST}",
            (self._last_id, self._connection_id),
        )
        if rows:
            self._last_id = rows[-1][0]
            self._counts.update(created // DAY for _, created in rows if created)
        return tuple(sorted(self._counts.items()))

    def missing(self) -> tuple[Days, ...]:
        """The days whose participants were not all fetched yet. An end of 0 is the beginning of the
        account, whose day no one knows. Raises DatabaseProblem."""
        return tuple(
            ((one.low or 0) // DAY, (one.high if one.position is None else one.position) // DAY)
            for one in connections.windows(self._store, self._connection_id)
            if one.listing == "customers"
        )
