"""Retires a PostgreSQL database that was moved: it can be read, and every change is refused.

A Panelist that is connected, or comes later, would otherwise write rows that no one sees where the
database was moved to. A trigger refuses them, because it holds for every program and moment.
"""

from __future__ import annotations

import re
import time
from socket import gethostname

from app.db.errors import MOVED
from app.db.schema.creation import TABLES
from app.db.store import Store

_NAME = "panelist_was_moved"
_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $moved$
BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = '{said}'; END $moved$
"""
_TRIGGER = """
CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}"
FOR EACH STATEMENT EXECUTE PROCEDURE {name}()
"""


def retire(store: Store) -> None:
    """Refuse every change once the caller's transaction is committed. Until then whoever writes
    waits, and so does this for whoever has written. Raises DatabaseProblem."""
    run = store.execute
    tables = [model._meta.table_name for model in TABLES]
    names = ", ".join(f'"{table}"' for table in tables)
    run(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    host = re.sub(r"[^\w.-]", "?", gethostname(), flags=re.ASCII)
    said = f"moved to SQLite on the computer {host} on {time.strftime('%Y-%m-%d at %H:%M')}"
    run(_FUNCTION.format(name=_NAME, code=MOVED, said=said))
    for table in tables:
        run(_TRIGGER.format(name=_NAME, table=table))


def is_retired(store: Store) -> bool:
    """Whether the database was moved to SQLite. Raises DatabaseProblem."""
    return store.postgres and bool(store.row(f"SELECT to_regproc('{_NAME}') IS NOT NULL")[0])


def revive(store: Store) -> None:
    """Let a database that was retired be written again, in the caller's transaction, because
    another one takes its place. Raises DatabaseProblem."""
    store.execute(f"DROP FUNCTION IF EXISTS {_NAME}() CASCADE")
