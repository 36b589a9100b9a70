"""A SQLite file with all tables and nothing in them: to copy one is quicker than to make it."""

from __future__ import annotations

import functools
import shutil
import tempfile
from pathlib import Path

from app import paths
from app.db.engines.store_factory import open_sqlite


def put(home: Path) -> None:
    """Put one into a home that has none, as Panelist would."""
    file = paths.database(paths.make_private(home))
    if not file.exists():
        shutil.copy(_made(), file)  # with its mode


@functools.cache
def _made() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="panelist-")
    _kept.append(folder)  # until this run ends
    file = paths.database(Path(folder.name))
    open_sqlite(file).close()
    return file


_kept: list[tempfile.TemporaryDirectory[str]] = []
