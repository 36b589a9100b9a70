"""Reads lists of contacts that people bring: which cells of a text name a participant.

A list is a CSV with a heading, a CSV in which one column holds addresses, or a plain text with any
number of addresses, Stripe ids or tokens in a line. Nothing is dropped: what names no participant
is an entry too, which is then unknown.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.invites.errors import StudyProblem
from app.invites.mail.addresses import read
from app.text import plain

# Headings of columns that name a participant, the preferred first. Tools ask for an address in the
# researcher's language, so a heading counts if it contains one of these words.
TOKENS = ("token",)
EMAILS = (
    *("email", "e-mail", "e_mail", "mail_address", "mailadresse", "courriel", "adresse_mél"),
    *("correo", "e-post", "epost", "sähköposti", "почт", "メール", "邮箱", "郵箱", "电子邮件"),
    *("電子郵件", "이메일", "البريد", "ηλεκτρονικ", "posta_elettronica", "e-posta"),
)
EXACT_EMAILS = ("email", "e-mail", "email_address", "e-mail_address", "mail", "address")
IDS = ("stripe_id", "stripe_customer_id", "customer", "customer_id", "id")
# Words of a heading whose address is that of the researcher or the tool, and of one that is not.
OTHERS = ("host", "organizer", "organiser", "interviewer", "owner", "sender", "from", "assigned")
OURS = ("invitee", "respondent", "participant", "guest", "attendee", "recipient", "user")
STATUS = (
    *("status", "disposition", "response_status", "interview_status", "completion_status"),
    *("statut", "finished", "completed", "complete", "状态", "ステータス"),
    *("state", "outcome", "result", "estado", "stato"),
)
NEARLY_ALL = 0.9
MOSTLY = 0.5
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # as app.invites.sending.outbox makes them
_ADDRESSES = re.compile(r"[^\s<>,;:|\"()\[\]\\@]+@[^\s<>,;:|\"()\[\]\\@]+")
_SIGNS = "\t;,|"
_SAID = re.compile(r"sep=([\t;,|])\n")


@dataclass(frozen=True)
class ListEntry:
    """One value that names a participant, or should. ``status``: the row's cell of the status
    column."""

    value: str
    status: str = ""


@dataclass(frozen=True)
class ContactList:
    """What a list names. ``column``: the heading or number of the column that was read, or None if
    the whole text was. ``status_column``: the heading of the status column, if there is one.
    ``lines``: how many lines have anything in them, without the heading. ``left_out``: how many
    rows ``where`` excludes."""

    entries: tuple[ListEntry, ...]
    column: str | None
    status_column: str | None
    lines: int
    left_out: int = 0

    @property
    def values(self) -> list[str]:
        """Each value once."""
        return list(dict.fromkeys(entry.value for entry in self.entries))

    @property
    def column_words(self) -> str:
        """The column that was read, for a person."""
        name = self.column or ""
        return f"column {name}" if name.isdecimal() else f"the column “{plain(name, 60)}”"

    @property
    def words(self) -> str:
        """What was read, for a person."""
        number = len(self.values)
        names = "1 name" if number == 1 else f"{number:,} names"
        lines = "1 line" if self.lines == 1 else f"{self.lines:,} lines"
        where = f" in {self.column_words}" if self.column else ""
        out = f" {self.left_out:,} rows were left out by --where." if self.left_out else ""
        return f"Read {names}{where} of {lines}.{out}"


class _Row(list[str]):
    """The cells of a row, and the line in which it begins."""

    def __init__(self, cells: Sequence[str], line: int) -> None:
        super().__init__(cells)
        self.line = line


@dataclass(frozen=True)
class _Columns:
    """Places of columns. ``names`` are the places that name a participant, the preferred first."""

    names: tuple[int, ...]
    status: int | None
    heading: tuple[str, ...]

    def title(self, place: int) -> str:
        return self.heading[place] if self.heading else str(place + 1)


def read_list(text: str, where: str | None = None) -> ContactList:
    """Read a list. ``where``: ``HEADING=VALUE``, only rows with this value there. Raises
    StudyProblem if the text is not a list, or has no such column."""
    rows = _rows(text)
    columns = _columns(rows)
    kept = rows[1:] if columns is not None and columns.heading else rows
    number = len(kept)
    if where is not None:
        kept = _chosen(kept, columns, where)
    entries = [
        ListEntry(value, _cell(row, columns.status) if columns else "")
        for row in kept
        for cell in _named_cells(row, columns)
        for value in _split(cell)
    ]
    status = columns.status if columns else None
    return ContactList(
        tuple(entries),
        columns.title(columns.names[0]) if columns else None,
        columns.title(status) if columns and status is not None else None,
        number,
        number - len(kept),
    )


def addresses_in(text: str) -> list[str]:
    """Every address anywhere in a text, each once."""
    found = map(_bare, _ADDRESSES.findall(text))
    return list(dict.fromkeys(one for one in found if isinstance(read(one), str)))


def _bare(address: str) -> str:
    """An address without the quotes and the full stop of the sentence around it."""
    return address.strip("'").rstrip(".")


def _rows(text: str) -> list[_Row]:
    """Each line that is not blank."""
    text = text.removeprefix("\ufeff").replace("\0", "\N{REPLACEMENT CHARACTER}")
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
    """What separates the cells: the sign that gives the first line most cells that are headings or
    addresses."""
    first = next((line for line in text.split("\n") if line.strip()), "")

    def cells(sign: str) -> tuple[int, int]:
        split = [folded(cell.strip(' "')) for cell in first.split(sign)]
        known = sum(_is_heading(cell) or "@" in cell for cell in split)
        return known, -_SIGNS.index(sign)

    present = [sign for sign in _SIGNS if sign in first]
    return max(present, key=cells) if present else ","


def folded(heading: str) -> str:
    """A heading or a value, so that spelling does not matter."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"\s+", "_", text.strip())


def _is_heading(name: str) -> bool:
    known = name in TOKENS or name in EXACT_EMAILS or name in IDS
    return known or any(word in name for word in EMAILS)


def is_name(cell: str) -> bool:
    """Whether a cell by itself names a participant: an address, a Stripe id or a token."""
    return bool(addresses_in(cell)) or cell.startswith("cus_") or bool(_TOKEN.fullmatch(cell))


def _columns(rows: Sequence[Sequence[str]]) -> _Columns | None:
    """The columns of a list, or None if it is a plain text."""
    if not rows:
        return None
    heading = [folded(cell) for cell in rows[0]]
    headed = not any(addresses_in(cell) or cell.startswith("cus_") for cell in rows[0])
    known = [name for name in STATUS if headed and name in heading]
    status = heading.index(known[0]) if known else None
    title = tuple(rows[0]) if headed else ()
    if headed and (names := _named(heading, rows[1:])):
        return _Columns(names, status, title)
    body, width = rows[1:] if headed else rows, len(rows[0])
    if width < 2 or not body or (len(body) < 2 and not headed) or {*map(len, rows)} != {width}:
        return None
    full = [at for at in range(width) if _share(body, at) >= NEARLY_ALL]
    if len(full) != 1 or any(_others(row, full[0]) for row in body):
        return None
    return _Columns((full[0],), status, title)


def _others(row: Sequence[str], place: int) -> bool:
    """Whether other cells of a row have addresses too."""
    return any("@" in cell for at, cell in enumerate(row) if at != place)


def _named(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The places of known headings, the preferred first. A heading that only contains a known word
    counts if most of its cells are addresses, or if it has no cell."""
    found = [at for at, name in enumerate(heading) if name in TOKENS]
    exact = [heading.index(name) for name in EXACT_EMAILS if name in heading]
    if not found and not exact:  # such as "Guest token"
        found = [at for at, name in enumerate(heading) if "token" in name.split("_")]
    similar = [
        at
        for at, name in enumerate(heading)
        if at not in exact
        and any(word in name for word in EMAILS)
        and (not rows or _share(rows, at) >= MOSTLY)
    ]
    similar = [at for at in similar if not _has(heading[at], OTHERS)] or similar
    similar.sort(key=lambda at: not _has(heading[at], OURS))
    emails = exact or similar[:1]
    ids = [heading.index(name) for name in IDS if name in heading]
    if emails or found:  # a tool's own number of a row is not Stripe's
        ids = [at for at in ids if heading[at] != "id" or _share(rows, at) >= MOSTLY]
    return (*found, *emails, *ids)


def _has(heading: str, words: Sequence[str]) -> bool:
    return any(word in re.split(r"[^\w]+|_", heading) for word in words)


def _share(rows: Sequence[Sequence[str]], at: int) -> float:
    """Which part of a column's cells, of those that are not empty, each name a participant."""
    cells = [row[at] for row in rows if at < len(row) and row[at]]
    return sum(map(is_name, cells)) / len(cells) if cells else 0.0


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


def _split(cell: str) -> Iterator[str]:
    """The names in a cell: several addresses, as ``Ada <ada@example.com>`` or after ``mailto:``, or
    several ids or tokens. What is neither is one name, which is unknown."""
    cell = cell.strip(_SIGNS + " ")
    if isinstance(read(cell), str):
        yield cell
    elif "@" in cell:
        rest = _ADDRESSES.sub("", cell)
        found = list(map(_bare, _ADDRESSES.findall(cell)))
        usable = any(isinstance(read(one), str) for one in found)
        yield from found if usable else [cell]
        if usable and "@" in rest:
            yield rest.strip()
    elif cell:
        yield from _words(cell)


def _words(cell: str) -> Iterator[str]:
    parts = re.split(r"[\s,;|]+", cell)
    yield from parts if len(parts) > 1 and all(map(is_name, parts)) else [cell]


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
