"""Input and output for the person or program that started a command.

Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.panel.export.json_values import JsonForm

YES, NO = ("y", "yes"), ("n", "no")


def say(text: str) -> None:
    """Print for a person, on standard error. A closed terminal is not an error."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def print_json(value: object, form: JsonForm = "jsonl") -> None:
    """Print one object for a program, on its own line and without delay. A list is one document, or
    with the form "jsonl" an object a line."""
    from app.panel.export.json_values import write_json

    values: list[Any] = value if isinstance(value, list) else [value]
    write_json(sys.stdout, values, form if isinstance(value, list) else "jsonl")
    sys.stdout.flush()


def is_interactive() -> bool:
    """Whether the command can ask a question in a terminal."""
    seen = not getattr(sys.stderr, "unseen", False)
    return seen and sys.stdin is not None and sys.stdin.isatty()


def read_line() -> str:
    """The next line of standard input, or "" at its end."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return sys.stdin.readline().strip() if sys.stdin is not None else ""
    return ""


def read_secret(prompt: str) -> str:
    """A line of standard input, or "" at its end or if it is not text. It stays hidden while a
    person types it. Blanks at its ends stay, because a password may have some."""
    import getpass

    with contextlib.suppress(OSError, UnicodeDecodeError, EOFError):
        if is_interactive():
            return getpass.getpass(prompt, sys.stderr)
        return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""
    return ""


def input_lines() -> Iterator[str]:
    """The lines of standard input until it ends, without the blank ones. Also after other lines
    were read from it."""
    if sys.stdin is None:
        return
    if isinstance(sys.stdin, io.TextIOWrapper):
        with contextlib.suppress(io.UnsupportedOperation):  # something was read already
            sys.stdin.reconfigure(errors="replace")
    with contextlib.suppress(OSError, UnicodeDecodeError):  # the terminal is closed
        for line in sys.stdin:
            if line.strip():
                yield line.strip()


def confirmed(question: str, *, yes: bool, dry_run: bool = False) -> bool:
    """Whether a person agrees: with ``--yes``, or by typing y. Without a person to ask, it says how
    to agree. With ``--dry-run`` it only shows the question."""
    if dry_run:
        say(f"{question} Nothing was changed, because this is a dry run.")
        return False
    if yes:
        return True
    if not is_interactive():
        say(f"{question} Nothing was changed. Use --yes to confirm.")
        return False
    say(f"{question} (y or n)")
    if read_line().lower() in YES:
        return True
    say("Nothing was changed.")
    return False
