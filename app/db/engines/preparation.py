"""Checks a database when it is opened, and creates its tables or brings them up to date."""

from __future__ import annotations

import peewee

from app.db.engines.postgres import ANOTHERS_DATABASE, NOT_UTF_8
from app.db.engines.sqlite_file import ANOTHERS_FILE, SqliteFile
from app.db.errors import DatabaseProblem, damaged
from app.db.schema import APPLICATION_ID, VERSION

LOOKED_THROUGH = 16 * 2**20  # bytes, about 40 ms


def prepare(database: peewee.Database, where: str) -> bool:
    """Connect to a database and have its tables be of this version. Returns whether it can be
    written.

    Raises DatabaseProblem if it is damaged, newer than the program or another program's, and the
    driver's errors.
    """
    database.connect(reuse_if_open=True)
    if isinstance(database, peewee.PostgresqlDatabase):
        writable = _check_server(database, where)
    else:
        writable = not isinstance(database, SqliteFile) or database.writable
        _check_file(database, where)
    if database.table_exists("schema_version"):
        _check_version(database, where, writable)
    elif not writable:
        raise DatabaseProblem(
            f"{where} has no Panelist tables and cannot be written. Nothing was changed. Make it"
            " writable for you, or set PANELIST_HOME to another folder."
        )
    if writable:
        _create_or_migrate(database, where)
    return writable


def _create_or_migrate(database: peewee.Database, where: str) -> None:
    postgres = isinstance(database, peewee.PostgresqlDatabase)
    with database.atomic() if postgres else database.atomic("IMMEDIATE"):
        if postgres:  # of two first starts at once, one creates and the other waits
            database.execute_sql("SET LOCAL lock_timeout = 0")
            database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (APPLICATION_ID,))
        if database.table_exists("schema_version"):
            if (version := _version(database, where)) != VERSION:
                from app.db.migrations import migrate  # rarely needed, and slow to import

                migrate(database, version)
            return
        if database.get_tables() and not postgres:
            raise DatabaseProblem(ANOTHERS_FILE.format(where=where))
        from app.db.schema.creation import create  # 30 models, only for a new database

        create(database)
        if not postgres:
            database.execute_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def _check_server(database: peewee.Database, where: str) -> bool:
    """Refuse a database that cannot store every name. Find out whether it can be written, which a
    standby cannot, and whether a pooler dropped what we set at connecting."""
    encoding, read_only, plans = (
        shown.decode() if isinstance(shown, bytes) else shown  # bytes with SQL_ASCII
        for shown in database.execute_sql(
            "SELECT current_setting('server_encoding'),"
            " current_setting('transaction_read_only'), current_setting('plan_cache_mode')"
        ).fetchone()
    )
    if encoding != "UTF8":
        raise DatabaseProblem(NOT_UTF_8.format(where=where, encoding=encoding))
    if plans == "auto":
        database.pooled = True  # type: ignore[attr-defined]
        database.close()  # the next connection knows it
    return bool(read_only != "on")


def _check_file(database: peewee.Database, where: str) -> None:
    """Refuse a damaged file. Checking a million customers would take a second, so damage in a large
    file is reported when it is found."""
    (pages,) = database.execute_sql("PRAGMA page_count").fetchone()
    (size,) = database.execute_sql("PRAGMA page_size").fetchone()
    if pages * size <= LOOKED_THROUGH:
        (damage,) = database.execute_sql("PRAGMA quick_check(1)").fetchone()
        if damage != "ok":
            raise DatabaseProblem(damaged(where))


def _version(database: peewee.Database, where: str) -> int:
    """The version of the tables. Other programs have a table of that name, too."""
    try:
        rows = database.execute_sql("SELECT version FROM schema_version").fetchall()
    except peewee.DatabaseError as error:
        if "column" not in str(error):
            raise
        rows = []
    if len(rows) != 1 or not isinstance(rows[0][0], int):
        postgres = isinstance(database, peewee.PostgresqlDatabase)
        cure = ANOTHERS_DATABASE if postgres else ANOTHERS_FILE
        raise DatabaseProblem(cure.format(where=where))
    return int(rows[0][0])


def _check_version(database: peewee.Database, where: str, writable: bool) -> None:
    """Refuse a newer database. Keep a copy of an older one before it is changed."""
    version = _version(database, where)
    if version > VERSION:
        raise DatabaseProblem(
            f"{where} was written by a newer Panelist (its version is {version}, this program knows"
            f" {VERSION}). Nothing was changed. Update Panelist."
        )
    if version < VERSION and not writable:
        raise DatabaseProblem(
            f"{where} was written by an earlier Panelist and must be updated, but it cannot be"
            " written. Nothing was changed. Make it writable for you."
        )
    if version < VERSION and not isinstance(database, peewee.PostgresqlDatabase):
        from app.db.migrations import keep_copy

        keep_copy(database, where, version)
