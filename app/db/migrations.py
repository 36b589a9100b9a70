"""How a database of an earlier version becomes one of this version: numbered steps, forward.

A step has the number of the version that it starts from. It runs inside one transaction with
the others, after a copy of a SQLite file was kept; it must not use the models, which show the
tables as they are today.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from peewee import Database, SqliteDatabase


def _rules_leave_the_schema(database: Database) -> None:
    database.execute_sql("DROP VIEW belongs")
    database.execute_sql("DROP INDEX subscription_connection_id_customer")
    database.execute_sql(
        "CREATE INDEX subscription_held ON subscription (connection_id, customer, status, deleted)"
    )


STEPS: dict[int, Callable[[Database], None]] = {1: _rules_leave_the_schema}


def migrate(database: Database, version: int) -> None:
    """Bring a database of this earlier ``version`` up to date, in the caller's transaction."""
    while step := STEPS.get(version):
        step(database)
        version += 1
        mark = "?" if isinstance(database, SqliteDatabase) else "%s"
        database.execute_sql(f"UPDATE schema_version SET version = {mark}", (version,))


def keep_copy(database: Database, file: str, version: int) -> Path:
    """Copy a SQLite ``file`` as it is, beside it and readable by its owner only. A copy that is
    there already is the older one, and stays."""
    copy = Path(f"{file}.version-{version}")
    part = copy.with_name(copy.name + ".part")
    if not copy.exists():
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        database.execute_sql("VACUUM INTO ?", (str(part),))
        os.replace(part, copy)
    return copy
