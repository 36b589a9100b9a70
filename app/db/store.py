"""The single way to the database: it opens, reads and writes in transactions.

SQLite (WAL) in the home folder, or PostgreSQL at ``PANELIST_DATABASE_URL``. SQL is written once,
with ``?`` for a value, and :meth:`Store.sql` converts it for the driver. Each thread has its own
connection. No code may use the network inside :meth:`Store.transaction`.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import peewee

from app.db.engines.preparation import prepare
from app.db.errors import UNREADABLE, DatabaseProblem, explained

Row = tuple[Any, ...]

ROWS_AT_ONCE = (500, 50)  # rows in one statement, while that many are left
CANCEL = 2.0  # seconds that a server has to end a statement
CHANNEL = "panelist"  # on which PostgreSQL announces writes


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "replace")


class Store:
    """An open database of this program's version.

    Raises DatabaseProblem, one sentence for the user, if the database cannot be opened, is newer
    than the program, or fails later.
    """

    def __init__(self, database: peewee.Database, where: str) -> None:
        self.database = database
        self.where = where
        self.postgres = isinstance(database, peewee.PostgresqlDatabase)
        self.turn: int | None = None  # set while this process syncs, see app.db.lease
        self._check: Callable[[], None] | None = getattr(database, "check", None)
        self._writing = threading.RLock()
        with explained(where):
            self.writable = prepare(database, where)

    @cached_property
    def login(self) -> str | None:
        """The user of the database that this process is, or None for SQLite, which has no users."""
        if not self.postgres:
            return None
        (name,) = self.row("SELECT session_user::text")
        return str(name)

    def close(self) -> None:
        """Close this thread's connection. Other threads' connections end with their threads."""
        if not self.database.is_closed():
            self.database.close()

    @lru_cache(maxsize=256)  # noqa: B019 - a store lives as long as its process
    def sql(self, text: str) -> str:
        """The statement in the form that the driver expects."""
        return text.replace("%", "%%").replace("?", "%s") if self.postgres else text

    def among(self, column: str) -> str:
        """SQL: whether ``column`` is one of the values that :meth:`values` packs into one ``?``."""
        return (
            f"{column} = ANY(?)"
            if self.postgres
            else (f"{column} IN (SELECT value FROM json_each(?))")
        )

    def values(self, items: Iterable[int] | Iterable[str]) -> object:
        """Many values as the single parameter of :meth:`among`."""
        return list(items) if self.postgres else json.dumps(list(items))

    def gathered(self, column: str) -> str:
        """SQL for all values of ``column`` in one row, usable as the parameter of :meth:`among`.
        Each row that Python fetches costs a wait for the interpreter lock, which is the expensive
        part."""
        return f"array_agg({column})" if self.postgres else f"json_group_array({column})"

    def unpacked(self, gathered: Any) -> list[Any]:
        """The values of a :meth:`gathered` column."""
        return json.loads(gathered) if isinstance(gathered, str) else gathered or []

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a result. If a result can grow, read it in parts."""
        with self._explained():
            return self._fetched(sql, parameters)

    def _fetched(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        """All rows. Damaged bytes of a text become U+FFFD instead of an error."""
        statement, values = self.sql(sql), tuple(parameters)
        try:
            found: list[Row] = self.database.execute_sql(statement, values).fetchall()
        except (sqlite3.OperationalError, peewee.OperationalError) as error:
            if self.postgres or UNREADABLE not in str(error):
                raise
            self.database.connection().text_factory = _shown  # slower, so only where it is needed
            found = self.database.execute_sql(statement, values).fetchall()
        return found

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row:
        """The first row. Use it only for statements that always return one."""
        return self.rows(sql, parameters)[0]

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        """One all-or-nothing write. It is IMMEDIATE because a deferred transaction that becomes a
        writer fails at once while another process writes."""
        with self._explained(), self._writing:
            begin = self.database.atomic() if self.postgres else self.database.atomic("IMMEDIATE")
            with begin:
                yield self
                if self.postgres:
                    self.database.execute_sql(f"NOTIFY {CHANNEL}")

    @contextmanager
    def snapshot(self) -> Iterator[Store]:
        """Several reads that see the database as it was at the first one, while others write."""
        with self._explained(), self.database.atomic():
            if self.postgres:
                self.database.execute_sql(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                )
            yield self

    def session(self) -> Any:
        """A separate PostgreSQL session, outside every transaction. Both ends notice a lost network
        within seconds."""
        with self._explained():
            return self.database.session()  # type: ignore[attr-defined]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Like :func:`explained`. It also drops a session that the server ended, so that this
        thread's next statement opens a new one."""
        try:
            with explained(self.where):
                if self._check is not None:
                    self._check()
                yield
        except DatabaseProblem:
            if self.postgres and not self.database.is_closed():
                with contextlib.suppress(Exception):
                    if self.database.connection().closed:
                        self.database.close()
            raise

    def write_in_bulk(self) -> None:
        """Prepare this thread's connection for a sync, whose rows can be fetched again. It does not
        wait for the disk at every commit, and rarely moves the journal into the database. A power
        cut may lose the last pages together with the sync's position, so they are fetched again. A
        killed process loses nothing (SQLite: WAL, synchronous=NORMAL)."""
        if not self.postgres:
            self.database.execute_sql("PRAGMA synchronous = normal")
            self.database.execute_sql("PRAGMA cache_size = -40000")
            self.database.execute_sql("PRAGMA wal_autocheckpoint = 32000")

    @contextmanager
    def sorting(self) -> Iterator[None]:
        """Build an index inside. SQLite sorts it in memory and writes it from end to end, so this
        thread's page cache is useless during that time and shrinks."""
        if self.postgres:
            yield
            return
        (size,) = self.row("PRAGMA cache_size")
        self.database.execute_sql("PRAGMA cache_size = -4000")
        self.database.execute_sql("PRAGMA shrink_memory")
        try:
            yield
        finally:
            self.database.execute_sql(f"PRAGMA cache_size = {size}")

    def read_through(self) -> None:
        """Shrink this thread's page cache, because it reads from end to end."""
        if not self.postgres:
            self.database.execute_sql("PRAGMA cache_size = -2000")

    def interrupter(self) -> Callable[[], None]:
        """A function that ends this thread's statement from any other thread. The transaction is
        then rolled back and DatabaseProblem is raised. Raises DatabaseProblem."""
        with self._explained():
            connection = self.database.connection()

        def interrupt() -> None:
            with contextlib.suppress(Exception):  # it has already ended
                if self.postgres:
                    connection.cancel_safe(timeout=CANCEL)
                else:
                    connection.interrupt()

        return interrupt

    def end_bulk(self) -> None:
        """Empty the journal of a sync and close this thread's connection."""
        if not self.postgres:
            self.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()

    def analyze(self) -> None:
        """Update PostgreSQL's planner statistics. Without them, the planner expects few rows per
        connection and reads all of them. SQLite's plans do not need this."""
        if self.postgres:
            with self.transaction():
                self.execute(
                    "ANALYZE participant, subscription, subscription_item, member, segment"
                )

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement and return the number of changed rows."""
        cursor = self.database.execute_sql(self.sql(sql), tuple(parameters))
        return int(cursor.rowcount)

    def insert_one(self, sql: str, parameters: Sequence[object]) -> int:
        """Insert one row and return its id. The newest id may be that of another process's row."""
        return int(self.row(f"{sql} RETURNING id", parameters)[0])

    def insert(self, into: str, rows: Sequence[Sequence[object]], then: str = "") -> None:
        """``INSERT INTO {into} VALUES … {then}`` for many rows. ``into`` is a table with its
        columns. SQLite gets many rows per statement, because after each statement the writer waits
        for the interpreter lock, which costs more than the row. PostgreSQL copies them, if it can,
        which takes a tenth of the time."""
        if not rows:
            return
        if self.postgres and not then:
            with self.database.connection().cursor().copy(f"COPY {into} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = f"({', '.join('?' * len(rows[0]))})"
        if self.postgres:
            self.execute_many(f"INSERT INTO {into} VALUES {marks} {then}", rows)
            return
        connection = self.database.connection()
        cursor, start = connection.cursor(), 0
        most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(rows[0])
        while start < len(rows):
            left = min(most, len(rows) - start)
            size = next((one for one in ROWS_AT_ONCE if one <= left), left)
            values = ", ".join([marks] * size)
            flat = list(chain.from_iterable(rows[start : start + size]))
            cursor.execute(f"INSERT INTO {into} VALUES {values} {then}", flat)
            start += size

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row, in the driver's fastest way."""
        if rows:
            self.database.connection().cursor().executemany(self.sql(sql), rows)
