"""Writing a file so that it is whole or not there, and its owner's only."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path


@contextlib.contextmanager
def replace_atomically(
    file: Path, *, part: str | None = None, overwrite: bool = True
) -> Iterator[BufferedWriter]:
    """Write to what this yields; once all of it is on the disk, it takes the name ``file``.

    It lies beside ``file`` until then, of mode 0600 whatever the umask. Whatever ends this early,
    a kill or a power cut too, leaves under ``file`` what stood there. Call :func:`sync_folder`
    where the new name must outlive a power cut as well.

    ``part``: the name that it has until then, where others must know it; what a killed process
    left under that name is replaced. ``overwrite``: also where there is a ``file``. Raises OSError,
    of which FileExistsError is one."""
    path = file.with_name(part or f"panelist-{secrets.token_hex(8)}.part")
    try:
        descriptor = _private(path)
    except FileExistsError:
        path.unlink()
        descriptor = _private(path)
    try:
        with open(descriptor, "wb") as out:
            os.fchmod(out.fileno(), 0o600)  # the umask may have taken the owner's own rights
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
            os.link(part, file)  # fails where another process made one, as no rename does
            part.unlink()
            return
        except FileExistsError:
            raise
        except OSError:  # not every filesystem has links
            if file.exists():
                raise FileExistsError(file) from None
    os.replace(part, file)
