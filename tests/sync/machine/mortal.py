"""A process that can die at any request or statement, and what it then leaves behind.

A process that is dead does nothing more: whatever still runs to tidy up after itself is refused
the database and the network. Of its transactions only those stay that were committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from app.db.engines.store_factory import open_store
from app.db.store import Row, Store
from app.settings import Settings


class Crash(SystemExit):
    """The process ends here. An event loop lets it through at once, as it does an exit."""


class Dead(Exception):
    """The process has ended already."""


class Life:
    """How long a process lives, by what it does."""

    def __init__(self) -> None:
        self.dead = False
        self.requests = self.statements = self.commits = 0
        self._fatal: tuple[str, int] | None = None
        self.committed: Row = ()

    def begin(self, fatal: tuple[str, int] | None) -> None:
        """A new process, that dies at its n-th "request", "statement" or "commit"."""
        self.dead, self._fatal = False, fatal
        self.requests = self.statements = self.commits = 0

    def request(self) -> int:
        """One more request; which number it has."""
        self.requests += 1
        self._live_on("request", self.requests)
        return self.requests

    def statement(self) -> None:
        """One more statement."""
        self.statements += 1
        self._live_on("statement", self.statements)

    def commit(self) -> None:
        """One more transaction that is permanent."""
        self.commits += 1
        self._live_on("commit", self.commits)

    def _live_on(self, what: str, count: int) -> None:
        if self.dead:
            raise Dead
        if (what, count) == self._fatal:
            self.dead = True
            raise Crash


class Mortal(Store):
    """A store whose statements are counted by a life."""

    life: Life | None = None  # from when it is open

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        self._count()
        return super().rows(sql, parameters)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        self._count()
        return super().execute(sql, parameters)

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self._count()
        super().execute_many(sql, rows)

    def insert(self, into: str, rows: Sequence[Sequence[object]], then: str = "") -> None:
        self._count()
        super().insert(into, rows, then)

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        """Dies before it begins, before its commit, or after it."""
        self._count()
        with super().transaction():
            yield self
            self._count()
        if self.life and not self.database.in_transaction():
            self.life.committed = _committed(self)
            self.life.commit()

    def _count(self) -> None:
        if self.life:
            self.life.statement()


def _committed(store: Store) -> Row:
    """What can only grow, as it stands."""
    return Store.rows(
        store,
        "SELECT max(request_seq), max(generation), (SELECT count(*) FROM participant),"
        " (SELECT count(*) FROM subscription) FROM connection",
    )[0]


def opened(settings: Settings, life: Life) -> Mortal:
    """Open the settings' database for this life."""
    with patch("app.db.engines.store_factory.Store", Mortal):
        store = open_store(settings)
    assert isinstance(store, Mortal)
    store.life = life
    return store


def reopened(store: Mortal, settings: Settings, life: Life) -> Mortal:
    """What the next process finds after this one's death."""
    store.database.connection().close()  # the raw one: what was not committed is gone
    store.database._state.reset()  # type: ignore[attr-defined]
    committed, life.dead = life.committed, False
    life.begin(None)
    again = opened(settings, life)
    kept = _committed(again)
    assert all(now >= then for now, then in zip(kept, committed, strict=False)), (kept, committed)
    return again
