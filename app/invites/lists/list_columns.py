"""Reads lists of contacts that people bring: which cells of a text name a participant.

A list is a CSV with a heading, a CSV in which one column holds addresses, or a plain text with any
number of addresses, Stripe ids or tokens in a line. Nothing is dropped: what names no participant
is an entry too, which is then unknown.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.invites.errors import StudyProblem
from app.invites.lists.list_addresses import SEPARATORS, addresses_in, split, visible
from app.invites.lists.list_entries import ContactList, ListEntry
from app.invites.lists.list_headings import (
    MOSTLY,
    SAMPLE,
    folded,
    is_personal,
    likeness,
    may_be_status,
    name_places,
    repeats,
    share,
    status_places,
)
from app.text import plain

TITLES = 10  # lines in which the heading is looked for
NEARLY_ALL = 0.9
_SAID = re.compile(r"sep=([\t;,|])\n")


class _Row(list[str]):
    """The cells of a row, and the line in which it begins."""

    def __init__(self, cells: Sequence[str], line: int) -> None:
        super().__init__(cells)
        self.line = line


@dataclass(frozen=True)
class _Columns:
    """Places of columns. ``names`` are the places that name a participant, the preferred first."""

    names: tuple[int, ...]
    statuses: tuple[int, ...]
    heading: tuple[str, ...]

    @property
    def status(self) -> int | None:
        return self.statuses[0] if self.statuses else None

    def title(self, place: int) -> str:
        return self.heading[place] if self.heading else str(place + 1)


def read_list(text: str, where: str | None = None) -> ContactList:
    """Read a list. ``where``: ``HEADING=VALUE``, only rows with this value there. Raises
    StudyProblem if the text is not a list, or has no such column."""
    rows = _rows(text)
    above = _titles(rows)
    columns = _columns(rows[above:])
    if above and (columns is None or not columns.heading):  # no heading after all
        above, columns = 0, _columns(rows)
    rows = rows[above:]
    kept = rows[1:] if columns is not None and columns.heading else rows
    number = len(kept)
    if where is not None:
        kept = _chosen(kept, columns, where)
    entries = [
        ListEntry(value, _cell(row, columns.status) if columns else "")
        for row in kept
        for cell in _named_cells(row, columns)
        for value in split(cell)
    ]
    status = columns.status if columns else None
    return ContactList(
        tuple(entries),
        columns.title(columns.names[0]) if columns else None,
        columns.title(status) if columns and status is not None else None,
        number,
        number - len(kept),
        above,
        tuple(columns.title(at) for at in columns.statuses[1:]) if columns else (),
        tuple(_unread(rows, columns)),
        tuple(_more_addresses(rows, columns)),
    )


def _rows(text: str) -> list[_Row]:
    """Each line that is not blank."""
    text = visible(text).replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    sign = _separator(text)
    if (said := _SAID.match(text)) is not None:  # a line that Excel writes and reads
        sign, text = said[1], "\n" + text[said.end() :]
    lines = csv.reader(io.StringIO(text), delimiter=sign)
    rows: list[_Row] = []
    began = 1
    try:
        for line in lines:
            cells = [cell.strip().removeprefix("'") for cell in line]
            if any(cells):
                rows.append(_Row(cells, began))
            began = lines.line_num + 1
    except csv.Error:
        raise _unreadable(began) from None
    return rows


def _unreadable(line: int) -> StudyProblem:
    return StudyProblem(
        f"Line {line:,} of the list cannot be read: a quote in it has no end, or it is too"
        " long. Nothing was changed."
    )


def _separator(text: str) -> str:
    """What separates the cells: the sign that gives the heading the most known cells, or the first
    line if no line is one."""
    lines = itertools.islice((line for line in io.StringIO(text) if line.strip()), TITLES)
    first, heading, best = "", "", 0

    def known(line: str, sign: str) -> int:
        cells = [cell.strip(' "\n') for cell in line.split(sign)]
        return likeness(cells) + sum("@" in cell for cell in cells)

    for line in lines:
        first = first or line
        score = max(known(line, sign) for sign in SEPARATORS)
        if score > best:
            heading, best = line, score
        if "@" in line:
            break
    line = heading or first
    present = [sign for sign in SEPARATORS if sign in line]
    return max(present, key=lambda sign: known(line, sign), default=",")


def _titles(rows: Sequence[Sequence[str]]) -> int:
    """How many rows stand above the heading, such as the title of a report."""
    best, above = 0, 0
    for number, row in enumerate(rows[:TITLES]):
        if any("@" in cell or cell.startswith("cus_") for cell in row):
            break
        if (score := likeness(row)) > best:
            best, above = score, number
    return above


def _columns(rows: Sequence[Sequence[str]]) -> _Columns | None:
    """The columns of a list, or None if it is a plain text."""
    if not rows:
        return None
    heading = [folded(cell) for cell in rows[0]]
    headed = not any(addresses_in(cell) or cell.startswith("cus_") for cell in rows[0])
    status = status_places(rows) if headed else ()
    title = tuple(rows[0]) if headed else ()
    if headed and (names := name_places(heading, rows[1:])):
        return _Columns(names, status, title)
    body, width = rows[1:] if headed else rows, len(rows[0])
    if width < 2 or not body or (len(body) < 2 and not headed) or {*map(len, rows)} != {width}:
        return None
    full = [at for at in range(width) if share(body, at) >= NEARLY_ALL]
    if len(full) != 1 or any(_others(row, full[0]) for row in body):
        return None
    return _Columns((full[0],), status, title)


def _others(row: Sequence[str], place: int) -> bool:
    """Whether other cells of a row have addresses too."""
    return any("@" in cell for at, cell in enumerate(row) if at != place)


def _unread(rows: Sequence[Sequence[str]], columns: _Columns | None) -> Iterator[str]:
    """The titles of columns whose values repeat, as those of a status do, and that no one read. Of
    a plain text only those are named whose heading is that of a status."""
    if columns is None:
        first = rows[0] if rows and len(rows[0]) > 1 else ()
        yield from (cell for cell in first if may_be_status(cell))
        return
    body = rows[1:] if columns.heading else rows
    for at in range(len(rows[0])):
        heading = columns.heading[at] if columns.heading else ""
        if at in (*columns.names, *columns.statuses) or share(body[:SAMPLE], at) >= MOSTLY:
            continue
        cells = [cell for row in body if (cell := _cell(row, at))]
        if may_be_status(heading) or (not is_personal(heading) and repeats(cells)):
            yield heading or str(at + 1)


def _more_addresses(rows: Sequence[Sequence[str]], columns: _Columns | None) -> Iterator[str]:
    """The headings of columns of addresses that were not read."""
    if columns is None:
        return
    some = rows[1 : SAMPLE + 1]
    for at, heading in enumerate(columns.heading):
        if at not in columns.names and share(some, at, email=True) >= MOSTLY:
            yield heading or str(at + 1)


def _cell(row: Sequence[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""


def _named_cells(row: _Row, columns: _Columns | None) -> Iterator[str]:
    """The cells that name a participant: of the preferred column that has any and beyond the
    heading, or all of a plain text. Raises StudyProblem."""
    if columns is None:
        found = list(row)
    else:
        found = [next((cell for at in columns.names if (cell := _cell(row, at))), "")]
        found += row[len(columns.heading) :] if columns.heading else []
    if any("\n" in cell for cell in found):  # a quote without an end took other lines in
        raise _unreadable(row.line)
    yield from found


def _chosen(rows: Sequence[_Row], columns: _Columns | None, where: str) -> list[_Row]:
    """The rows that have the wanted value in a column."""
    name, sign, value = where.partition("=")
    names = [folded(cell) for cell in columns.heading] if columns else []
    if not sign or folded(name) not in names:
        known = ", ".join(plain(cell, 40) for cell in columns.heading) if columns else ""
        raise StudyProblem(
            f"The list has no column “{plain(name, 60)}”."
            f" {f'Its columns are: {known}.' if known else 'It has no heading.'}"
            " Nothing was changed."
        )
    at, wanted = names.index(folded(name)), folded(value)
    return [row for row in rows if folded(_cell(row, at)) == wanted]
