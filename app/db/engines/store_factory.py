"""Opens the database that the settings name and adds missing built-in segments."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from app import paths
from app.db.engines import postgres
from app.db.engines.sqlite_file import SqliteFile
from app.db.errors import DatabaseAway, DatabaseProblem
from app.db.membership import ensure_builtin
from app.db.store import Store
from app.files import lock
from app.settings import Settings

AGAIN = 5.0  # seconds between two tries to reach a server
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def open_store(settings: Settings) -> Store:
    """Open the database that the settings name. The first use creates it."""
    if settings.database_url:
        database = postgres.database(settings.database_url)
        return _complete(Store(database, f"PostgreSQL database {database.database!r}"))
    return open_sqlite(paths.database(settings.home))


def open_store_patiently(settings: Settings, tell: Callable[[str], None]) -> Store:
    """As :func:`open_store`, but waits for a server that does not answer yet, for a process that
    starts before it. ``tell`` gets a sentence when it begins to wait."""
    told = ""
    while True:
        try:
            return open_store(settings)
        except DatabaseAway as problem:
            if str(problem) != told:
                told = str(problem)
                tell(f"{told} Trying again.")
        time.sleep(AGAIN)


def open_sqlite(file: Path, *, held: bool = False) -> Store:
    """Open a SQLite database. The file is created 0600 in a 0700 folder. One that cannot be written
    is opened for reading. ``held``: the caller is inside :func:`alone` for its folder."""
    where = str(file)
    if _is_read_only(file):
        return Store(SqliteFile(file, writable=False), where)
    with _writable(where):
        paths.make_private(file.parent)
    with nullcontext() if held else alone(file.parent, where):
        with _writable(where):
            _create_private(file)
        _take_from_others(file)
        return _complete(Store(SqliteFile(file), where))


def _is_read_only(file: Path) -> bool:
    """Whether the file is there and cannot be written, or no journal beside it."""
    try:
        there = file.resolve(strict=True)
    except OSError:
        return False
    return not (os.access(there, os.W_OK) and os.access(there.parent, os.W_OK))


@contextmanager
def _writable(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseProblem(
            f"{where} cannot be written ({error.strerror}). Nothing was changed. Make its"
            " folder writable for you, or set PANELIST_HOME to another folder."
        ) from error


@contextmanager
def alone(folder: Path, where: str) -> Iterator[None]:
    """Let one process open a database of a folder at a time, because switching a new file to WAL
    does not wait for others. Raises DatabaseProblem."""
    with _writable(where):
        handle = os.open(folder, os.O_RDONLY)
    try:
        lock(handle, str(folder), wait=True)
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


def _take_from_others(file: Path) -> None:
    """Let only the owner read a file that was here before, such as a restored copy, its journals
    and its earlier versions. SQLite gives new journals the mode of the file. Raises DatabaseProblem
    if that is impossible."""
    for one in (file, *file.parent.glob(f"{file.name}[-.]*")):
        try:
            mode = stat.S_IMODE(one.stat().st_mode)
            if mode & OTHERS:
                one.chmod(mode & ~OTHERS)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise DatabaseProblem(
                f"{one} is open to other users of this computer, and Panelist cannot change this "
                f"({error.strerror}). Nothing was changed. Ask its owner to run chmod"
                " 600 on it, or set PANELIST_HOME to a folder of your own."
            ) from error


def _complete(store: Store) -> Store:
    """Give the stored accounts the built-in segments that this version added."""
    if store.writable:
        ensure_builtin(store)
    return store
