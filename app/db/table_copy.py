"""Copies every row of a database to another, from SQLite or PostgreSQL to either.

Which tables and columns there are, only :mod:`app.db.schema` says. What a database can build again,
such as what lists and search go by, is not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from peewee import BigAutoField, BooleanField, IntegerField

from app.db.errors import DatabaseProblem
from app.db.indexes import subscription_indexes
from app.db.schema.creation import TABLES
from app.db.schema.panel_tables import StoredModel
from app.db.store import Row, Store

CHUNK = 2_000  # rows in memory
_MADE = {"schema_version", "syncer", "mailbox_key"}  # rows that every database has


def is_unused(store: Store) -> bool:
    """Whether a database has only what every new one has. Raises DatabaseProblem."""
    return not any(
        store.rows(f'SELECT 1 FROM "{table}" LIMIT 1')
        for table in map(_name, TABLES)
        if table not in _MADE
    )


def copy_tables(
    source: Store, target: Store, on_progress: Callable[[str, int], None] = lambda *_: None
) -> dict[str, int]:
    """Replace everything in ``target`` by what ``source`` has, in one transaction, and return the
    number of rows by table. ``source`` is read as it is at one moment, while others may write to
    it. ``on_progress`` is called with a table and the number of its rows so far. Raises
    DatabaseProblem, and then ``target`` is as it was."""
    copied: dict[str, int] = {}
    with source.snapshot(), target.transaction():
        for model in reversed(TABLES):
            target.execute(f'DELETE FROM "{_name(model)}"')
        if subscription_indexes.left_out(source):  # a subscription may be there twice
            subscription_indexes.leave_out(target)
        for model in TABLES:
            copied[_name(model)] = _copy(source, target, model, on_progress)
        target.execute("UPDATE syncer SET who = ''")
        if target.postgres:
            _continue_numbers(target)
    target.analyze()
    return copied


def _copy(
    source: Store, target: Store, model: type[StoredModel], on_progress: Callable[[str, int], None]
) -> int:
    fields = model._meta.sorted_fields
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    flags = [place for place, field in enumerate(fields) if isinstance(field, BooleanField)]
    table, number = _name(model), 0
    for rows in _chunks(source, model, columns):
        if target.postgres and not source.postgres:  # SQLite has no truth values
            rows = [_with_flags(row, flags) for row in rows]
        target.insert(f'"{table}" ({columns})', rows)
        number += len(rows)
        on_progress(table, number)
    (there,) = target.row(f'SELECT count(*) FROM "{table}"')
    if there != number:
        raise DatabaseProblem(f"Not every row of {table} could be copied. Nothing was changed.")
    return number


def _chunks(source: Store, model: type[StoredModel], columns: str) -> Iterator[list[Row]]:
    """The rows in the order of their key, some at a time."""
    names = [field.column_name for field in model._meta.sorted_fields]
    key = [field.column_name for field in model._meta.get_primary_keys()]
    places = [names.index(name) for name in key]
    quoted = ", ".join(f'"{name}"' for name in key)
    after, last = "", ()
    while True:
        rows = source.rows(
            f'SELECT {columns} FROM "{_name(model)}"{after} ORDER BY {quoted} LIMIT {CHUNK}', last
        )
        if rows:
            yield rows
        if len(rows) < CHUNK:
            return
        last = tuple(rows[-1][place] for place in places)
        after = f" WHERE ({quoted}) > ({', '.join('?' * len(key))})"


def _with_flags(row: Row, flags: list[int]) -> Row:
    values = list(row)
    for place in flags:
        values[place] = bool(values[place])
    return tuple(values)


def _continue_numbers(target: Store) -> None:
    """Let the next row of each table get a number that is not used."""
    for model in TABLES:
        key = model._meta.primary_key
        if isinstance(key, (BigAutoField, IntegerField)) and not model._meta.composite_key:
            table, column = _name(model), key.column_name
            (sequence,) = target.row("SELECT pg_get_serial_sequence(?, ?)", (f'"{table}"', column))
            if sequence:
                target.row(
                    f'SELECT setval(?::regclass, coalesce((SELECT max("{column}") FROM "{table}"),'
                    " 0) + 1, false)",
                    (sequence,),
                )


def _name(model: type[StoredModel]) -> str:
    return str(model._meta.table_name)
