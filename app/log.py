"""The log: what went wrong, for whoever is asked for help; no key, no email, no chatter."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app import paths
from app.text import redacted


class _Redacted(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def start(home: Path) -> None:
    """Write this program's warnings and faults to the log. Other libraries (they log URLs and
    headers) are kept out of it and off the terminal. A log that cannot be written stops
    nothing."""
    handler: logging.Handler
    try:
        file = paths.log_file(paths.make_private(home))
        handler = RotatingFileHandler(file, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(_Redacted("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(logging.Filter("app"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
