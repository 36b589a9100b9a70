"""Invites as files on this computer: one ``.eml`` a mail, or a table for a mail merge.

A file's name follows from what is in it, so that a repeated try replaces it by the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from app.panel.export.writer import Line, write, writing
from app.paths import make_private

COLUMNS = ("email", "name", "link", "subject", "text")


class Folder:
    """A folder that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def put(self, name: str, content: bytes) -> None:
        """A file that is whole or not there, and stays through a power cut once :meth:`settle`
        was called. Raises OSError."""
        make_private(self._path)
        part = self._path / f".{name}.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(part, self._path / name)

    def settle(self) -> None:
        """Have the names on the disk, too."""
        folder = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def take_back(self, name: str) -> None:
        """Have no such file."""
        (self._path / name).unlink(missing_ok=True)

    def put_table(self, name: str, lines: Iterable[Line]) -> None:
        """A CSV of :data:`COLUMNS` that no spreadsheet takes for formulas. Raises
        OutputProblem."""
        make_private(self._path)
        with writing(str(self._path / name)) as out:
            write(out, COLUMNS, lines, "csv")
