"""Reads JSON texts that Panelist stored itself, and that a damaged disk may have changed."""

from __future__ import annotations

import json
from typing import Any

from app.db.errors import DatabaseProblem

UNREADABLE = {"unreadable": "run panelist sync --full to fetch it again"}


def stored_json(text: str) -> Any:
    """The value. Raises DatabaseProblem if the text is damaged."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise DatabaseProblem(
            "A row of the database is damaged. Nothing was changed. Run panelist salvage, which"
            " saves every row that can be read in a new file."
        ) from error


def stored_metadata(text: str) -> dict[str, Any]:
    """The metadata of a participant. If it is damaged, an entry says so instead, because one row
    must not end a list."""
    try:
        found = json.loads(text)
    except ValueError:
        return UNREADABLE
    return found if isinstance(found, dict) else UNREADABLE
