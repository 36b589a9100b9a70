"""Makes a new SQLite file that is complete or absent."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from app.db.errors import DatabaseProblem
from app.files import sync_folder

_BESIDE = ("-wal", "-shm", "-journal")


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """Yield an empty file beside ``file``, with mode 0600, for a database. Once its content is on
    the disk, it gets the name ``file``. If this ends early, even by a kill, there is no ``file``.
    Close every connection inside. Raises OSError and DatabaseProblem if ``file`` exists."""
    if file.exists():
        raise already_there(file)
    part = file.with_name(f"{file.name}.part")
    with creating(file):
        _remove(part)  # what a killed process left
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield part
        with closing(sqlite3.connect(part)) as database:  # so that it is one file
            database.execute("PRAGMA journal_mode = delete")
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        try:
            os.link(part, file)  # unlike a rename, it fails if another process made one
        except FileExistsError:
            raise already_there(file) from None
        except OSError:  # not every filesystem supports links
            if file.exists():
                raise already_there(file) from None
            os.replace(part, file)
        with suppress(OSError):  # as on filesystems that cannot
            sync_folder(file.parent)
    finally:
        _remove(part)


@contextmanager
def creating(place: Path) -> Iterator[None]:
    """Turn an OSError inside into a DatabaseProblem: the file or folder cannot be created."""
    try:
        yield
    except OSError as error:
        raise DatabaseProblem(
            f"{place} cannot be created ({error.strerror}). Nothing was changed. Make its"
            " folder writable for you, or name a file in another folder."
        ) from error


def already_there(file: Path) -> DatabaseProblem:
    """Why nothing is written to a file."""
    return DatabaseProblem(f"{file} already exists. Nothing was changed. Name another file.")


def _remove(part: Path) -> None:
    for suffix in ("", *_BESIDE):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
