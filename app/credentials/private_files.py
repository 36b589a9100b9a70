"""Files for their owner only: written whole or not at all, refused when others may read them."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from app.credentials.errors import CredentialProblem, damaged
from app.files import NoLocks, lock, replace_atomically, sync_folder
from app.paths import make_private

AGAIN = 0.02  # seconds between two looks at a lock that someone holds
TOO_LARGE = 4 * 2**20
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write(file: Path, content: bytes) -> None:
    """Replace a file; a kill or a power cut leaves the old content or the new. Raises
    CredentialProblem, and then the old content is there."""
    if len(content) > TOO_LARGE:
        raise CredentialProblem("refused", "This is too large to store. Nothing was changed.")
    try:
        _make(file.parent)
        # The vault finds by this ending what a killed process left.
        with replace_atomically(file, part=f"{file.name}.{secrets.token_hex(4)}.new") as part:
            part.write(content)
    except OSError as error:
        raise _unwritable(file, error) from None
    _sync(file.parent)


def read(file: Path) -> bytes | None:
    """The content; None when there is no such file. Raises CredentialProblem."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as open_file:
            if os.fstat(descriptor).st_mode & OTHERS:
                raise CredentialProblem(
                    "refused",
                    f"{file} can be read by other users of this computer, so Panelist does"
                    f" not use it. The file is kept. Run chmod 600 '{file}' once you know"
                    " who had access.",
                )
            content = open_file.read(TOO_LARGE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialProblem(
            "unavailable",
            f"{file} cannot be read ({error.strerror}). The file is kept. Allow its owner to"
            " read it.",
        ) from None
    if len(content) > TOO_LARGE:
        raise damaged(str(file))
    return content


def remove(file: Path) -> None:
    """Delete a file for good; no error when it is not there. Raises CredentialProblem."""
    try:
        file.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise CredentialProblem(
            "unwritable",
            f"{file} could not be deleted ({error.strerror}). Correct the folder's"
            " permissions, then try again.",
        ) from None
    _sync(file.parent)


def rename(file: Path, to: Path) -> None:
    """Give a file another name. Raises CredentialProblem."""
    try:
        file.rename(to)
    except OSError as error:
        raise _unwritable(file, error) from None
    _sync(file.parent)


@contextlib.contextmanager
def locked(file: Path, timeout: float) -> Iterator[None]:
    """Hold a lock file, across threads and processes; a killed process lets go of it. Raises
    CredentialProblem when others hold it for longer than ``timeout`` seconds."""
    try:
        _make(file.parent)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(file, error) from None
    try:
        _take(file, descriptor, timeout)
        yield
    finally:
        os.close(descriptor)


def busy() -> CredentialProblem:
    """For a lock that someone else did not let go of in time."""
    return CredentialProblem(
        "unanswered",
        "Another Panelist has been using the credentials for too long. Nothing was changed."
        " Try again, or quit the other one.",
    )


def _take(file: Path, descriptor: int, timeout: float) -> None:
    until = time.monotonic() + timeout
    while True:
        try:
            lock(descriptor, str(file), wait=False)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise busy() from None
        except NoLocks as problem:
            raise CredentialProblem("unwritable", str(problem)) from problem
        time.sleep(AGAIN)  # flock(2) has no time limit of its own


def _make(folder: Path) -> None:
    """Have a folder, and the one it lies in, for their owner only whatever the umask."""
    for one in (folder.parent, folder):
        if not one.is_dir():
            make_private(one)
            _sync(one.parent)
    if folder.stat().st_mode & OTHERS:
        folder.chmod(0o700)


def _sync(folder: Path) -> None:
    """Make the names in a folder permanent. Some filesystems cannot; as SQLite does, leave it
    at that, because what was to be done is done."""
    with contextlib.suppress(OSError):
        sync_folder(folder)


def _unwritable(file: Path, error: OSError) -> CredentialProblem:
    return CredentialProblem(
        "unwritable",
        f"{file} cannot be written ({error.strerror}). The previous credentials are kept."
        " Free some disk space or correct the folder's permissions, then try again.",
    )
