"""Puts a backup, or a salvaged database, into use."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app import paths
from app.db.engines.retired_postgres import revive
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.errors import DatabaseProblem, explained
from app.db.new_file import new_file, only_writer
from app.db.store import Store
from app.db.table_copy import copy_tables, is_unused
from app.invites import erasure
from app.invites.errors import RestoreSuspected
from app.invites.restore_guard import RestoreGuard, mark_as_copy
from app.problems import Problem
from app.recovery.backup import back_up, default_file
from app.recovery.known_here import CarriedOver, carry_over
from app.recovery.replacement import replace, unused
from app.settings import Settings


@dataclass
class Restored:
    """``kept``: where the database is that was in use before, if there was one. ``unread``: that
    one could not be read, so what it knows of opt-outs and erasures is not carried over.
    ``questions``: what the guard of each account wants to know before the database sends."""

    kept: Path | None = None
    unread: bool = False
    carried: CarriedOver = field(default_factory=CarriedOver)
    questions: list[str] = field(default_factory=list)


def restore(settings: Settings, file: Path, *, replacing: bool) -> Restored:
    """Put the database in ``file`` into use. ``file`` stays. ``replacing``: whether a database that
    is in use is replaced, and kept beside. If this ends early, that one is whole and in use. Raises
    DatabaseProblem, Problem and OSError."""
    done = Restored()
    with _staged(settings, file) as staged:
        if settings.database_url:
            _into_postgres(settings, staged, done, replacing)
        else:
            _into_place(settings.home, staged, done, replacing)
    store = open_store(settings)
    try:
        erasure.perform(store, settings.folders)
        if store.rows("SELECT 1 FROM invite LIMIT 1"):
            mark_as_copy(store, int(file.stat().st_mtime))
        for (account,) in store.rows("SELECT id FROM connection ORDER BY id"):
            try:
                RestoreGuard(store, account, settings.folders).check()
            except RestoreSuspected as why:
                done.questions.append(str(why))
    finally:
        store.close()
    return done


@contextmanager
def _staged(settings: Settings, file: Path) -> Iterator[Path]:
    """A copy of ``file`` in the home folder, checked and of this version. It is deleted unless it
    was moved away."""
    if not file.is_file():
        raise Problem(f"File not found: {file}. Nothing was changed.")
    if paths.is_database(file, {"PANELIST_HOME": str(settings.home)}):
        raise Problem(f"{file} is the database in use. Nothing was changed.")
    staged = paths.make_private(settings.home) / "panelist.db.restored"
    with ExitStack() as held:
        held.enter_context(only_writer(staged))
        staged.unlink(missing_ok=True)  # left by a killed process
        held.callback(staged.unlink, missing_ok=True)
        with new_file(staged) as part:
            with explained(str(file)), closing(_only_read(file)) as given:
                given.execute("VACUUM INTO ?", (str(part),))
            with explained(str(file)), closing(sqlite3.connect(part)) as copy:
                (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
                known = copy.execute(
                    "SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'"
                ).fetchone()
            if found != "ok":
                raise DatabaseProblem(f"{file} is damaged ({found}). Nothing was changed.")
            if known is None:
                raise Problem(f"{file} is not a Panelist database. Nothing was changed.")
            try:
                open_sqlite(part).close()  # brings it up to date
            except DatabaseProblem as problem:
                raise DatabaseProblem(str(problem).replace(str(part), str(file))) from problem
        yield staged


def _only_read(file: Path) -> sqlite3.Connection:
    """Open a file that must stay as it is. What its log has belongs to it. Without one it can be on
    a read-only disk, and only a journal that must be rolled back needs a change."""
    if file.with_name(f"{file.name}-journal").exists():
        return sqlite3.connect(file)
    logged = any(file.with_name(file.name + suffix).exists() for suffix in ("-wal", "-shm"))
    how = "mode=ro" if logged else "immutable=1"
    return sqlite3.connect(f"{file.resolve().as_uri()}?{how}", uri=True)


def _into_place(home: Path, staged: Path, done: Restored, replacing: bool) -> None:
    file = paths.database(home)
    with unused(file):
        current = _current(file)
        used = file.exists() and (current is None or not is_unused(current))
        done.unread = file.exists() and current is None
        try:
            if used and not replacing:
                raise _asks(str(file))
            if current is not None:
                _carry(current, staged, done, held=True)
        finally:
            if current is not None:
                current.close()
        done.kept = replace(file, staged)
        if not used and done.kept is not None:
            done.kept.unlink()
            done.kept = None


def _into_postgres(settings: Settings, staged: Path, done: Restored, replacing: bool) -> None:
    current = open_store(settings)
    try:
        if not is_unused(current):
            if not replacing:
                raise _asks(current.where)
            done.kept = default_file(settings.home)
            back_up(current, done.kept)
            _carry(current, staged, done)
        source = open_sqlite(staged)
        try:
            with current.transaction():
                revive(current)
                copy_tables(source, current)
        finally:
            source.close()
    finally:
        current.close()


def _carry(current: Store, staged: Path, done: Restored, *, held: bool = False) -> None:
    older = open_sqlite(staged, held=held)
    try:
        done.carried = carry_over(current, older)
        older.database.execute_sql("PRAGMA journal_mode = delete")
    finally:
        older.close()


def _current(file: Path) -> Store | None:
    """The database in use, or None if there is none or it cannot be read."""
    if not file.exists():
        return None
    with suppress(DatabaseProblem):
        return open_sqlite(file, held=True)
    return None


def _asks(where: str) -> Problem:
    return Problem(
        f"{where} is in use. Nothing was changed. Use --replace to replace it. Its file is kept."
    )
