"""Exports a list of any length in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.db.rows import PARTICIPANT_FIELDS
from app.db.store import Store
from app.db.stored_json import stored_metadata
from app.panel.export.writer import Form, Line, write, writing
from app.panel.lists.order import Ids
from app.panel.lists.rows import rows
from app.panel.stored_participant import MASKED, hidden
from app.text import masked

CHUNK = 500  # participants read at a time
COLUMNS = (
    *(field.name for field in PARTICIPANT_FIELDS if field.name != "created"),
    *("plan", "status", "since", "created", "deleted"),
)


@dataclass(frozen=True)
class ExportSource:
    """A list to export. ``lines`` yields its lines, masked or not. ``one`` and ``many`` name its
    entries."""

    columns: Sequence[str]
    number: int
    lines: Callable[[bool], Iterator[Line]]
    one: str = "participant"
    many: str = "participants"

    def counted(self, number: int) -> str:
        """A number of entries in words."""
        return f"{number:,} {self.one if number == 1 else self.many}"


def take(
    source: ExportSource,
    file: str | None,
    form: Form,
    *,
    masking: bool,
    replace: bool = False,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Write a list to a file, or to standard output for None. Returns the number of lines.

    ``masking`` hides names, emails and every other masked field. ``told`` is called now and then
    with the number of written lines. It can raise any exception to stop the export, and then no
    file is left. Raises OutputProblem and DatabaseProblem.
    """
    with writing(file, replace=replace) as out:
        return write(out, source.columns, _told(source.lines(masking), told), form)


def takeable(store: Store, connection_id: int, ids: Ids, segment: str | None) -> ExportSource:
    """These participants in their order, as members of a segment (None: of all participants). A
    participant who is no longer stored when the export reads them is left out."""

    def lines(masking: bool) -> Iterator[Line]:
        return people(store, connection_id, ids, segment, masking=masking)

    return ExportSource(COLUMNS, len(ids), lines)


def people(
    store: Store, connection_id: int, ids: Ids, segment: str | None, *, masking: bool
) -> Iterator[Line]:
    """The exported line of each participant. Times are seconds since 1970."""
    for start in range(0, len(ids), CHUNK):
        for row in rows(store, connection_id, ids[start : start + CHUNK], segment):
            line = row.line
            yield {
                column: hidden(line[column]) if masking and column in MASKED else line[column]
                for column in COLUMNS
            }


def metadata_columns(
    store: Store, ids: Ids, columns: Sequence[str], lines: Iterator[Line], *, masking: bool
) -> tuple[Sequence[str], Iterator[Line]]:
    """The columns and lines with ``metadata.KEY`` for each key instead of ``metadata``. It reads
    the metadata of all of them first. Raises DatabaseProblem."""
    keys: set[str] = set()
    for start in range(0, len(ids), CHUNK):
        for (text,) in store.rows(
            f"SELECT metadata FROM participant WHERE {store.among('id')}",
            (store.values(ids[start : start + CHUNK]),),
        ):
            keys.update(stored_metadata(text))
    names = sorted(keys)
    at = list(columns).index("metadata")
    wide = (*columns[:at], *(f"metadata.{key}" for key in names), *columns[at + 1 :])

    def widened() -> Iterator[Line]:
        for line in lines:
            had = line.get("metadata") or {}
            yield {**line, **{f"metadata.{key}": had.get(key) for key in names}}

    return wide, widened()


def private(value: str | None, masking: bool) -> str | None:
    """The exported form of a name, an email or a phone number."""
    return masked(value) if masking and value is not None else value


def _told(lines: Iterator[Line], told: Callable[[int], None]) -> Iterator[Line]:
    for number, line in enumerate(lines, 1):
        yield line
        if number % CHUNK == 0:
            told(number)
