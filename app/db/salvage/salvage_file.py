"""Saves the rows of a damaged SQLite file to a new one."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from app.db.errors import DatabaseProblem
from app.db.salvage.btree import Cell, Page, read
from app.db.salvage.definitions import ROWID, Tree, trees
from app.db.salvage.page_file import PageFile
from app.db.salvage.page_owners import PageOwners, fits, schema_rows
from app.db.salvage.records import Value
from app.db.schema import APPLICATION_ID, VERSION

_SHORT = 0.1
_AT_ONCE = 200  # keys in a statement

Row = dict[str, Value]
Key = tuple[Value, ...]
_LIKELY = 0.6  # of the references, in a page that is taken for one of a table or an index


@dataclass
class Salvage:
    """``partial``: of each table the rows that only indexes have, by key, with what these know.
    ``unreadable``: of each table, how many cells of its pages could not be read. ``lost_pages``:
    pages that should be there and could not be read, of tables and indexes."""

    version: int = VERSION
    pages: int = 0
    lost_pages: int = 0
    log_damaged: bool = False
    partial: dict[str, dict[Key, Row]] = field(default_factory=lambda: defaultdict(dict))
    unreadable: Counter[str] = field(default_factory=Counter)


def salvage(file: Path, into: Path) -> Salvage:
    """Save every readable row of ``file`` in the empty file ``into``, whose foreign keys may name
    rows that were lost. Raises OSError and DatabaseProblem."""
    pages = PageFile(file)
    try:
        found = schema_rows(pages)
        every, statements = trees(found)
        version = _version(pages, every)
        if version > VERSION:
            raise DatabaseProblem(
                f"{file} was written by a newer Panelist (its version is {version}, this"
                f" program knows {VERSION}). Nothing was changed. Update Panelist."
            )
        with closing(sqlite3.connect(into, isolation_level=None)) as database:
            return _Rescue(pages, every, database).run(statements, version)
    finally:
        pages.close()


class _Rescue:
    def __init__(self, file: PageFile, every: Sequence[Tree], database: sqlite3.Connection) -> None:
        self._file, self._trees, self._database = file, every, database
        self._owners = PageOwners(file, every)
        self._found = Salvage(pages=file.count)
        self._refused: list[tuple[Tree, Row]] = []

    def run(self, statements: Sequence[str], version: int) -> Salvage:
        run = self._database.execute
        run("PRAGMA journal_mode = off")  # a killed salvage is started again
        run("PRAGMA synchronous = off")
        run("PRAGMA secure_delete = 1")
        run("PRAGMA cache_size = -64000")
        run("BEGIN")
        later = [one for one in statements if one.upper().startswith("CREATE INDEX")]
        for statement in statements:
            if statement not in later:
                run(statement)
        for tree in self._trees:
            if not tree.is_index:
                self._save_clean_first(tree)
        for tree in self._trees:
            if tree.is_index:
                for _ in self._owners.pages_below(tree):
                    pass
        for number, page in self._owners.unowned():  # those of which it is clear, first
            self._place(number, page, only_clear=True)
        for number, page in self._owners.unowned():
            self._place(number, page)
        for tree, page in self._owners.owned():
            self._note_missing(tree, page)
        self._settle_refused()
        for statement in later:
            run(statement)
        run("DELETE FROM schema_version")
        run("INSERT INTO schema_version (version) VALUES (?)", (version,))
        run(f"PRAGMA application_id = {APPLICATION_ID}")
        run("COMMIT")
        self._found.version = version
        self._found.lost_pages = self._owners.lost
        self._found.log_damaged = self._file.log_damaged
        return self._found

    def _save_clean_first(self, tree: Tree) -> None:
        """A damaged row may have another row's key. The first one is kept."""
        damaged = [
            number
            for number, page in self._owners.pages_below(tree)
            if not self._save(tree, page, only_clean=True)
        ]
        for number in damaged:
            page = read(self._file.page, number)
            if page is not None:
                self._save(tree, page)

    def _save(self, tree: Tree, page: Page, *, only_clean: bool = False) -> bool:
        """Save the rows of a page. Returns False, and saves none, if ``only_clean`` and one
        cannot be read."""
        if tree.table is None:
            return True
        good = [cell for cell in page.cells if tree.fits(cell)]
        bad = page.unreadable + len(page.cells) - len(good)
        if bad and only_clean:
            return False
        if bad:
            self._found.unreadable[tree.table] += bad
            self._owners.incomplete.add(tree.table)
        for row in map(tree.row, good):
            if not put(self._database, tree.table, row):
                self._refused.append((tree, row))
                self._owners.incomplete.add(tree.table)
        return True

    def _place(self, number: int, page: Page, *, only_clear: bool = False) -> None:
        """Find out whose page this is that no tree leads to: its rows fit one table, or what they
        refer to decides."""
        if not page.cells:
            return
        candidates = [tree for tree in self._trees if tree.table and fits(tree, page)]
        clear = len(candidates) == 1 and not candidates[0].is_index
        if not candidates or (only_clear and not clear):
            return
        if not clear:
            scores = {tree.name: self._likelihood(tree, page) for tree in candidates}
            candidates.sort(key=lambda tree: scores[tree.name], reverse=True)
            if scores[candidates[0].name] < _LIKELY:
                return
        self._owners.give(number, candidates[0])
        if not candidates[0].is_index:
            self._save(candidates[0], page)

    def _likelihood(self, tree: Tree, page: Page) -> float:
        """How many of the rows that these refer to are there. An index says the same as its table.
        Rows that lack a column are likelier to be another's."""
        if tree.is_index and (agreeing := self._agreeing(tree, page)) > _LIKELY:
            return 1 + agreeing
        short = not tree.is_index and any(
            len(cell.values) < len(tree.columns) for cell in page.cells
        )
        return self._referring(tree, page) - _SHORT * short

    def _agreeing(self, tree: Tree, page: Page) -> float:
        """The share of the entries that say the same as the rows of the table."""
        cells = [cell for cell in page.cells if tree.fits(cell)]
        return sum(self._agrees(tree, cell) for cell in cells) / (len(page.cells) or 1)

    def _agrees(self, tree: Tree, cell: Cell) -> bool:
        row = tree.row(cell)
        where = " AND ".join(f'"{column}" IS ?' for column in row)
        return bool(
            self._database.execute(
                f'SELECT 1 FROM "{tree.table}" WHERE {where}', list(row.values())
            ).fetchone()
        )

    def _referring(self, tree: Tree, page: Page) -> float:
        """The share of references that name a row which was saved. A table of which a page is lost
        has not every row."""
        references = [
            one
            for one in references_of(self._database, tree.table or "")
            if one[1] not in self._owners.incomplete
        ]
        named = there = 0
        for row in (tree.row(cell) for cell in page.cells if tree.fits(cell)):
            for column, parent, target in references:
                if row.get(column) is not None:
                    named += 1
                    there += bool(
                        self._database.execute(
                            f'SELECT 1 FROM "{parent}" WHERE "{target}" = ?', (row[column],)
                        ).fetchone()
                    )
        return there / named if named else _LIKELY

    def _note_missing(self, tree: Tree, page: Page) -> None:
        """Note what an index knows of rows that the table does not have."""
        assert tree.table is not None
        rows = [tree.row(cell) for cell in page.cells if tree.fits(cell)]
        known = {tuple(row[column] for column in tree.key): row for row in rows}
        keys = list(known)
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            columns = ", ".join(f'"{column}"' for column in tree.key)
            marks = ", ".join([f"({', '.join('?' * len(tree.key))})"] * len(some))
            there = self._database.execute(
                f'SELECT {columns} FROM "{tree.table}" WHERE ({columns}) IN (VALUES {marks})',
                [value for key in some for value in key],
            )
            for key in set(some) - set(there.fetchall()):
                self._found.partial[tree.table].setdefault(key, {}).update(known[key])

    def _settle_refused(self) -> None:
        """Of two rows with the same unique values, one is damaged: not the one that the indexes
        know like that."""
        for tree, row in self._refused:
            assert tree.table is not None
            missing = self._found.partial[tree.table]
            key = tuple(row[column] for column in tree.key)
            known = missing.get(key, {})
            if known and all(row.get(column) == value for column, value in known.items()):
                put(self._database, tree.table, row, "REPLACE")
                del missing[key]
                self._found.unreadable[tree.table] += 1


def put(database: sqlite3.Connection, table: str, row: Row, otherwise: str = "IGNORE") -> bool:
    """Insert a row unless one with its key is there. Returns whether it was inserted."""
    columns = ", ".join(f'"{column}"' for column in row)
    marks = ", ".join("?" * len(row))
    try:
        cursor = database.execute(
            f'INSERT OR {otherwise} INTO "{table}" ({columns}) VALUES ({marks})', list(row.values())
        )
    except (sqlite3.IntegrityError, sqlite3.OperationalError, UnicodeEncodeError):
        return False
    return cursor.rowcount > 0


def references_of(database: sqlite3.Connection, table: str) -> list[tuple[str, str, str]]:
    """(column, table, column) of each reference of a table to another."""
    told = database.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()
    return [(column, parent, target or ROWID) for _, _, parent, column, target, *_ in told]


def _version(file: PageFile, every: Sequence[Tree]) -> int:
    """The version of the tables, or this program's if it cannot be read."""
    owners = PageOwners(file, every)
    (tree,) = (tree for tree in every if tree.name == "schema_version")
    for _, page in owners.pages_below(tree):
        for cell in page.cells:
            if tree.fits(cell) and isinstance(cell.values[1], int) and cell.values[1] > 0:
                return cell.values[1]
    return VERSION
