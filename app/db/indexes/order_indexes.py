"""The indexes that give people by name, email or creation in their order.

Sorting a million names takes SQLite seconds and a hundred megabytes; in an index they lie in
order. A first copy does without (each page would write all over them); they are built when it is
complete, by :mod:`app.db.indexes.index_builder`, and until then lists are sorted. They are no
part of the schema: nothing but speed depends on them.
"""

from __future__ import annotations

from app.db.store import Store

COLUMNS = ("name", "email", "created")
_LEAST = -(2**63)


def index(column: str) -> str:
    """The name of the index that has this column's order."""
    return f"participant_by_{column}"


def key(store: Store, column: str) -> str:
    """SQL: what ``participant p`` is ordered by; of a text, the letters A to Z are as a to z."""
    if column == "created":
        return "p.created"
    return f"lower(p.{column})" if store.postgres else f"p.{column} COLLATE NOCASE"


def floor(column: str) -> object:
    """A value below every value of the column's :func:`key` that is not blank."""
    return _LEAST if column == "created" else ""


def ready(store: Store) -> set[str]:
    """The columns whose index is there and complete."""
    rows = store.rows(
        "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE i.indisvalid AND pg_table_is_visible(c.oid)"
        if store.postgres
        else "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'participant'"
    )
    names = {name for (name,) in rows}
    return {column for column in COLUMNS if index(column) in names}


def build(store: Store, column: str) -> None:
    """Have the index of one column. SQLite writes it in one transaction (a million people: a
    second or two, in which whoever writes waits); PostgreSQL beside everybody else's work."""
    if store.postgres:
        # What was left by one that was killed is of no use.
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
