"""Lists as CSV or JSON lines, in files that are whole or not there, and only their owner's.

How to read the CSV back: take one apostrophe from the beginning of a cell that has one. A cell that
was empty before is a value that is not there; one that is empty now is an empty text.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

from app.problems import Problem
from app.text import csv_cell, plain

Form: TypeAlias = Literal["csv", "json"]
Line: TypeAlias = dict[str, Any]

JSON_NAMES = (".jsonl", ".ndjson", ".json")
# What Stripe's people wrote, or did not; other columns are words that are never missing.
FOREIGN = ("email", "name", "phone", "currency")


class OutputProblem(Problem):
    """The file cannot be written; the text is for a person."""


class AlreadyThere(OutputProblem):
    """There is a file of that name, and nobody said that it is to be replaced."""


def form_of(file: str) -> Form:
    """What a file's name asks for: JSON lines, or else CSV."""
    return "json" if file.lower().endswith(JSON_NAMES) else "csv"


def write(out: TextIO, columns: Sequence[str], lines: Iterable[Line], form: Form) -> int:
    """Write each line, with a heading where it is CSV; how many lines they were.

    JSON has the exact values. So has CSV, in cells that no spreadsheet takes for formulas; but a
    terminal must not obey what stands in them.
    """
    written: Iterator[object]
    if form == "json":
        written = (out.write(json.dumps(line) + "\n") for line in lines)
    else:
        writer, safe = csv.writer(out), plain if out.isatty() else str
        writer.writerow(columns)
        written = (
            writer.writerow([safe(_cell(column, line[column])) for column in columns])
            for line in lines
        )
    return sum(1 for _ in written)


def _cell(column: str, value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "'" if value == "" and column in FOREIGN else csv_cell(value)


@contextlib.contextmanager
def writing(file: str | None, *, replace: bool = True) -> Iterator[TextIO]:
    """A file of mode 0600 that is there once all of it is written; None: standard output.

    It is written under another name beside it, so whatever ends this early, a kill or a power cut
    too, leaves under its name what stood there. ``replace``: also where there is one of that name.
    Raises OutputProblem, of which AlreadyThere is one."""
    if file is None:
        with _standard_output() as out:
            yield out
        return
    try:
        whole = _target(file, replace)
        handle, part = tempfile.mkstemp(".part", "panelist-", whole.parent)
        try:
            with open(handle, "w", encoding="utf-8", newline="") as out:
                os.fchmod(handle, 0o600)
                yield out
                out.flush()
                os.fsync(handle)
            _put(part, whole, replace)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
            raise
    except OSError as error:
        raise OutputProblem(
            f"{plain(file)} could not be written ({error.strerror}). Nothing there was changed;"
            " choose another place."
        ) from error


def _target(file: str, replace: bool) -> Path:
    """The file itself, wherever a link leads; never a device, which a rename would do away with."""
    if "\0" in file:
        raise OutputProblem("No file's name can have such a sign. Nothing was written.")
    whole = Path(os.path.realpath(file))
    if whole.exists():
        if not whole.is_file():
            raise OutputProblem(f"{plain(file)} is no file. Nothing was written; name another.")
        if not replace:
            raise _already_there(whole)
    return whole


def _put(part: str, whole: Path, replace: bool) -> None:
    if not replace:
        try:
            os.link(part, whole)  # fails where somebody made one meanwhile, as no rename does
            os.unlink(part)
            return
        except FileExistsError:
            raise _already_there(whole) from None
        except OSError:  # not every file system has links
            if whole.exists():
                raise _already_there(whole) from None
    os.replace(part, whole)


def _already_there(whole: Path) -> AlreadyThere:
    return AlreadyThere(f"{plain(whole)} is there already, and was not changed.")


@contextlib.contextmanager
def _standard_output() -> Iterator[TextIO]:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as files are, whatever the locale
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:  # its reader left
        raise
    except OSError as error:
        raise OutputProblem(
            f"Standard output could not be written ({error.strerror}). What came before is not"
            " whole; write it again to another place."
        ) from error
