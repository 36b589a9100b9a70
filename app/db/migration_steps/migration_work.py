"""What several migration steps share: reading and writing without the models, on both databases."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from peewee import Database, SqliteDatabase

BY = "Panelist"  # who made the entries


class MigrationWork:
    """Reads and writes in the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mark = "?" if isinstance(database, SqliteDatabase) else "%s"

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """The rows of a query."""
        text = sql.replace("?", self._mark)
        return list(self._database.execute_sql(text, tuple(parameters)).fetchall())

    def run(self, *statements: str) -> None:
        """Execute statements."""
        for statement in statements:
            self._database.execute_sql(statement)

    def insert(self, into: str, rows: Sequence[Sequence[object]]) -> None:
        """Insert rows. ``into``: a table with its columns."""
        marks = ", ".join("?" * len(rows[0])) if rows else ""
        self.many(f"INSERT INTO {into} VALUES ({marks})", rows)

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement for each of these rows."""
        if rows:
            cursor = self._database.connection().cursor()
            cursor.executemany(sql.replace("?", self._mark), rows)

    def append(
        self, connection: int, number: int, last: str, entries: Sequence[Sequence[object]]
    ) -> None:
        """Append entries to the ledger of a connection, after the entry with this number and hash.
        An entry: what, study, invite, mailbox, before, after and detail."""
        at, rows = int(time.time()), []
        for entry in entries:
            number += 1
            values = (at, BY, *entry)
            last = sha256(json.dumps([last, number, *values]).encode()).hexdigest()
            rows.append((connection, number, *values, last))
        self.insert(
            'ledger (connection_id, number, at, "by", what, study, invite, mailbox, before, after,'
            " detail, hash)", rows,
        )  # fmt: skip
        self._database.execute_sql(
            f"UPDATE ledger_head SET number = {self._mark}, hash = {self._mark}"
            f" WHERE connection_id = {self._mark}",
            (number, last, connection),
        )
