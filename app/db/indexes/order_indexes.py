"""The indexes that list participants in order of name, email or creation time.

Sorting a million names takes SQLite seconds and a hundred megabytes. An index keeps them in order.
A first copy works without these indexes, because each page would write all over them.
:mod:`app.db.indexes.index_builder` builds them once the copy is complete, and until then lists are
sorted. They are not part of the schema, because only speed depends on them.
"""

from __future__ import annotations

from app.db.store import Store

COLUMNS = ("name", "email", "created")
_LEAST = -(2**63)


def index(column: str) -> str:
    """The name of this column's index."""
    return f"participant_by_{column}"


def key(store: Store, column: str) -> str:
    """SQL for the sort key of ``participant p``. Text is ordered with A to Z equal to a to z."""
    if column == "created":
        return "p.created"
    return f"lower(p.{column})" if store.postgres else f"p.{column} COLLATE NOCASE"


def floor(column: str) -> object:
    """A value below every non-blank value of the column's :func:`key`."""
    return _LEAST if column == "created" else ""


def ready(store: Store) -> set[str]:
    """The columns whose index exists and is complete."""
    rows = store.rows(
        "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE i.indisvalid AND pg_table_is_visible(c.oid)"
        if store.postgres
        else "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'participant'"
    )
    names = {name for (name,) in rows}
    return {column for column in COLUMNS if index(column) in names}


def build(store: Store, column: str) -> None:
    """Build the index of one column. SQLite writes it in one transaction, which for a million
    participants blocks other writers for a second or two. PostgreSQL builds it without blocking
    others."""
    if store.postgres:
        # A killed build leaves an unusable index.
        store.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index(column)}")
        store.execute(
            f"CREATE INDEX CONCURRENTLY {index(column)} ON participant"
            f" (connection_id, {key(store, column).replace('p.', '')}, id) WHERE NOT deleted"
        )
        return
    with store.sorting(), store.transaction():
        store.execute(
            f"CREATE INDEX IF NOT EXISTS {index(column)} ON participant"
            f" (connection_id, {key(store, column).replace('p.', '')}) WHERE NOT deleted"
        )
