"""Moves a database from SQLite to PostgreSQL, or back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app import paths
from app.db.engines.retired_postgres import is_retired, retire, revive
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.lease import Lease
from app.db.new_file import already_there, new_file
from app.db.store import Store
from app.db.table_copy import copy_tables, is_unused, number_of_rows
from app.invites.restore_guard import RestoreGuard
from app.invites.sending.route_locks import are_held
from app.paths import Folders
from app.problems import Problem
from app.recovery.backup import Progress
from app.recovery.panel_comparison import holds
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
    must be unused, or left by an earlier move. Until PostgreSQL has everything, the SQLite database
    is whole and in use, and no one else can open it. Raises DatabaseProblem, LeaseTaken, Problem
    and OSError."""
    _need_url(settings)
    file = paths.database(settings.home)
    if not file.exists():
        raise Problem(
            f"No SQLite database was found at {file}. Nothing was changed. If a move to"
            " PostgreSQL was interrupted, it is complete."
        )
    with unused(file):
        with (
            closing(open_sqlite(file, held=True)) as source,
            closing(open_store(settings)) as target,
            source.transaction(),
        ):
            rows = _fill(source, target, settings.folders, on_progress)
        return Moved(rows, target.where, set_aside(file, "moved"))


def _fill(source: Store, target: Store, folders: Folders, on_progress: Progress) -> dict[str, int]:
    """Copy everything to PostgreSQL, unless an earlier move has."""
    if is_retired(target) and holds(source, target):
        with target.transaction():
            revive(target)
    sure = _not_asked_about(source, folders)
    with Lease(target), target.transaction():
        if is_unused(target, hold_off=True) or not holds(target, source):
            if not is_unused(target) and not holds(source, target):
                raise Problem(
                    f"{target.where} is already in use. Nothing was changed. Name another"
                    " database in PANELIST_DATABASE_URL."
                )
            copy_tables(source, target, on_progress)
        _adopt(target, sure, folders)
        return number_of_rows(target)


def to_sqlite(settings: Settings, on_progress: Progress = lambda *_: None) -> Moved:
    """Move the PostgreSQL database that the settings name to SQLite in the home folder, which must
    have none, or one left by an earlier move. PostgreSQL keeps what it has, but takes no change
    from then on. Until the SQLite database is in its place, PostgreSQL is in use, and whoever
    writes to it waits. Raises DatabaseProblem, LeaseTaken, Problem and OSError."""
    _need_url(settings)
    file = paths.database(paths.make_private(settings.home))
    _drop_unused(file)
    with closing(open_store(settings)) as source, Lease(source), source.transaction():
        sure = _not_asked_about(source, settings.folders)
        retire(source)
        if are_held(source):
            raise Problem(
                f"Another Panelist sends invites from {source.where}. Nothing was changed."
                " Wait until it stops, then try again."
            )
        if file.exists():
            done = _left_by_earlier_move(file, source)
            if done is not None:
                return done
        with new_file(file) as part, closing(open_sqlite(part)) as target:
            rows = copy_tables(source, target, on_progress)
            _adopt(target, sure, settings.folders)
        return Moved(rows, str(file))


def _left_by_earlier_move(file: Path, source: Store) -> Moved | None:
    """The move, if only its last step was missing. A file that lacks something that PostgreSQL got
    since is set aside. Raises DatabaseProblem if it is of another panel."""
    with unused(file):
        with closing(open_sqlite(file, held=True)) as found:
            complete, older = holds(found, source), holds(source, found)
            if complete:
                return Moved(number_of_rows(found), str(file))
        if not older:
            raise already_there(file)
        set_aside(file, "before")
    return None


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
    with unused(file):
        with closing(open_sqlite(file, held=True)) as found:
            nothing = is_unused(found)
        if nothing:
            set_aside(file, "unused").unlink()
