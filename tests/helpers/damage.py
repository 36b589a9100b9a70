"""Damages a SQLite file in the ways of disks and people, and knows what must survive."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from app.db.salvage import btree
from app.db.salvage.definitions import ROWID, Tree, trees
from app.db.salvage.page_file import PageFile
from app.db.salvage.page_owners import PageOwners, schema_rows

KINDS = ("bytes", "zeroed", "truncated", "inner pages", "header", "page shuffled")
Row = frozenset[tuple[str, object]]
Rows = dict[str, set[Row]]


def damage(content: bytes, kind: str, chance: random.Random, size: int = 4096) -> bytes:
    """A damaged copy of a file."""
    found, pages = bytearray(content), len(content) // size
    some = [chance.randrange(pages) for _ in range(chance.choice((1, 3, 10, 30)))]
    if kind == "bytes":
        for _ in range(chance.choice((1, 10, 100, 400))):
            found[chance.randrange(len(found))] = chance.randrange(256)
    elif kind == "zeroed":
        for page in some:
            found[page * size : (page + 1) * size] = bytes(size)
    elif kind == "truncated":
        del found[chance.randrange(size, len(found)) :]
    elif kind == "inner pages":
        for page in range(pages):
            at = page * size + (100 if page == 0 else 0)
            if found[at] in (btree.TABLE_INTERIOR, btree.INDEX_INTERIOR) and chance.random() < 0.6:
                found[page * size : (page + 1) * size] = chance.randbytes(size)
    elif kind == "header":
        end = chance.choice((100, size))
        found[:end] = chance.randbytes(end)
    else:
        for page in some:
            found[page * size : (page + 1) * size] = chance.randbytes(size)
    return bytes(found)


class Truth:
    """Which rows lie on which pages of an intact file, as the file that SQLite wrote has them."""

    def __init__(self, file: Path) -> None:
        self.file, self.content = file, file.read_bytes()
        self._rows: list[tuple[Tree, Row, frozenset[int]]] = []
        with closing(PageFile(file)) as pages:
            self.size, used = pages.size, set[int]()

            def noted(number: int) -> bytes | None:
                used.add(number)
                return pages.page(number)

            self.trees, _ = trees(schema_rows(pages))
            for tree in (one for one in self.trees if one.table and not one.is_index):
                for number, page in PageOwners(pages, self.trees).pages_below(tree):
                    used.clear()
                    btree.read(noted, number)  # with the overflow pages of its rows
                    self._rows += [
                        (tree, frozenset(tree.row(cell).items()), frozenset(used))
                        for cell in page.cells
                    ]

    def intact(self, damaged: bytes) -> Rows:
        """By table, the rows all of whose pages are as they were."""
        size = self.size
        changed = {
            number + 1
            for number in range(len(self.content) // size)
            if self.content[number * size : (number + 1) * size]
            != damaged[number * size : (number + 1) * size]
        }
        found: Rows = {tree.name: set() for tree in self.trees if tree.table and not tree.is_index}
        for tree, row, pages in self._rows:
            if not pages & changed:
                found[tree.name].add(row)
        return found

    def pages_of(self, names: set[str]) -> set[int]:
        """The pages of these tables and indexes."""
        with closing(PageFile(self.file)) as pages:
            owners = PageOwners(pages, self.trees)
            return {
                number
                for tree in self.trees
                if tree.name in names
                for number, _ in owners.pages_below(tree)
            }

    def without(self, names: set[str]) -> bytes:
        """The file with zeros for each page of these tables and indexes."""
        found = bytearray(self.content)
        for page in self.pages_of(names):
            found[(page - 1) * self.size : page * self.size] = bytes(self.size)
        return bytes(found)

    def of_table(self, table: str) -> set[str]:
        """The names of a table and its indexes."""
        return {tree.name for tree in self.trees if tree.table == table}

    def rows_of(self, file: Path) -> Rows:
        """By table, the rows that SQLite reads from a file."""
        found = Rows()
        with closing(sqlite3.connect(file)) as database:
            database.row_factory = sqlite3.Row
            for tree in (one for one in self.trees if one.table and not one.is_index):
                names = [f'"{column.name}"' for column in tree.columns if column.types]
                rowid = ["rowid AS rowid"] if tree.key == (ROWID,) else []
                rows = database.execute(f'SELECT {", ".join(rowid + names)} FROM "{tree.name}"')
                found[tree.name] = {frozenset(dict(row).items()) for row in rows}
        return found
