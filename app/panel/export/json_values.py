"""The form of everything that Panelist prints or writes as JSON.

Each object that stands by itself, on a line or in a list, has the version of the schema. Times are
texts of ISO 8601 with their offset (RFC 3339, section 5.6). Published keys never change their
meaning (docs/words.md); a change of one that programs would notice makes the version larger.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, TypeAlias

JsonForm: TypeAlias = Literal["json", "jsonl"]  # one document, or an object a line

SCHEMA_VERSION = 1
# Keys of seconds since 1970, like those that end in _at.
_TIMES = ("created", "since", "until", "at", "start", "trial_end", "period_end", "cancel_at")
_NO_TIMES = ("broken_at",)  # the number of an entry


def is_time(key: str) -> bool:
    """Whether a whole number with this key is seconds since 1970."""
    return (key in _TIMES or key.endswith("_at")) and key not in _NO_TIMES


def versioned(value: dict[str, Any]) -> dict[str, Any]:
    """An object as it is printed: with the version of the schema, and with times as texts."""
    return {"schema_version": SCHEMA_VERSION, **_dated(value)}


def _dated(value: Any, key: str = "") -> Any:
    if key == "metadata":  # a customer's own, whatever its keys are
        return value
    if isinstance(value, dict):
        return {name: _dated(one, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_dated(one, key) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and is_time(key):
        with contextlib.suppress(OverflowError, OSError, ValueError):  # no calendar has it
            return datetime.fromtimestamp(value, UTC).isoformat()
    return value


def write_json(out: TextIO, values: Iterable[dict[str, Any]], form: JsonForm) -> int:
    """Write objects as they come, as one array or one a line. Returns how many there were."""
    if form == "json":
        return _write_array(out, values, "")
    number = 0
    for value in values:
        out.write(json.dumps(versioned(value)) + "\n")
        number += 1
    return number


def write_report(
    out: TextIO, head: dict[str, Any], name: str, values: Iterable[dict[str, Any]], form: JsonForm
) -> None:
    """Write an object and then others as they come: as one object that has them under a ``name``,
    or one a line."""
    if form == "jsonl":
        write_json(out, [head], form)
        write_json(out, values, form)
        return
    out.write(f"{json.dumps(versioned(head))[:-1]}, {json.dumps(name)}: ")
    _write_array(out, values, "}")


def _write_array(out: TextIO, values: Iterable[dict[str, Any]], end: str) -> int:
    number, between = 0, "[\n"
    for value in values:
        out.write(f"{between}{json.dumps(versioned(value))}")
        between = ",\n"
        number += 1
    out.write(f"\n]{end}\n" if number else f"[]{end}\n")
    return number


class JsonReport:
    """Objects as they come, and in the end what became of it all: as one object that has the others
    under a ``name``, or one a line."""

    def __init__(self, out: TextIO, name: str, form: JsonForm) -> None:
        self._out, self._name, self._form = out, name, form
        self._begun = False

    def add(self, value: dict[str, Any]) -> None:
        """Write one of the objects."""
        if self._form == "jsonl":
            write_json(self._out, [value], "jsonl")
        else:
            self._out.write(",\n" if self._begun else f'{{"{self._name}": [\n')
            self._out.write(json.dumps(versioned(value)))
            self._begun = True
        self._out.flush()

    def end(self, value: dict[str, Any]) -> None:
        """Write the last one."""
        if self._form == "jsonl":
            write_json(self._out, [value], "jsonl")
        else:
            begin = "" if self._begun else f'{{"{self._name}": ['
            self._out.write(f"{begin}], {json.dumps(versioned(value))[1:]}\n")
        self._out.flush()

    def give_up(self) -> None:
        """Close what was begun, after a failure."""
        if self._begun:
            self._out.write("]}\n")
            self._out.flush()
