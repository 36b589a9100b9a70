"""Reads the cells of a page of a table or an index, one by one, so that a damaged cell does not end
the others."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.db.salvage.records import Unreadable, Value, decoded, varint

TABLE_LEAF, TABLE_INTERIOR, INDEX_LEAF, INDEX_INTERIOR = 13, 5, 10, 2
KINDS = (TABLE_LEAF, TABLE_INTERIOR, INDEX_LEAF, INDEX_INTERIOR)
_RANKS = {type(None): 0, int: 1, float: 1, str: 2, bytes: 3}
HEADER = 100  # bytes at the beginning of page 1

Pages = Callable[[int], bytes | None]


class Cell(NamedTuple):
    """A row or an entry. ``rowid``: None on a page of an index."""

    rowid: int | None
    values: list[Value]


@dataclass
class Page:
    """``children``: the pages below an interior page. ``unreadable``: how many of its cells are,
    also because they are not in their place."""

    kind: int
    cells: list[Cell] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    unreadable: int = 0


def fills_page(content: bytes) -> bool:
    """Whether this is a page of a table or an index, and all of it. Cells are stored from its end
    (section 1.6), so in a part of a page they are beyond it, and in several none is near the
    end."""
    return max(_pointers(content, 0), default=0) > len(content) // 2


def read(pages: Pages, number: int, most: int | None = None) -> Page | None:
    """The page of a table or an index with this number, or None if it is none. ``most``: how many
    of its cells to read at most, None for all."""
    content = pages(number)
    if content is None:
        return None
    start = HEADER if number == 1 else 0
    if content[start] not in KINDS:
        return None
    page = Page(content[start])
    for place, pointer in enumerate(_pointers(content, start)):
        try:
            _read_cell(page, pages, content, pointer, wanted=most is None or place < most)
        except Unreadable:
            page.unreadable += 1
    ordered = [cell for place, cell in enumerate(page.cells) if _in_order(page.cells, place)]
    page.unreadable += len(page.cells) - len(ordered)
    page.cells = ordered
    if page.kind in (TABLE_INTERIOR, INDEX_INTERIOR):
        page.children.append(struct.unpack(">I", content[start + 8 : start + 12])[0])
    return page


def _in_order(cells: list[Cell], place: int) -> bool:
    """Whether a cell is between its neighbours. Its key is damaged if it is not, but they are in
    order without it."""
    key = _key(cells[place])
    before = _key(cells[place - 1]) if place else None
    after = _key(cells[place + 1]) if place + 1 < len(cells) else None
    if before is not None and after is not None:
        return before < key < after or not before < after
    if after is not None:
        return key < after or len(cells) < 3 or not after < _key(cells[2])
    if before is not None:
        return before < key or len(cells) < 3 or not _key(cells[-3]) < before
    return True


def _key(cell: Cell) -> list[tuple[int, Any]]:
    """What the cells of a page are sorted by: NULL, numbers, texts, bytes (section 2)."""
    if cell.rowid is not None:
        return [(1, cell.rowid)]
    return [(_RANKS[type(value)], value if value is not None else 0) for value in cell.values]


def _pointers(content: bytes, start: int) -> list[int]:
    """Where the cells begin. A number of cells that cannot be is no page's."""
    if content[start] not in KINDS:
        return []
    (number,) = struct.unpack(">H", content[start + 3 : start + 5])
    first = start + (12 if content[start] in (TABLE_INTERIOR, INDEX_INTERIOR) else 8)
    if first + 2 * number > len(content):
        return []
    found = struct.unpack(f">{number}H", content[first : first + 2 * number])
    least = first + 2 * number
    inside = [pointer for pointer in found if least <= pointer <= len(content) - 3]
    return inside if len(inside) * 2 >= number else []


def _read_cell(page: Page, pages: Pages, content: bytes, at: int, *, wanted: bool) -> None:
    """Add what is at this position to the page. Raises Unreadable."""
    if page.kind in (TABLE_INTERIOR, INDEX_INTERIOR):
        if at + 4 > len(content):
            raise Unreadable
        page.children.append(struct.unpack(">I", content[at : at + 4])[0])
        at += 4
    if page.kind == TABLE_INTERIOR or not wanted:
        return
    size, at = varint(content, at)
    rowid = None
    if page.kind == TABLE_LEAF:
        rowid, at = varint(content, at)
    payload = _payload(pages, content, at, size, of_table=page.kind == TABLE_LEAF)
    page.cells.append(Cell(rowid, decoded(payload)))


def _payload(pages: Pages, content: bytes, at: int, size: int, *, of_table: bool) -> bytes:
    """The bytes of a record, the last of which may be on overflow pages (section 1.5 and 1.6).
    Raises Unreadable."""
    usable = len(content)
    most = usable - 35 if of_table else (usable - 12) * 64 // 255 - 23
    if size < 0 or size > 2**31:
        raise Unreadable
    if size <= most:
        if at + size > usable:
            raise Unreadable
        return content[at : at + size]
    least = (usable - 12) * 32 // 255 - 23
    local = least + (size - least) % (usable - 4)
    local = local if local <= most else least
    if at + local + 4 > usable:
        raise Unreadable
    parts, left = [content[at : at + local]], size - local
    (following,) = struct.unpack(">I", content[at + local : at + local + 4])
    while left:
        overflow = pages(following)
        if overflow is None:
            raise Unreadable
        (following,) = struct.unpack(">I", overflow[:4])
        parts.append(overflow[4 : 4 + left])
        left -= len(parts[-1])
        if (left == 0) != (following == 0):
            raise Unreadable
    return b"".join(parts)
