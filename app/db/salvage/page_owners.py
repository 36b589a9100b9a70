"""Which page belongs to which table or index."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence

from app.db.salvage import btree
from app.db.salvage.btree import INDEX_INTERIOR, INDEX_LEAF, TABLE_INTERIOR, TABLE_LEAF, Page
from app.db.salvage.definitions import SchemaRow, Tree
from app.db.salvage.page_file import PageFile

_NONE = -1
_GLANCE = 5  # cells, to recognise a page
_SAMPLE = 20  # cells, to see whether a page is one of a table
_FITTING = 0.6  # of the cells, in a page that is taken for one of a table


def schema_rows(file: PageFile) -> list[SchemaRow]:
    """The rows of ``sqlite_schema``, wherever its pages are: the first, which leads to them, may be
    lost."""
    found = []
    for number in range(1, file.count + 1):
        page = btree.read(file.page, number, _GLANCE)
        if page is None or page.kind != TABLE_LEAF or not any(map(_is_schema, page.cells)):
            continue
        page = btree.read(file.page, number) or page
        for _, values in page.cells:
            match values:
                case ["table" | "index" as kind, str(name), str(table), int(root), str() | None]:
                    sql = values[4]
                    assert sql is None or isinstance(sql, str)
                    found.append(SchemaRow(kind, name, table, root, sql))
    return found


def _is_schema(cell: btree.Cell) -> bool:
    return len(cell.values) == 5 and cell.values[0] in ("table", "index", "trigger", "view")


class PageOwners:
    """``lost``: how many pages should belong to something and could not be read. ``incomplete``:
    the tables of which a page or a row is among them."""

    def __init__(self, file: PageFile, trees: Sequence[Tree]) -> None:
        self._file, self._trees = file, trees
        self._numbers = {tree.name: number for number, tree in enumerate(trees)}
        self._owners = array("h", [_NONE]) * (file.count + 1)
        self._free = _free_pages(file)
        self.lost = 0
        self.incomplete = {tree.name for tree in trees if not tree.root}

    def pages_below(self, tree: Tree) -> Iterator[tuple[int, Page]]:
        """Follow a tree from its root. Each page belongs to it from now on. A page that does not
        look like one of it was reached by a damaged pointer, or is damaged."""
        waiting = [tree.root] if tree.root else []
        seen = set()
        kinds = (INDEX_LEAF, INDEX_INTERIOR) if tree.of_index else (TABLE_LEAF, TABLE_INTERIOR)
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            page = btree.read(self._file.page, number, _GLANCE if tree.is_index else None)
            if tree.table is None and page is not None and number == tree.root:
                kinds = (page.kind, {13: 5, 5: 13, 10: 2, 2: 10}[page.kind])
            if page is None or page.kind not in kinds or not fits(tree, page):
                self.lost += 1
                self.incomplete.add(tree.name)
                continue
            if self._owners[number] == _NONE:
                self.give(number, tree)
                waiting += page.children
                yield number, page

    def give(self, number: int, tree: Tree) -> None:
        """Let a page belong to a tree."""
        self._owners[number] = self._numbers[tree.name]

    def unowned(self) -> Iterator[tuple[int, Page]]:
        """Pages with rows that no tree leads to, because a page above them is lost. The newest come
        first."""
        left = (
            number
            for number in range(2, self._file.count + 1)
            if self._owners[number] == _NONE and number not in self._free
        )
        for number in sorted(left, key=self._file.age, reverse=True):
            page = btree.read(self._file.page, number)
            if page is not None and page.cells:
                yield number, page

    def owned(self) -> Iterator[tuple[Tree, Page]]:
        """Every page that belongs to an index of an incomplete table."""
        for number, owner in enumerate(self._owners):
            tree = self._trees[owner]
            if owner != _NONE and tree.is_index and tree.table in self.incomplete:
                page = btree.read(self._file.page, number)
                if page is not None:
                    yield tree, page


def fits(tree: Tree, page: Page) -> bool:
    """Whether most of a page's cells can be of this table or index."""
    some = page.cells[:_SAMPLE]
    total = len(some) + min(page.unreadable, _SAMPLE)
    return sum(map(tree.fits, some)) >= total * _FITTING


def _free_pages(file: PageFile) -> set[int]:
    """The pages that the list of unused ones names (section 1.4)."""
    free: set[int] = set()
    first = file.page(1)
    number = struct.unpack(">I", first[32:36])[0] if first else 0
    while number not in free and (trunk := file.page(number)) is not None:
        following, count = struct.unpack(">II", trunk[:8])
        if count > file.size // 4 - 2 or following > file.count:
            break
        free |= {number, *struct.unpack(f">{count}I", trunk[8 : 8 + 4 * count])}
        number = following
    return free
