"""The log of warnings and faults, for people who help. It holds no keys and no emails."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app import paths
from app.text import plain, plain_lines, redacted

LONGEST = 10_000  # characters of a message


class _Clean(logging.Formatter):
    """Removes secrets, and every byte that a terminal obeys. Stripe's messages repeat foreign text,
    and people read the log in a terminal. Only a traceback has several lines."""

    def format(self, record: logging.LogRecord) -> str:
        return plain_lines(redacted(super().format(record)))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return plain(super().formatMessage(record), LONGEST)


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
    handler.setFormatter(_Clean("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(logging.Filter("app"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
