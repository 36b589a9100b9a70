"""Opens the database that the settings name and adds missing built-in segments."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee

from app import paths
from app.db import postgres
from app.db.errors import DatabaseProblem
from app.db.membership import ensure_builtin
from app.db.store import SQLITE_PRAGMAS, Store
from app.settings import Settings


def open_store(settings: Settings) -> Store:
    """Open the database that the settings name. The first use creates it."""
    if settings.database_url:
        database = postgres.database(settings.database_url)
        return _complete(Store(database, f"PostgreSQL database {database.database!r}"))
    return open_sqlite(paths.database(settings.home))


def open_sqlite(file: Path) -> Store:
    """Open a SQLite database. The file is created 0600 in a 0700 folder."""
    where = str(file)
    try:
        paths.make_private(file.parent)
        # SQLite gives its journal files the mode of the database, whatever the umask.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseProblem(
            f"{where} cannot be written ({error.strerror}). Nothing was changed; make its folder"
            " writable for you, or set PANELIST_HOME to another folder."
        ) from error
    with _alone(file.parent):
        return _complete(Store(peewee.SqliteDatabase(where, pragmas=SQLITE_PRAGMAS), where))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process open at a time, because switching a new file to WAL does not wait for
    others."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _complete(store: Store) -> Store:
    """Give the stored accounts the built-in segments that this version added."""
    ensure_builtin(store)
    return store
