"""How a person left the app: the theme, the mode, and for each database the segment and its order.

It lies in a file of the home and not in the database, which several people may use, each in their
own way. It holds no personal data, and nothing depends on it: a file that is missing or damaged
means the app as it is when new.
"""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from app import paths
from app.files import replace_atomically

EVERYWHERE = ("theme", "masking")  # the others belong to a database


class Remembered:
    """Values by name, as texts. ``database``: the address of the open one, or "" for the file."""

    def __init__(self, home: Path, database: str) -> None:
        self._file = paths.remembered_file(home)
        self._database = sha256(database.encode()).hexdigest()[:16]
        self._saved = _read(self._file)
        self._values = {section: dict(values) for section, values in self._saved.items()}

    def get(self, name: str) -> str:
        """What was remembered, or ""."""
        return self._values.get(self._section(name), {}).get(name, "")

    def set(self, name: str, value: str) -> None:
        """Remember a value. :meth:`save` writes it."""
        self._values.setdefault(self._section(name), {})[name] = value

    def save(self) -> None:
        """Write what changed. A folder that cannot be written to is left as it is."""
        if self._values == self._saved:
            return
        with suppress(OSError), replace_atomically(self._file) as out:
            out.write(json.dumps(self._values, indent=1).encode())
        self._saved = {section: dict(values) for section, values in self._values.items()}

    def _section(self, name: str) -> str:
        return "app" if name in EVERYWHERE else self._database


def _read(file: Path) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(file.read_bytes())
        return {
            str(section): {str(name): str(value) for name, value in values.items()}
            for section, values in found.items()
        }
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
