"""Files for their owner only: written whole or not at all, refused when others may read them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from app.credentials.problem import CredentialProblem
from app.paths import make_private

AGAIN = 0.02  # seconds between two looks at a lock that somebody holds
TOO_LARGE = 4 * 2**20


def write(file: Path, content: bytes) -> None:
    """Replace a file; a kill or a power cut leaves the old content or the new."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        make_private(file.parent)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as open_file:
                os.fchmod(descriptor, 0o600)
                open_file.write(content)
                open_file.flush()
                os.fsync(descriptor)
            os.replace(new, file)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        sync_folder(file.parent)
    except OSError as error:
        raise _unwritable(file, error) from None


def read(file: Path) -> bytes | None:
    """The content; None when there is no such file."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as open_file:
            if os.fstat(descriptor).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise CredentialProblem(
                    "refused",
                    f"{file} can be read by other users of this computer, so it is not used."
                    f" It is kept; check who had access, then run: chmod 600 '{file}'",
                )
            content = open_file.read(TOO_LARGE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialProblem(
            "unavailable",
            f"{file} cannot be read ({error.strerror}). It is kept; give its owner the right to"
            " read it.",
        ) from None
    if len(content) > TOO_LARGE:
        raise CredentialProblem("damaged", f"{file} is far too large to be Panelist's.")
    return content


def remove(file: Path) -> None:
    """Delete a file for good; no error when it is not there."""
    try:
        file.unlink(missing_ok=True)
        if file.parent.is_dir():
            sync_folder(file.parent)
    except OSError as error:
        raise _unwritable(file, error) from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder permanent."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(file: Path, timeout: float) -> Iterator[None]:
    """Hold a lock file, across threads and processes; a killed process lets go of it. Raises
    CredentialProblem when others hold it for longer than ``timeout`` seconds."""
    try:
        make_private(file.parent)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(file, error) from None
    try:
        _take(descriptor, timeout)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, timeout: float) -> None:
    until = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() >= until:
                raise CredentialProblem(
                    "unanswered",
                    "Another Panelist has been using the credentials for too long. Nothing was"
                    " changed; try again, or end the other one.",
                ) from None
        time.sleep(AGAIN)


def _unwritable(file: Path, error: OSError) -> CredentialProblem:
    return CredentialProblem(
        "unwritable",
        f"{file} cannot be written ({error.strerror}). What was kept before is still there; free"
        " the disk or correct the folder's rights, then try again.",
    )
