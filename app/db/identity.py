"""Tells a database from its copies: a copy is another file, or another database of a server."""

from __future__ import annotations

import os
from hashlib import sha256

from app.db.errors import DatabaseProblem
from app.db.store import Store


def identity(store: Store) -> str:
    """A name that no copy of the database has. It is another one too once the database was moved to
    another disk or server. Raises DatabaseProblem."""
    found = _of_postgres(store) if store.postgres else _of_file(store)
    return sha256(" ".join(map(str, found)).encode()).hexdigest()[:16]


def _of_file(store: Store) -> tuple[int, ...]:
    """The file system and the inode. The number of a device may change when a computer starts, as
    Btrfs counts its own, so the file system's id comes first."""
    try:
        file, system = os.stat(store.where), os.statvfs(store.where)
    except OSError as error:
        raise DatabaseProblem(
            f"{store.where} is gone ({error.strerror}). Nothing was sent. Put the file back,"
            " then try again."
        ) from error
    return system.f_fsid or file.st_dev, file.st_ino


def _of_postgres(store: Store) -> tuple[object, ...]:
    """The server's data folder and its history, the database, and a table, which a restored dump
    makes again. A standby that takes over begins another history, as it may lack the last writes
    (https://www.postgresql.org/docs/current/functions-info.html, control data functions)."""
    (database, table) = store.row(
        "SELECT (SELECT oid::bigint FROM pg_database WHERE datname = current_database()),"
        " 'ledger_head'::regclass::oid::bigint"
    )
    try:
        (server, history) = store.row(
            "SELECT s.system_identifier, c.timeline_id"
            " FROM pg_control_system() s, pg_control_checkpoint() c"
        )
    except DatabaseProblem:  # a provider that does not allow it
        return database, table
    return server, history, database, table
