"""Writes lists as CSV or JSON. A file is complete or does not exist, and only its owner can read
it.

CSV is for spreadsheets: a file begins with a byte order mark, times are dates in UTC, and phone
numbers stay texts. An exact CSV has the values as they are stored. To read either back, remove one
apostrophe from the start of each cell that has one. A cell that was empty before is a missing
value. One that becomes empty is an empty text.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

from app.db.rows import PARTICIPANT_FIELDS
from app.files import replace_atomically
from app.panel.export.json_values import JsonForm, is_time, write_json
from app.paths import is_database
from app.problems import Problem
from app.text import csv_cell, plain

Form: TypeAlias = Literal["csv"] | JsonForm
Line: TypeAlias = dict[str, Any]

STDOUT = "-"  # a file's name that means standard output
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it, Excel reads a CSV in a local encoding
LINES_NAMES = (".jsonl", ".ndjson")
JSON_NAMES = (*LINES_NAMES, ".json")
# Texts that a spreadsheet would change into another number, such as 00123 and 12e5.
_NUMERAL = re.compile(r"0[0-9]+|[0-9]{12,}|[0-9]+[eE][0-9]+", re.ASCII)
# Text from Stripe's customers, which may be missing. Other text columns never are.
FOREIGN = frozenset(one.name for one in PARTICIPANT_FIELDS if one.kind == "text" and one.personal)


class OutputProblem(Problem):
    """The file cannot be written. The text is shown to the user."""


class AlreadyThere(OutputProblem):
    """A file with this name exists, and the user did not ask to replace it."""


def form_of(file: str) -> Form:
    """The format that a file name implies: one JSON document, JSON lines, or else CSV."""
    name = file.lower()
    if name.endswith(LINES_NAMES):
        return "jsonl"
    return "json" if name.endswith(JSON_NAMES) else "csv"


def chosen_form(file: str | None, *, as_json: JsonForm | None, as_csv: bool) -> Form | None:
    """The format that options or the name of a file ask for. None if neither does, so that lines
    for a person are written."""
    if as_json or as_csv:
        return as_json or "csv"
    name = (file or "").lower()
    return form_of(name) if name.endswith((*JSON_NAMES, ".csv")) else None


def json_form(file: str | None, asked: JsonForm | None) -> JsonForm | None:
    """As :func:`chosen_form` for a list that is no table. Raises OutputProblem for the name of a
    CSV file."""
    form = chosen_form(file, as_json=asked, as_csv=False)
    if form == "csv":
        raise OutputProblem(
            "This list cannot be saved as CSV. Nothing was written. Use --json, or another name."
        )
    return form


def write(
    out: TextIO,
    columns: Sequence[str],
    lines: Iterable[Line],
    form: Form,
    *,
    exact: bool = False,
) -> int:
    """Write each line, with a header for CSV. Returns the number of lines.

    ``exact``: CSV has times as seconds since 1970. No spreadsheet reads its cells as formulas. On a
    terminal, :func:`app.text.plain` makes each cell safe.
    """
    cell = _cell if exact else _spreadsheet_cell
    if form != "csv":
        return write_json(out, lines, form)
    writer, safe = csv.writer(out), plain if out.isatty() else str
    if not exact and out is not sys.stdout:
        out.write(MARK)
    writer.writerow([safe(csv_cell(column)) for column in columns])
    written = (
        writer.writerow([safe(cell(column, line[column])) for column in columns]) for line in lines
    )
    return sum(1 for _ in written)


def _cell(column: str, value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "'" if value == "" and column in FOREIGN else csv_cell(value)


def _spreadsheet_cell(column: str, value: object) -> str:
    """As :func:`_cell`, but a time is a date, and a text that is no number stays a text: it would
    lose its first zeros, or digits after the fifteenth."""
    if isinstance(value, int) and not isinstance(value, bool) and is_time(column):
        with contextlib.suppress(OverflowError, OSError, ValueError):  # no date has it
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    cell = _cell(column, value)
    if not isinstance(value, str):
        return cell
    text = (column == "phone" and cell[:1].isdigit()) or _NUMERAL.fullmatch(cell)
    return "'" + cell if text else cell


@contextlib.contextmanager
def writing(file: str | None, *, replace: bool = True) -> Iterator[TextIO]:
    """A file that appears once it is completely written (:func:`app.files.replace_atomically`).
    None and "-" mean standard output. ``replace`` allows replacing an existing file. Raises
    OutputProblem, whose subclass AlreadyThere says that the file exists."""
    if file in (None, STDOUT):
        with _standard_output() as out:
            yield out
        return
    try:
        whole = _target(str(file), replace)
        with replace_atomically(whole, overwrite=replace) as part:
            out = io.TextIOWrapper(part, encoding="utf-8", newline="")
            yield out
            out.flush()
    except FileExistsError:
        raise _already_there(whole) from None
    except OSError as error:
        raise OutputProblem(
            f"{plain(file)} could not be written ({error.strerror}). Nothing there was"
            " changed. Choose another place."
        ) from error


def _target(file: str, replace: bool) -> Path:
    """The file itself, wherever a link leads. Never a device, which a rename would replace."""
    if "\0" in file:
        raise OutputProblem(
            "A file name cannot contain that character. Nothing was written. Choose another name."
        )
    whole = Path(os.path.realpath(file))
    if whole.exists():
        if is_database(whole):
            raise OutputProblem(
                f"{plain(file)} is Panelist's database. Nothing was written. Choose another file."
            )
        if not whole.is_file():
            raise OutputProblem(
                f"{plain(file)} is not a file. Nothing was written. Choose another one."
            )
        if not replace:
            raise _already_there(whole)
    return whole


def _already_there(whole: Path) -> AlreadyThere:
    return AlreadyThere(f"{plain(whole)} already exists. It was not changed.")


@contextlib.contextmanager
def _standard_output() -> Iterator[TextIO]:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # like files, whatever the locale
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:  # the reader closed the pipe
        raise
    except OSError as error:
        raise OutputProblem(
            f"Standard output could not be written ({error.strerror}). The output is"
            " incomplete. Write it again to another place."
        ) from error
