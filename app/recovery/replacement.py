"""Puts a new SQLite file into the place of the database, and keeps the one that was there."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from app.db.engines.store_factory import alone
from app.db.errors import DatabaseProblem
from app.files import lock, sync_folder

_BESIDE = ("-wal", "-shm")
_IN_USE = (
    "Another Panelist uses {file}. Nothing was changed. Close the app, stop sync, serve"
    " and invite, then try again."
)


@contextmanager
def unused(file: Path) -> Iterator[None]:
    """No other process uses the database inside, and whoever opens it waits for the end. Open it
    with ``held=True``. Raises DatabaseProblem."""
    with ExitStack() as held:
        senders = file.parent.glob(f"{file.name}.send-lock-*")
        for path in (f"{file}.sync-lock", *map(str, senders)):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            held.callback(os.close, handle)
            try:
                lock(handle, path, wait=False)
            except BlockingIOError:
                raise DatabaseProblem(_IN_USE.format(file=file)) from None
        held.enter_context(alone(file.parent, str(file)))
        _fold_log(file)
        yield


def replace(file: Path, new: Path) -> Path | None:
    """Give ``new`` the name ``file``, inside :func:`unused`. Whatever is interrupted, one of the
    two has it. Returns where the old one is kept. Raises DatabaseProblem and OSError."""
    _fold_log(file)
    kept = _keep(file, "before") if file.exists() else None
    for suffix in _BESIDE:  # of the old one: SQLite would apply them to the new one
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    os.replace(new, file)
    with suppress(OSError):
        sync_folder(file.parent)
    return kept


def set_aside(file: Path, word: str) -> Path:
    """Give a database another name, inside :func:`unused`. Raises DatabaseProblem and OSError."""
    _fold_log(file)
    kept = _keep(file, word)
    for suffix in ("", *_BESIDE):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    return kept


def _keep(file: Path, word: str) -> Path:
    """Give a database a second name, with its log if it has one."""
    kept = file.with_name(f"{file.name}.{word}-{time.strftime('%Y%m%d-%H%M%S')}")
    while kept.exists():
        kept = kept.with_name(f"{kept.name}+")
    for suffix in ("-wal", ""):
        one = file.with_name(file.name + suffix)
        if one.exists():
            _link(one, kept.with_name(kept.name + suffix))
    return kept


def _link(one: Path, other: Path) -> None:
    try:
        os.link(one, other)
    except OSError:  # not every filesystem supports links
        shutil.copy2(one, other)


def _fold_log(file: Path) -> None:
    """Move the log into the database, which SQLite allows to the only process that has it open. A
    damaged database keeps its log."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=1)) as database:
            database.execute("PRAGMA journal_mode = delete")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DatabaseProblem(_IN_USE.format(file=file)) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # of a message that quotes damaged bytes
        return
