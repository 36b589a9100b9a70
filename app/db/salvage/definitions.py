"""What a row of each table and an entry of each index consists of: as the damaged file says, or, if
that is damaged too, as this version creates it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import peewee

from app.db.salvage.btree import Cell
from app.db.salvage.records import Value
from app.db.schema import creation

ROWID = "rowid"
_OTHERS = ("participant_search", "search_", "sqlite_")  # tables that are built again
_TYPES: dict[str, tuple[type, ...]] = {"INTEGER": (int,), "TEXT": (str,), "REAL": (float, int)}


class SchemaRow(NamedTuple):
    """A row of ``sqlite_schema``."""

    type: str
    name: str
    table: str
    root: int
    sql: str | None


class Column(NamedTuple):
    """``types``: of its values, empty for a rowid, which the record has as NULL. ``optional``: rows
    that are older than the column lack it."""

    name: str
    types: tuple[type, ...]
    nullable: bool
    optional: bool


@dataclass(frozen=True)
class Tree:
    """A table or an index. ``table``: whose rows it has, None if Panelist can do without.
    ``of_index``: whether its pages are those of an index, as of a table without rowids. ``root``: 0
    if it is unknown. ``key``: the columns that identify a row."""

    name: str
    table: str | None
    is_index: bool
    of_index: bool
    root: int
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()

    def fits(self, cell: Cell) -> bool:
        """Whether a row of this table can have these values."""
        found = cell.values
        if self.table is None:
            return True
        if len(found) > len(self.columns) or (cell.rowid is None) != self.of_index:
            return False
        if len(found) < len(self.columns) and any(
            not column.optional for column in self.columns[len(found) :]
        ):
            return False
        for column, value in zip(self.columns, found, strict=False):
            if value is None:
                if column.types and not column.nullable:
                    return False
            elif not isinstance(value, column.types):
                return False
        return True

    def row(self, cell: Cell) -> dict[str, Value]:
        """The values by column."""
        pairs = zip(self.columns, cell.values, strict=False)
        row = {column.name: value for column, value in pairs if column.types}
        if cell.rowid is not None:
            row[ROWID] = cell.rowid
        return row


def current() -> list[SchemaRow]:
    """The tables and indexes of this version."""
    database = peewee.SqliteDatabase(":memory:")
    with database:
        creation.create(database)
        found = database.execute_sql("SELECT type, name, tbl_name, 0, sql FROM sqlite_schema")
        return [SchemaRow(*row) for row in found.fetchall()]


def trees(found: Iterable[SchemaRow], *, of_earlier: bool = False) -> tuple[list[Tree], list[str]]:
    """(tables and indexes, the statements that create them). ``found``: what could be read.
    ``of_earlier``: it is all that an earlier version had, and no more is needed."""
    here = {(row.type, row.name): row for row in found}
    known = {(row.type, row.name): row for row in current()}
    if of_earlier:
        known = {
            key: row
            for key, row in here.items()
            if key in known or (row.root and not row.name.startswith(_OTHERS))
        }
    with closing(sqlite3.connect(":memory:")) as memory:
        made: list[str | None] = []
        for (kind, name), row in known.items():
            if kind == "table":
                made.append(_create(memory, here.get((kind, name)), row))
        for (kind, name), row in known.items():
            if kind == "index" and row.sql:  # others belong to their table
                other = here.get((kind, name), row)
                made.append(_try(memory, row.sql) or _try(memory, other.sql))
        for (kind, name), row in here.items():
            if kind == "index" and (kind, name) not in known:  # built later, or dropped since
                _try(memory, row.sql)
        roots = {key: row.root for key, row in here.items()}
        tables = [name for kind, name in known if kind == "table"]
        every = [tree for table in tables for tree in _trees_of(memory, table, roots)]
    named = {tree.name for tree in every}
    # A table whose name is damaged is not another one: its pages are recognised by their rows.
    sure = all(tree.root for tree in every if not tree.is_index)
    every += [
        Tree(row.name, None, kind == "index", kind == "index", row.root)
        for (kind, _), row in here.items()
        if row.name not in named and row.root and (sure or row.name.startswith(_OTHERS))
    ]
    return every, [sql for sql in made if sql]


def _create(memory: sqlite3.Connection, found: SchemaRow | None, known: SchemaRow) -> str:
    """Create a table as the file says, if that makes sense, and return the statement for a new
    database. An older table has fewer columns, and those that were added later come last."""
    wanted, drop = known.sql or "", f'DROP TABLE IF EXISTS "{known.name}"'
    memory.execute(wanted)
    expected = _shape(memory, known.name)
    if found is not None and found.sql:
        memory.execute(drop)
        if _try(memory, found.sql) and (shape := _shape(memory, known.name)) and shape <= expected:
            return wanted if shape == expected else found.sql
        memory.execute(drop)
        memory.execute(wanted)
    return wanted


def _shape(memory: sqlite3.Connection, table: str) -> set[tuple[object, ...]]:
    """What a table is made of, in no order."""
    columns = {row[1:] for row in memory.execute(f'PRAGMA table_info("{table}")')}
    references = {row[2:] for row in memory.execute(f'PRAGMA foreign_key_list("{table}")')}
    kinds = {row[4:] for row in memory.execute("PRAGMA table_list") if row[1] == table}
    return columns | references | (kinds if columns else set())


def _try(memory: sqlite3.Connection, sql: str | None) -> str | None:
    try:
        memory.execute(sql or "")
    except (sqlite3.Error, ValueError):
        return None
    return sql


def _trees_of(
    memory: sqlite3.Connection, table: str, roots: dict[tuple[str, str], int]
) -> list[Tree]:
    """The table and its indexes, with their columns in the order in which they are stored."""
    told = memory.execute(f'PRAGMA table_info("{table}")').fetchall()
    (sql,) = memory.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    without_rowid = "WITHOUT ROWID" in sql[sql.rindex(")") :].upper()
    keys = [row[1] for row in sorted(told, key=lambda row: row[5]) if row[5]]
    alias = keys[0] if len(keys) == 1 and not without_rowid else None
    columns = {
        row[1]: Column(
            row[1],
            () if row[1] == alias else _TYPES.get(row[2], ()),
            not row[3],
            not row[3] or row[4] is not None,
        )
        for row in told
    }
    key = tuple(keys) if without_rowid else (ROWID,)
    stored = tuple(columns.values())
    found = []
    for _, name, _, origin, _ in memory.execute(f'PRAGMA index_list("{table}")').fetchall():
        parts = tuple(
            columns[column] if number >= 0 else Column(ROWID, (int,), False, False)
            for _, number, column, *_ in memory.execute(f'PRAGMA index_xinfo("{name}")')
        )
        if without_rowid and origin == "pk":
            stored = parts
        else:
            parts = tuple(
                Column(ROWID, (int,), False, False)
                if part.name == alias
                else part._replace(optional=False)
                for part in parts
            )
            found.append(Tree(name, table, True, True, roots.get(("index", name), 0), parts, key))
    root = roots.get(("table", table), 0)
    return [Tree(table, table, False, without_rowid, root, stored, key), *found]
