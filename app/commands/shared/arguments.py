"""Options and option types that several commands share."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.invites.sending.schedule import Schedule


JSON_LINES = "Print JSON lines: events as they happen, and the result last"


def add_json(command: argparse.ArgumentParser, about: str = "Print JSON") -> None:
    """Add ``--json`` for a command that prints one object, or reports as it goes: lines of objects
    then. ``--jsonl`` is the same there."""
    command.add_argument(
        "--json", "--jsonl", action="store_const", const="jsonl", dest="json", help=about
    )


def add_list_json(command: argparse.ArgumentParser, *, csv: bool = False) -> None:
    """Add ``--json`` and ``--jsonl`` for a command that prints a list, and with ``csv`` also
    ``--csv`` and ``--exact``. ``options.json`` is a :data:`app.panel.export.json_values.JsonForm`
    then, or None."""
    form = command.add_mutually_exclusive_group()
    form.add_argument(
        "--json",
        action="store_const",
        const="json",
        help="Print one JSON document",
    )
    form.add_argument(
        "--jsonl",
        action="store_const",
        const="jsonl",
        dest="json",
        help="Print one JSON object a line",
    )
    if csv:
        form.add_argument(
            "--csv", action="store_true", help="Print CSV that is safe to open in a spreadsheet"
        )
        add_exact(command)


def add_list_action(command: argparse.ArgumentParser) -> None:
    """Allow ``list`` after a command that only lists."""
    command.add_argument(
        "action",
        nargs="?",
        choices=("list",),
        metavar="list",
        help="The same as the command alone",
    )


def add_output(command: argparse.ArgumentParser, *others: str, dest: str = "output") -> None:
    """Add ``-o`` and ``-f`` for a command that can write its result to a file. ``others``: more
    names of the option."""
    command.add_argument(
        *("-o", "--output", *others),
        metavar="FILE",
        dest=dest,
        help="Write to a file that only you can read (- for standard output)",
    )
    add_force(command)


def add_force(
    command: argparse.ArgumentParser, about: str = "Replace the file if it exists"
) -> None:
    """Add ``-f``, which replaces what is there. Commands that can keep running have ``-f`` for
    ``--follow`` (:func:`add_follow`)."""
    command.add_argument(
        *("-f", "--force", "--replace"), action="store_true", dest="replace", help=about
    )


def add_follow(command: Any, about: str) -> None:
    """Add ``-f`` for a command that can keep running."""
    command.add_argument("-f", "--follow", action="store_true", help=about)


def add_yes(command: argparse.ArgumentParser, about: str = "Do not ask for confirmation") -> None:
    """Add ``-y``, which answers the question."""
    command.add_argument("-y", "--yes", action="store_true", help=about)


def add_dry_run(command: argparse.ArgumentParser) -> None:
    """Add ``-n`` for a command whose confirmation shows what it would do
    (:func:`app.commands.shared.console.confirmed`)."""
    command.add_argument(
        "-n", "--dry-run", action="store_true", help="Show what would change, and change nothing"
    )


def add_quiet(command: argparse.ArgumentParser) -> None:
    """Add ``-q``. The command line obeys it: see :mod:`app.commands.shared.quiet_output`."""
    command.add_argument("-q", "--quiet", action="store_true", help="Print nothing unless it fails")


def add_account(command: argparse.ArgumentParser) -> None:
    """Add ``--account``, which :func:`app.commands.shared.context.open_context` takes."""
    command.add_argument(
        "--account", metavar="ACCT", help="Use another account (default: the one connected last)"
    )


def add_scope(command: argparse.ArgumentParser) -> None:
    """Add ``--account`` and JSON for studies and invites, and for their actions."""
    add_account(command)
    add_list_json(command)


def add_selection(command: argparse.ArgumentParser, searched: str) -> None:
    """Add the options that select participants. ``searched``: what the search looks at."""
    add_account(command)
    command.add_argument(
        "--segment", metavar="SEGMENT", help="Only members of this segment (its name or key)"
    )
    command.add_argument("--search", metavar="TEXT", help=searched)
    command.add_argument(
        "--filter",
        metavar="EXPR",
        help="Only participants who match, such as 'status:\"active\" AND created>-90d' (see"
        " Filters in the documentation)",
    )


def add_exact(command: argparse.ArgumentParser) -> None:
    """Add ``--exact`` for a command that writes CSV."""
    command.add_argument(
        "--exact",
        action="store_true",
        help="Write CSV for programs: times in seconds since 1970 and no byte order mark",
    )


def add_schedule(command: argparse.ArgumentParser) -> None:
    """Add ``--start`` and ``--quiet-hours``, which :func:`schedule_of` reads."""
    command.add_argument(
        "--start",
        metavar="TIME",
        help="When sending starts, such as 'Tuesday 9:00', 'tomorrow 14:30' or 2026-12-08T09:00",
    )
    command.add_argument(
        "--quiet-hours",
        metavar="HOURS",
        help="Quiet hours instead of the study's, such as 'nights, weekends', '20:00-08:00, Sat,"
        " Sun' or none",
    )


def schedule_of(options: argparse.Namespace) -> Schedule:
    """When a batch may leave. Raises StudyProblem."""
    from app.invites.schedule import quiet_hours, start_time
    from app.invites.sending.schedule import Schedule

    start = None if options.start is None else start_time.parse(options.start, time.time())
    return Schedule(start, quiet_hours.canonical(options.quiet_hours))


def count(text: str) -> int:
    """A whole number of 0 or more."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal()):
        raise argparse.ArgumentTypeError("use a whole number")
    return int(digits)
