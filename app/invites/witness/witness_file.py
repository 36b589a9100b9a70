"""A file of the witness: a line for each entry of a ledger that a copy of it must not lack.

Lines are only added. They are on the disk within a second, so a kill loses nothing and a power cut
the last second. A line that a power cut tore is passed over.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from app.files import NoLocks, lock, replace_atomically
from app.paths import make_private

HASH = 16  # characters of an entry's hash
TRUSTED = "trusted"
UNCERTAIN, NOT = "-uncertain", "-not"  # end what may have left, and what did not
KNOWN = "-known"  # ends what was taken over from another copy
_SYNC = 1.0  # seconds between two waits for the disk
_TAIL = 4_096  # bytes, of some thirty lines
_LINE = re.compile(r"(\d+) ([0-9a-f]{16}) ([a-z-]+) (\d+) (\d+) ([0-9a-f]+|-) (\d+)")


class WitnessLine(NamedTuple):
    """An entry of a ledger. ``what``: "invite" or "reminder" if one left, with "-uncertain" if it
    may have left, with "-not" if it did not after all, "trusted", or as the entry says, and with
    "-known" if it was taken over from another copy. ``study``: its row id, and ``created`` when it
    was made, which tells two studies with the same id apart. Both are 0 without one. ``mailbox``:
    its keyed hash, or "-"."""

    number: int
    hash: str
    what: str
    study: int
    created: int
    mailbox: str
    at: int

    @property
    def is_news(self) -> bool:
        """Whether another copy may not know what it says."""
        return self.what != TRUSTED and not self.what.endswith(KNOWN)


class WitnessFile:
    """The file at ``path``, which may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._synced = 0.0

    @property
    def size(self) -> int:
        """In bytes, 0 if it does not exist. Raises OSError."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def last(self) -> WitnessLine | None:
        """The last line. None if there is none. Raises OSError."""
        try:
            with open(self.path, "rb") as file:
                file.seek(max(0, self.size - _TAIL))
                return next(_read(reversed(file.read().splitlines())), None)
        except FileNotFoundError:
            return None

    def last_news(self) -> WitnessLine | None:
        """The last line that another copy may not know. Raises OSError."""
        last = self.last()
        if last is None or last.is_news:
            return last
        return next((line for line in reversed(self.lines()) if line.is_news), None)

    def lines(self) -> list[WitnessLine]:
        """All lines, the oldest first. Raises OSError."""
        try:
            return list(_read(self.path.read_bytes().splitlines()))
        except FileNotFoundError:
            return []

    def append(self, lines: Sequence[WitnessLine], *, sync: bool) -> None:
        """Add lines, and make the file if there is none. ``sync``: wait for the disk even if that
        was done less than a second ago. Raises OSError."""
        with _locked(self.path.parent), open(self.path, "ab", opener=_private) as file:
            if lines:
                torn = file.tell() and not self._ends_whole()
                file.write(b"\n" * bool(torn) + _text(lines))
                file.flush()
            if sync or time.monotonic() - self._synced >= _SYNC:
                os.fsync(file.fileno())
                self._synced = time.monotonic()

    def change(self, change: Callable[[WitnessLine], WitnessLine]) -> None:
        """Replace every line. Raises OSError."""
        with _locked(self.path.parent):
            before = self.lines()
            after = [change(line) for line in before]
            if after != before:
                with replace_atomically(self.path) as out:
                    out.write(_text(after))

    def set_aside(self) -> Path:
        """Give the file another name, and return it. Raises OSError."""
        return self.path.replace(self.path.with_name(f"{self.path.name}.damaged"))

    def _ends_whole(self) -> bool:
        with open(self.path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"


def _read(lines: Iterable[bytes]) -> Iterator[WitnessLine]:
    for line in lines:
        if found := _LINE.fullmatch(line.decode("ascii", "replace")):
            number, entry, what, study, created, mailbox, at = found.groups()
            yield WitnessLine(int(number), entry, what, int(study), int(created), mailbox, int(at))


def _text(lines: Iterable[WitnessLine]) -> bytes:
    return "".join(" ".join(map(str, line)) + "\n" for line in lines).encode()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process write at a time. Raises OSError."""
    make_private(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        lock(descriptor, str(folder), wait=True)
        yield
    except NoLocks as problem:
        raise OSError(0, str(problem)) from problem
    finally:
        os.close(descriptor)
