"""Talking with the person or the program that started a command.

Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import contextlib
import json
import sys

YES, NO = ("y", "yes"), ("n", "no")


def say(text: str) -> None:
    """Tell a person, and not the reader of the results. A terminal that has gone is no problem."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """One result for a program, on a line of its own that is there at once."""
    print(json.dumps(value), flush=True)


def is_interactive() -> bool:
    """Whether a person can type an answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def read_line() -> str:
    """The next line of standard input; "" where there is none."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return sys.stdin.readline().strip() if sys.stdin is not None else ""
    return ""
