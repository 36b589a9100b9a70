"""Taking people out of the panel: files that are whole or not there, and only their owner's."""

from __future__ import annotations

import contextlib
import csv
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from app.db.store import Store
from app.panel.lists import Ids
from app.panel.rows import rows
from app.text import csv_cell, masked, plain

CHUNK = 500
COLUMNS = ("stripe_id", "email", "name", "phone", "plan", "status", "since", "created", "deleted")
HIDDEN = ("email", "name", "phone")
Line = dict[str, Any]


class OutputProblem(Exception):
    """The file cannot be written; the text is for a person."""


def take(
    store: Store,
    connection_id: int,
    ids: Ids,
    segment: str,
    file: str,
    *,
    masking: bool,
    told: Callable[[int], None],
) -> None:
    """Write these people, as members of a segment, to a new file: JSON lines where its name ends in
    "jsonl", else CSV that no spreadsheet takes for formulas. ``told`` hears how many are written,
    and ends it by raising what it likes. Constant memory. Raises OutputProblem, DatabaseProblem."""
    lines = _lines(store, connection_id, ids, segment, masking=masking)
    with writing(file, replace=False) as out:
        if file.endswith("jsonl"):
            pieces: Iterator[Any] = (out.write(json.dumps(line) + "\n") for line in lines)
        else:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            pieces = (writer.writerow([csv_cell(one) for one in line.values()]) for line in lines)
        for number, _ in enumerate(pieces, 1):
            if number % CHUNK == 0:
                told(number)


def _lines(
    store: Store, connection_id: int, ids: Ids, segment: str, *, masking: bool
) -> Iterator[Line]:
    for start in range(0, len(ids), CHUNK):
        for row in rows(store, connection_id, ids[start : start + CHUNK], segment):
            line = {column: getattr(row, column) for column in COLUMNS}
            if masking:
                line |= {column: masked(line[column]) for column in HIDDEN}
            yield line


@contextlib.contextmanager
def writing(file: str, *, replace: bool = True) -> Iterator[TextIO]:
    """A file of mode 0600 that is there when all of it is written. ``replace``: also where there
    is one of that name."""
    whole, part = Path(file), Path(f"{file}.part")
    try:
        if not replace and whole.exists():
            raise OutputProblem(f"{plain(file)} is there already; choose another name.")
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(handle, "w", encoding="utf-8", newline="") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            os.replace(part, whole)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputProblem(
            f"{plain(file)} could not be written ({error.strerror}). What stood there is unchanged."
        ) from error
