"""Options and option types that several commands share."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.invites.sending.schedule import Schedule


def add_json(command: argparse.ArgumentParser) -> None:
    """Add ``--json`` for a command that prints one value, or one a line."""
    command.add_argument("--json", action="store_true", help="Print JSON")


def add_account(command: argparse.ArgumentParser) -> None:
    """Add ``--account``, which :func:`app.commands.shared.context.open_context` takes."""
    command.add_argument(
        "--account", metavar="ACCT", help="Use another account (default: the one connected last)"
    )


def add_scope(command: argparse.ArgumentParser) -> None:
    """Add ``--account`` and ``--json`` for studies and invites."""
    _add_scope(command)


def repeat_scope(action: argparse.ArgumentParser) -> None:
    """Allow the same options after the name of an action. Without them, earlier values stay."""
    _add_scope(action, default=argparse.SUPPRESS)


def _add_scope(command: argparse.ArgumentParser, **default: Any) -> None:
    command.add_argument("--account", metavar="ACCT", help="Use another account", **default)
    command.add_argument("--json", action="store_true", help="Print JSON", **default)


def add_selection(command: argparse.ArgumentParser, searched: str) -> None:
    """Add the options that select participants. ``searched``: what the search looks at."""
    add_account(command)
    command.add_argument("--segment", metavar="KEY", help="Only members of this segment")
    command.add_argument("--search", metavar="TEXT", help=searched)
    command.add_argument(
        "--filter",
        metavar="EXPR",
        help="Only participants who match, such as 'status:\"active\" AND created>-90d' (see"
        " Filters in the documentation)",
    )


def add_format(command: argparse.ArgumentParser) -> None:
    """Add the choice of JSON lines or CSV for a list of participants."""
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="Print one JSON object a line")
    form.add_argument(
        "--csv", action="store_true", help="Print CSV that is safe to open in a spreadsheet"
    )
    add_exact(command)


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
        help="When no email is sent, instead of the study's: 'nights, weekends', '20:00-08:00, Sat,"
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
