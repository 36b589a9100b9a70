"""The SQLite file, which may go away, come back, be replaced or be read-only while it is used."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from urllib.parse import quote

import peewee

from app.db.errors import DatabaseProblem
from app.db.schema import VERSION

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "wal_autocheckpoint": 4000,
    "cache_size": -16_000,
    "trusted_schema": 0,
    "temp_store": "memory",
    "secure_delete": 1,  # erased and replaced data is overwritten in the file
}
READ_ONLY = {key: value for key, value in PRAGMAS.items() if key != "journal_mode"}

ANOTHERS_FILE = (
    "{where} belongs to another program. Nothing was changed. Set PANELIST_HOME to another folder."
)

Identity = tuple[int, int, bool]


class SqliteFile(peewee.SqliteDatabase):
    """A file that exists, in WAL mode. A connection never creates it again: what is written to an
    empty one, or to one that was deleted, is lost.

    ``writable``: False opens it for reading only, also on a volume where nothing can be written.
    """

    def __init__(self, file: Path, *, writable: bool = True) -> None:
        self.file = file
        self.writable = writable
        self._opened = threading.local()
        self._last: Identity | None = None
        super().__init__(str(file), pragmas=PRAGMAS if writable else READ_ONLY, uri=True)

    def check(self) -> None:
        """Close this thread's connection if it has another file than the one that is there now. The
        next statement opens that one. Raises DatabaseProblem if there is none."""
        if self.in_transaction():
            return
        identity = self._identity()
        if not self.is_closed() and identity != self._opened.identity:
            self.close()
        if identity is None:
            raise DatabaseProblem(
                f"{self.file} is missing. Panelist saves nothing more until it is back. Put"
                " it back, or start Panelist again."
            )

    def _connect(self) -> sqlite3.Connection:
        self._opened.identity = identity = self._identity()
        self.database = f"file:{quote(os.fsencode(self.file))}?{self._mode()}"
        connection: sqlite3.Connection = super()._connect()  # type: ignore[misc]
        if self._last is not None and identity != self._last:
            self._check_version(connection)
        self._last = identity
        return connection

    def _mode(self) -> str:
        """How SQLite opens it (https://www.sqlite.org/uri.html). Without a journal it cannot read
        a file in WAL mode where it may not create one, unless it is told that no one writes
        (https://www.sqlite.org/wal.html, section 8)."""
        if self.writable:
            return "mode=rw"
        return "mode=ro" if _journal(self.file) else "mode=ro&immutable=1"

    def _identity(self) -> Identity | None:
        """What tells this file from another one, and whether others write to a read-only one."""
        try:
            found = os.stat(self.file)
        except OSError:
            return None
        return found.st_dev, found.st_ino, not self.writable and _journal(self.file)

    def _check_version(self, connection: sqlite3.Connection) -> None:
        """Refuse a replacement that this process cannot go on with. Raises DatabaseProblem."""
        try:
            (version,) = connection.execute("SELECT version FROM schema_version").fetchone()
        except (sqlite3.Error, UnicodeDecodeError, TypeError):
            version = None
        if version != VERSION:
            connection.close()
            raise DatabaseProblem(
                f"{self.file} was replaced by another file. Nothing was changed. Start"
                " Panelist again."
            )


def _journal(file: Path) -> bool:
    return os.path.exists(f"{file}-wal")
