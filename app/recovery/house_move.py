"""Moves a database from SQLite to PostgreSQL, or back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import paths
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.lease import Lease
from app.db.lock import Lock, LockTaken
from app.db.new_file import new_file
from app.db.store import Store
from app.db.table_copy import copy_tables, is_unused
from app.invites.restore_guard import RestoreGuard
from app.paths import Folders
from app.problems import Problem
from app.recovery.backup import Progress
from app.recovery.replacement import set_aside, unused
from app.settings import Settings


@dataclass(frozen=True)
class Moved:
    """``rows``: by table. ``kept``: where the SQLite file is now that was moved, if it was."""

    rows: dict[str, int]
    target: str
    kept: Path | None = None


def to_postgres(settings: Settings, on_progress: Progress = lambda *_: None) -> Moved:
    """Move the SQLite database of the home folder to the PostgreSQL that the settings name, which
    must be unused. If this ends early, the SQLite database is whole and in use. Raises
    DatabaseProblem, LeaseTaken, Problem and OSError."""
    _need_url(settings)
    file = paths.database(settings.home)
    if not file.exists():
        raise Problem(f"No SQLite database was found at {file}. Nothing was changed.")
    source = open_sqlite(file)
    try:
        target = open_store(settings)
        try:
            if not is_unused(target):
                raise Problem(
                    f"{target.where} is already in use. Nothing was changed. Name another"
                    " database in PANELIST_DATABASE_URL."
                )
            with _quiet(source), _quiet(target), source.transaction():  # no one writes to it
                sure = _not_asked_about(source, settings.folders)
                rows = copy_tables(source, target, on_progress)
                _adopt(target, sure, settings.folders)
        finally:
            target.close()
    finally:
        source.close()
    with unused(file):
        return Moved(rows, target.where, set_aside(file, "moved"))


def to_sqlite(settings: Settings, on_progress: Progress = lambda *_: None) -> Moved:
    """Move the PostgreSQL database that the settings name to SQLite in the home folder, which must
    have none. PostgreSQL keeps what it has. Raises DatabaseProblem, LeaseTaken, Problem and
    OSError."""
    _need_url(settings)
    file = paths.database(paths.make_private(settings.home))
    _drop_unused(file)
    source = open_store(settings)
    try:
        with _quiet(source), new_file(file) as part:
            target = open_sqlite(part)
            try:
                sure = _not_asked_about(source, settings.folders)
                rows = copy_tables(source, target, on_progress)
                _adopt(target, sure, settings.folders)
            finally:
                target.close()
    finally:
        source.close()
    return Moved(rows, str(file))


def _not_asked_about(source: Store, folders: Folders) -> list[int]:
    """The accounts that may send as they are. Another one is asked about on the other side, too."""
    accounts = [account for (account,) in source.rows("SELECT id FROM connection ORDER BY id")]
    guards = {account: RestoreGuard(source, account, folders) for account in accounts}
    return [account for account, guard in guards.items() if guard.suspicion() is None]


def _adopt(target: Store, accounts: list[int], folders: Folders) -> None:
    for account in accounts:
        RestoreGuard(target, account, folders).adopt()


def _need_url(settings: Settings) -> None:
    if not settings.database_url:
        raise Problem(
            "PANELIST_DATABASE_URL is not set. Nothing was changed. Set it to the"
            " PostgreSQL database to move to or from."
        )


def _drop_unused(file: Path) -> None:
    """Remove a SQLite database that has nothing, as a start without PostgreSQL leaves it."""
    if not file.exists():
        return
    found = open_sqlite(file)
    try:
        nothing = is_unused(found)
    finally:
        found.close()
    if nothing:
        with unused(file):
            file.unlink()


@contextmanager
def _quiet(store: Store) -> Iterator[None]:
    """No Panelist syncs or sends inside, as its changes would be left behind. Raises LeaseTaken and
    Problem."""
    sending = Lock(store, "send-lock", 3)
    with Lease(store):
        try:
            sending.take()
        except LockTaken:
            raise Problem(
                f"Another Panelist sends invites from {store.where}. Nothing was changed."
                " Wait until it stops, then try again."
            ) from None
        try:
            yield
        finally:
            sending.free()
