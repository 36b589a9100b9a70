"""Backs up a database to one SQLite file, while Panelist goes on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from app.db.engines.store_factory import open_sqlite
from app.db.errors import explained
from app.db.new_file import creating, new_file
from app.db.store import Store
from app.db.table_copy import copy_tables
from app.paths import make_private

Progress = Callable[[str, int], None]


def default_file(home: Path) -> Path:
    """A new name in the folder of backups. Raises DatabaseProblem."""
    folder = home / "backups"
    with creating(folder):
        make_private(folder)
    return folder / time.strftime("panelist-%Y-%m-%d-%H%M%S.db")


def back_up(store: Store, file: Path, on_progress: Progress = lambda *_: None) -> None:
    """Write the database, as it is at one moment, to ``file``, which must not exist yet. It is
    complete or absent, and only its owner can read it. Raises DatabaseProblem and OSError."""
    with new_file(file) as part:
        if store.postgres:
            copy = open_sqlite(part)
            try:
                copy_tables(store, copy, on_progress)
            finally:
                copy.close()
        else:
            store.rows("VACUUM INTO ?", (str(part),))
        with explained(str(file)), closing(sqlite3.connect(part)) as written:
            (found,) = written.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)
