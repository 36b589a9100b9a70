"""Writes a file so that it is complete or absent, and only its owner can read it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path

from app.problems import Problem


class NoLocks(Problem):
    """The file system has no locks, as some network shares. The text says what to do."""


def lock(descriptor: int, where: str, *, wait: bool) -> None:
    """Take the lock on an open file or folder. Closing it frees the lock. ``where``: its name, for
    a person. Raises BlockingIOError if another process holds it and ``wait`` is false, and
    NoLocks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, InterruptedError):
        raise
    except OSError as error:
        raise NoLocks(
            f"{where} cannot be locked ({error.strerror}). Nothing was changed. Network"
            " shares often do not support locks. Set PANELIST_HOME to a folder on a disk of"
            " this computer."
        ) from error


@contextlib.contextmanager
def replace_atomically(
    file: Path, *, part: str | None = None, overwrite: bool = True
) -> Iterator[BufferedWriter]:
    """Yield a file to write to. Once its content is on the disk, it gets the name ``file``.

    Until then it is a separate file beside ``file``, with mode 0600 whatever the umask. If this
    ends early, even by a kill or a power cut, ``file`` stays as it was. Call :func:`sync_folder` if
    the new name must survive a power cut too.

    ``part``: the name until then, if others must know it. It replaces what a killed process left
    under that name. ``overwrite``: replace an existing ``file``. Raises OSError, including
    FileExistsError."""
    path = file.with_name(part or f"panelist-{secrets.token_hex(8)}.part")
    try:
        descriptor = _private(path)
    except FileExistsError:
        path.unlink()
        descriptor = _private(path)
    try:
        with open(descriptor, "wb") as out:
            os.fchmod(out.fileno(), 0o600)  # the umask may have removed the owner's own rights
            yield out
            out.flush()
            os.fsync(out.fileno())
        _rename(path, file, overwrite)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder permanent. Raises OSError, as on filesystems that cannot."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _rename(part: Path, file: Path, overwrite: bool) -> None:
    if not overwrite:
        try:
            os.link(part, file)  # unlike a rename, it fails if another process made one
            part.unlink()
            return
        except FileExistsError:
            raise
        except OSError:  # not every filesystem supports links
            if file.exists():
                raise FileExistsError(file) from None
    os.replace(part, file)
