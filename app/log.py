"""The log of warnings and faults, for people who help. It holds no keys and no emails."""

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
    """Write this program's messages to the log.

    Messages of other libraries hold URLs and headers, so they reach neither the log nor the
    terminal. If the log cannot be written, the program runs without one.
    """
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
