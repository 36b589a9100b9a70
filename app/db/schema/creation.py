"""Creates all tables of a new database."""

from __future__ import annotations

import secrets

from peewee import Database, SqliteDatabase, TextField

from app.db.rows import BUILD_HELD
from app.db.schema import VERSION, panel_tables, study_tables, sync_tables

TABLES = panel_tables.TABLES + sync_tables.TABLES + study_tables.TABLES
WITHOUT_ROWID = panel_tables.WITHOUT_ROWID | study_tables.WITHOUT_ROWID


def create(database: Database) -> None:
    """Create every table in an empty database, inside the caller's transaction."""
    sqlite = isinstance(database, SqliteDatabase)
    for model in TABLES:  # SQLite options that other databases do not parse
        model._meta.strict_tables = sqlite
        model._meta.without_rowid = sqlite and model in WITHOUT_ROWID
    with database.bind_ctx(TABLES):
        database.create_tables(TABLES, safe=False)
        panel_tables.SchemaVersion.insert(version=VERSION).execute()
        sync_tables.Syncer.insert(turn=0, who="").execute()
        study_tables.MailboxKey.insert(id=1, key=secrets.token_hex(32)).execute()
    for name, few in (("deleted", "deleted"), ("account", "customer_account IS NOT NULL")):
        database.execute_sql(
            f"CREATE INDEX participant_{name} ON participant (connection_id) WHERE {few}"
        )
    database.execute_sql(BUILD_HELD)
    study_tables.create_indexes(database)
    if not sqlite:
        _compare_bytes(database)


def _compare_bytes(database: Database) -> None:
    """Make PostgreSQL order and compare text like SQLite, whatever the server's locale. This covers
    every column, because columns of different collations cannot use each other's indexes."""
    for model in TABLES:
        changes = [
            f'ALTER "{field.column_name}" TYPE text COLLATE "C"'
            for field in model._meta.sorted_fields
            if isinstance(field, TextField)
        ]
        if changes:
            name = model._meta.table_name
            database.execute_sql(f'ALTER TABLE "{name}" {", ".join(changes)}')
