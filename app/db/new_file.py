"""Makes a new SQLite file that is complete or absent."""

from __future__ import annotations

import errno
import glob
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from app.db.errors import DatabaseProblem, explained
from app.files import NoLocks, lock, sync_folder

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_UNWRITTEN = (
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_DIR_FSYNC,
)
_BESIDE = ("-wal", "-shm", "-journal")


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """Yield an empty file beside ``file``, with mode 0600, for a database. Once its content is on
    the disk, it gets the name ``file``. If this ends early, even by a kill, there is no ``file``.
    Close every connection inside. Raises OSError, and DatabaseProblem if ``file`` exists or cannot
    be written."""
    if file.exists():
        raise already_there(file)
    part = file.with_name(f"{file.name}.part")
    with ExitStack() as held:
        with creating(file):
            held.enter_context(only_writer(part))
            _remove(part)  # what a killed process left
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        held.callback(_remove, part)
        with _writing(file):
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


@contextmanager
def only_writer(file: Path) -> Iterator[None]:
    """Let one process write a file that has not its name yet. Raises DatabaseProblem if another one
    does, and OSError."""
    path = file.with_name(f"{file.name}.lock")
    with creating(file):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(NoLocks):  # as on some network shares
            lock(handle, str(path), wait=False)
        if os.fstat(handle).st_nlink == 0:  # its holder has just removed it
            raise BlockingIOError
    except BlockingIOError:
        os.close(handle)
        raise DatabaseProblem(
            f"Another Panelist is writing {file}. Nothing was changed. Wait until it ends, then"
            " try again."
        ) from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Blame the new file, not what it is made from, if its disk is full or refuses it."""
    try:
        with explained(str(file)):
            yield
    except (DatabaseProblem, OSError) as error:
        why = _refusal(error)
        if why is None:
            raise
        raise DatabaseProblem(
            f"{file} could not be written ({why}). Nothing was changed. Free some space, then try"
            " again."
        ) from error


def _refusal(error: BaseException | None) -> str | None:
    """Why a disk did not take what was written."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return str(error.strerror)
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_FULL or code in _UNWRITTEN:
        return str(error)
    return _refusal(error.__cause__ or error.__context__) if error is not None else None


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
    for copy in part.parent.glob(f"{glob.escape(part.name)}.version-*"):  # from an update
        copy.unlink(missing_ok=True)
