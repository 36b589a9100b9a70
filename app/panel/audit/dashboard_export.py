"""Compares the panel with an export of customers from Stripe's Dashboard.

The export is made by Stripe without Panelist, so it is an independent check of a sync. It has a row
for each customer, with the columns ``id``, ``Description``, ``Email``, ``Name``, ``Created (UTC)``,
``Delinquent``, ``Plan``, ``Status``, ``Total Spend``, ``Payment Count``, ``Refunded Volume``,
``Dispute Losses`` and one ``key (metadata)`` for each metadata key. Which of them there are is
chosen at the export. Compared are those that say what the panel stores too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from app.db.store import Store
from app.db.stored_json import stored_metadata
from app.panel.audit.stored import RowIds, Stored, every, stored
from app.paths import is_database
from app.problems import Problem
from app.text import plain

CHUNK = 1_000
METADATA = " (metadata)"
_CREATED = ("created (utc)", "created")
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%m/%d/%Y %H:%M")

Row = dict[str, str]


class ExportProblem(Problem):
    """A file is not such an export, or cannot be read. The text is a sentence."""


@dataclass(frozen=True)
class ExportDifference:
    """A customer of whom the export says something else. ``kind`` is missing_here, deleted_here,
    not_in_export or field. ``field`` is the export's column."""

    id: str
    kind: str
    field: str | None = None
    here: str | None = None
    there: str | None = None


@dataclass
class ExportComparison:
    """Numbers of a comparison. ``newer``: participants who were created after the newest customer
    of the export, which is no difference."""

    rows: int = 0
    differences: int = 0
    newer: int = 0


class DashboardExport:
    """Compares one connection with a file. Iterate over :meth:`differences`, then read
    :attr:`found`."""

    def __init__(self, store: Store, connection_id: int, file: str) -> None:
        self._store = store
        self._connection_id = connection_id
        self._file = file
        self._seen = RowIds()
        self._newest = 0
        self.found = ExportComparison()

    def differences(self) -> Iterator[ExportDifference]:
        """Every difference. Raises ExportProblem and DatabaseProblem."""
        for one in self._differences():
            self.found.differences += 1
            yield one

    def _differences(self) -> Iterator[ExportDifference]:
        try:
            if is_database(self._file):
                raise csv.Error
            with Path(self._file).open(encoding="utf-8-sig", newline="") as file:
                rows = self._rows(file)
                while chunk := list(islice(rows, CHUNK)):
                    yield from self._of_chunk(chunk)
        except OSError as error:
            raise ExportProblem(
                f"{plain(self._file)} could not be read ({error.strerror})."
            ) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise ExportProblem(
                f"{plain(self._file)} is not a CSV file in UTF-8, as Stripe exports it."
            ) from error
        yield from self._not_exported()

    def _rows(self, file: Iterator[str]) -> Iterator[Row]:
        header = next(csv.reader([next(file, "")]), [])
        names = [name.strip() for name in header]
        if "id" not in (name.lower() for name in names):
            raise ExportProblem(
                f"{plain(self._file)} has no column “id”, so it is not an export of customers from"
                " Stripe's Dashboard."
            )
        columns = [name if name.endswith(METADATA) else name.lower() for name in names]
        for values in csv.reader(file):
            row = dict(zip(columns, values, strict=False))
            if values and not row.get("id", "").strip():
                raise ExportProblem(
                    f"{plain(self._file)} has a row without an ID, so it was changed after"
                    " Stripe exported it."
                )
            if values:
                yield row

    def _of_chunk(self, chunk: list[Row]) -> Iterator[ExportDifference]:
        here = stored(
            self._store, self._connection_id, "participant", (row["id"].strip() for row in chunk)
        )
        for row in chunk:
            self.found.rows += 1
            key = row["id"].strip()
            one = here.get(key)
            self._newest = max(self._newest, _created(row) or 0)
            if one is None:
                yield ExportDifference(key, "missing_here")
                continue
            self._seen.add(one.id)
            if one.deleted:
                if not one.erased:
                    yield ExportDifference(key, "deleted_here")
                continue
            yield from _fields(key, one, row)

    def _not_exported(self) -> Iterator[ExportDifference]:
        """The participants that no row named, unless they are newer than the export."""
        for refs in every(self._store, self._connection_id, "participant"):
            left = [one.stripe_id for one in refs if one.id not in self._seen and not one.deleted]
            found = stored(self._store, self._connection_id, "participant", left) if left else {}
            for key, one in found.items():
                if (getattr(one.row, "created", None) or 0) > self._newest + 59:  # to the minute
                    self.found.newer += 1
                else:
                    yield ExportDifference(key, "not_in_export")


def _fields(key: str, one: Stored, row: Row) -> Iterator[ExportDifference]:
    for column, name in (("email", "Email"), ("name", "Name")):
        if column in row:
            ours = getattr(one.row, column) or ""
            if _same_text(ours) != _same_text(row[column]):
                yield ExportDifference(key, "field", name, ours, row[column])
    made, ours_at = _created(row), getattr(one.row, "created", None)
    # The export may leave the seconds out.
    if made is not None and ours_at is not None and not 0 <= ours_at - made < 60:
        there = next(row[name] for name in _CREATED if name in row)
        shown = datetime.fromtimestamp(ours_at, UTC).strftime(_FORMATS[0])
        yield ExportDifference(key, "field", "Created (UTC)", shown, there)
    metadata: dict[str, str] = stored_metadata(str(getattr(one.row, "metadata", "{}")))
    for column, value in row.items():
        if column.endswith(METADATA):
            ours = metadata.get(column.removesuffix(METADATA), "")
            if _same_text(ours) != _same_text(value):
                yield ExportDifference(key, "field", column, ours, value)


def _same_text(text: str) -> str:
    """A text without what a CSV may change: line ends, and blanks at the ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _created(row: Row) -> int | None:
    """When the row's customer was created, or None if it does not say that in a known form."""
    text = next((row[name].strip() for name in _CREATED if name in row), "")
    for form in _FORMATS:
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    return None
