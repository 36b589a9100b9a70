"""Folded copies of the texts that filters and searches compare, beside the texts themselves.

:func:`app.text.fold` says what is equal. Neither database knows it, and what they do know differs
between them. So the column ``folded`` keeps the result for texts outside ASCII. It is NULL in most
rows: of an ASCII text, ``lower()`` is the same on both.

``participant.folded`` is a JSON object of the folded columns, with the metadata as an object.
``product.folded`` and ``price.folded`` are the folded name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from app.db.rows import PARTICIPANT_FIELDS, ParticipantRow, PriceRow, ProductRow
from app.text import fold

COLUMNS = tuple(field.name for field in PARTICIPANT_FIELDS if field.kind == "text")
_TEXTS = attrgetter(*COLUMNS)


def of_participant(row: ParticipantRow) -> str | None:
    """The column of a participant."""
    return folded_texts(zip(COLUMNS, _TEXTS(row), strict=True), row.metadata)


def folded_texts(texts: Iterable[tuple[str, str | None]], metadata: str) -> str | None:
    """The column of a participant with these texts by name."""
    found: dict[str, object] = {
        name: fold(text) for name, text in texts if text is not None and not text.isascii()
    }
    if metadata and (not metadata.isascii() or "\\u" in metadata):  # an escape of such a text
        found["metadata"] = {key: fold(value) for key, value in json.loads(metadata).items()}
    return json.dumps(found, ensure_ascii=False) if found else None


def folded_name(name: str | None) -> str | None:
    """The column of a product or price with this name."""
    return None if name is None or name.isascii() else fold(name)


# What is stored beside a row of each kind of answer.
BESIDE: dict[str, Callable[[Any], tuple[str | None]]] = {
    "participants": lambda row: (of_participant(row),),
    "products": lambda row: (folded_name(_product(row)),),
    "prices": lambda row: (folded_name(_price(row)),),
}


def _product(row: ProductRow) -> str:
    return row.name


def _price(row: PriceRow) -> str | None:
    return row.nickname


def folded_column(column: str, *, postgres: bool) -> str:
    """SQL: a text column of ``participant p``, ``product d`` or ``price r``, folded. It is NULL
    where the column is."""
    table, name = column.split(".")
    if table != "p":
        return f"coalesce({table}.folded, lower({column}))"
    if name not in COLUMNS:  # an id
        return f"lower({column})"
    return f"coalesce({folded_entry(name, postgres=postgres)}, lower({column}))"


def folded_entry(name: str, *, postgres: bool, table: str = "p") -> str:
    """SQL: a text column of a participant, folded. It is NULL where that text is ASCII."""
    if postgres:
        return f"(({table}.folded::jsonb ->> '{name}') COLLATE \"C\")"
    return f"json_extract({table}.folded, '$.{name}')"


def folded_metadata(*, postgres: bool, table: str = "p") -> str:
    """SQL: a participant's metadata as JSON, each value folded where one of them is not ASCII."""
    if postgres:
        return f"coalesce({table}.folded::jsonb -> 'metadata', {table}.metadata::jsonb)"
    return f"coalesce(json_extract({table}.folded, '$.metadata'), {table}.metadata)"
