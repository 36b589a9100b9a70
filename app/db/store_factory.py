"""Opens the database that the settings name and adds missing built-in segments."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    with _writable(where):
        paths.make_private(file.parent)
    with alone(file.parent, where):
        with _writable(where):
            _create_private(file)
        return _complete(Store(peewee.SqliteDatabase(where, pragmas=SQLITE_PRAGMAS), where))


@contextmanager
def _writable(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseProblem(
            f"{where} cannot be written ({error.strerror}). Nothing was changed; make its folder"
            " writable for you, or set PANELIST_HOME to another folder."
        ) from error


@contextmanager
def alone(folder: Path, where: str) -> Iterator[None]:
    """Let one process open a database of a folder at a time, because switching a new file to WAL
    does not wait for others. Raises DatabaseProblem."""
    with _writable(where):
        handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _create_private(file: Path) -> None:
    """Create the file with mode 0600 if it doesn't exist. SQLite gives its journal files the mode
    of the database, whatever the umask.

    An existing file is never opened here. To close it would drop the locks that this process's
    connections hold on it (https://www.sqlite.org/howtocorrupt.html, 2.2). No connection can have
    a new file yet, because the folder is locked. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(file.resolve(), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _complete(store: Store) -> Store:
    """Give the stored accounts the built-in segments that this version added."""
    ensure_builtin(store)
    return store
