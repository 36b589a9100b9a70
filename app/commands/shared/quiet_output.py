"""``--quiet``: a command prints nothing unless it fails, as cron likes it."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections import deque

from app.commands.shared.exit_codes import DONE

MOST = 200  # lines that are kept for a failure


class KeptOutput(io.StringIO):
    """Keeps what is said. No one sees a question there, so none is asked."""

    unseen = True

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=MOST)

    def write(self, text: str) -> int:
        self._lines.append(text)
        return len(text)

    @property
    def text(self) -> str:
        """What was said, or the end of it."""
        return "".join(self._lines)


def run_quietly(options: argparse.Namespace) -> int:
    """Run a command and print what it said only if it fails. What was asked for on standard output,
    such as JSON or CSV, is printed as ever."""
    said, code = KeptOutput(), None
    try:
        with contextlib.ExitStack() as kept:
            kept.enter_context(contextlib.redirect_stderr(said))
            if not _prints_data(options):
                kept.enter_context(contextlib.redirect_stdout(said))
            code = options.run(options)
            return int(code)
    finally:
        if code != DONE:
            with contextlib.suppress(OSError):
                print(said.text, end="", file=sys.stderr, flush=True)


def _prints_data(options: argparse.Namespace) -> bool:
    if getattr(options, "json", None) or getattr(options, "csv", False):
        return True
    if options.command == "export":
        return options.output in (None, "-")
    return bool(getattr(options, "outcome", None))
