"""A PostgreSQL server that may fall silent, or be behind a pooler.

A frozen server still has its connections, and no statement on them ever ends. So after some seconds
without a byte, the server is asked on another connection whether it lives. If it doesn't answer
there either, every statement ends with a sentence at once until it does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from functools import cached_property
from typing import Any

import peewee
import psycopg

from app.db.errors import DatabaseAway

SILENCE = 3.0  # seconds without a byte, after which the server is asked whether it lives
ANSWER = 3  # seconds that it has to answer that
SILENT = (
    "{where} no longer responds. Everything saved before is kept. Panelist continues when"
    " it responds again."
)
POOLED = "unsupported startup parameter"  # PgBouncer's words


class Silent(psycopg.OperationalError):
    """The server did not answer a connection that asked whether it lives."""


class _Connection(psycopg.Connection[Any]):
    """A connection that calls ``check`` while it waits for the server."""

    check: Callable[[], None] | None = None

    def wait(self, gen: Any, *more: Any, **options: Any) -> Any:
        if self.check is None:
            return super().wait(gen, *more, **options)
        try:
            return super().wait(_watched(gen, self.check), *more, **options)
        except Silent:
            self.pgconn.finish()  # its statement may still run once the server goes on
            raise


def _watched(gen: Any, check: Callable[[], None]) -> Generator[Any, Any, Any]:
    """The generator, with a ``check`` after each silence."""
    try:
        wants, heard = next(gen), time.monotonic()
        while True:
            ready = yield wants
            if ready:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE:
                check()
                heard = time.monotonic()
            wants = gen.send(ready)
    except StopIteration as ended:
        return ended.value


def _dead() -> None:
    raise Silent("no response in time")


class WatchedPostgres(peewee.PostgresqlDatabase):
    """``name``: the database's. ``parameters``: libpq's, with strings and numbers."""

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        self._silent = threading.Event()
        self._mutex = threading.Lock()
        self.pooled = False
        super().__init__(name, prefer_psycopg3=True, **parameters)

    def check(self) -> None:
        """Raise DatabaseAway at once while the server is known to be silent."""
        if self._silent.is_set():
            raise DatabaseAway(SILENT.format(where=f"PostgreSQL database {self.database!r}"))

    def session(self) -> psycopg.Connection[Any]:
        """A separate session, outside every transaction. Raises psycopg.Error."""
        connection = self._open()
        connection.check = self._check_life
        return connection

    def _connect(self) -> psycopg.Connection[Any]:
        return self.session()

    def _open(self, **parameters: Any) -> _Connection:
        options = self.connect_params | parameters
        if self.pooled:
            options.pop("options", None)
        try:
            return _Connection.connect(
                dbname=self.database,
                autocommit=True,
                # A pooler gives each transaction another session, which has other statements.
                prepare_threshold=None if self.pooled else 5,
                **options,
            )
        except psycopg.errors.ConnectionTimeout:
            self._fall_silent()
            raise
        except psycopg.OperationalError as error:
            if self.pooled or POOLED not in str(error):
                raise
            self.pooled = True
        return self._open(**parameters)

    def _check_life(self) -> None:
        """Raise Silent if the server does not answer. Any answer is one, also a refusal."""
        if self._silent.is_set() or not self._lives():
            self._fall_silent()
            raise Silent("no response in time")

    def _lives(self) -> bool:
        try:
            with self._open(connect_timeout=ANSWER) as connection:
                connection.check = _dead
                connection.execute("SELECT 1")
        except (psycopg.errors.ConnectionTimeout, Silent):
            return False
        except psycopg.Error:
            pass
        return True

    def _fall_silent(self) -> None:
        """Refuse every statement until the server answers, which a thread finds out."""
        with self._mutex:
            if self._silent.is_set():
                return
            self._silent.set()
        threading.Thread(target=self._await_life, name="postgres", daemon=True).start()

    def _await_life(self) -> None:
        while not self._lives():
            time.sleep(1)
        self._silent.clear()

    # Tables are looked for where they are created, which the address may say.

    @cached_property
    def _schema(self) -> str:
        statement = "SELECT current_schema()::text"
        (schema,) = self.execute_sql(statement).fetchone()  # type: ignore[no-untyped-call]
        return schema or "public"

    def get_tables(self, schema: str | None = None) -> list[str]:
        found: list[str] = super().get_tables(schema or self._schema)
        return found

    def get_indexes(self, table: str, schema: str | None = None) -> list[Any]:
        found: list[Any] = super().get_indexes(table, schema or self._schema)
        return found
