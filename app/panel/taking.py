"""Taking people out of the panel, any number of them in constant memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from app.db.store import Store
from app.panel.lists import Ids
from app.panel.output import Form, Line, write, writing
from app.panel.rows import PersonRow, rows
from app.text import masked

CHUNK = 500  # people that are read at a time
COLUMNS = (
    *("stripe_id", "email", "name", "phone", "currency", "metadata"),
    *("plan", "status", "since", "created", "deleted"),
)


def take(
    store: Store,
    connection_id: int,
    ids: Ids,
    segment: str | None,
    file: str | None,
    form: Form,
    *,
    masking: bool,
    replace: bool = False,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Write these people in their order, as members of a segment (None: of everybody), to a file,
    None: to standard output; how many they were. Who is gone from the panel meanwhile is left out.

    ``masking``: without names, emails, phones and values of metadata. ``told`` hears now and then
    how many are written, and ends it by raising what it likes; then no file is left. Raises
    OutputProblem and DatabaseProblem."""
    with writing(file, replace=replace) as out:
        lines = _told(people(store, connection_id, ids, segment, masking=masking), told)
        return write(out, COLUMNS, lines, form)


def people(
    store: Store, connection_id: int, ids: Ids, segment: str | None, *, masking: bool
) -> Iterator[Line]:
    """What a file has of each. Times are seconds since 1970."""
    for start in range(0, len(ids), CHUNK):
        for row in rows(store, connection_id, ids[start : start + CHUNK], segment):
            line = _line(row)
            yield _hidden(line) if masking else line


def _line(row: PersonRow) -> Line:
    line = {column: getattr(row, column) for column in COLUMNS}
    return line | {"metadata": json.loads(row.metadata)}


def _hidden(line: Line) -> Line:
    private = {column: _masked(line[column]) for column in ("email", "name", "phone")}
    metadata = {key: masked(value) for key, value in line["metadata"].items()}
    return {**line, **private, "metadata": metadata}


def _masked(value: str | None) -> str | None:
    return None if value is None else masked(value)


def _told(lines: Iterator[Line], told: Callable[[int], None]) -> Iterator[Line]:
    for number, line in enumerate(lines, 1):
        yield line
        if number % CHUNK == 0:
            told(number)
