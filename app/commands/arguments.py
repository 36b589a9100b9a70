"""Options, and types of options, that several commands have."""

from __future__ import annotations

import argparse
from typing import Any


def add_json(command: argparse.ArgumentParser) -> None:
    """``--json`` of a command that prints one value, or one a line."""
    command.add_argument("--json", action="store_true", help="for programs")


def add_account(command: argparse.ArgumentParser) -> None:
    """``--account``, which :func:`app.commands.context.open_context` takes."""
    command.add_argument(
        "--account", metavar="ACCT", help="of another account than the one connected last"
    )


def add_scope(command: argparse.ArgumentParser) -> None:
    """``--account`` and ``--json`` of what is about studies and invites."""
    _add_scope(command)


def repeat_scope(action: argparse.ArgumentParser) -> None:
    """The same after the name of an action. What is not said there keeps what was said before."""
    _add_scope(action, default=argparse.SUPPRESS)


def _add_scope(command: argparse.ArgumentParser, **default: Any) -> None:
    command.add_argument("--account", metavar="ACCT", help="another account", **default)
    command.add_argument("--json", action="store_true", help="for programs", **default)


def add_selection(command: argparse.ArgumentParser, searched: str) -> None:
    """Which participants are meant. ``searched``: what the search looks at."""
    add_account(command)
    command.add_argument("--segment", metavar="KEY", help="only the members of a segment")
    command.add_argument("--search", metavar="TEXT", help=searched)
    command.add_argument(
        "--filter",
        metavar="EXPR",
        help="only those it finds, such as 'status:\"active\" AND created>-90d'"
        " (see the documentation)",
    )


def add_format(command: argparse.ArgumentParser) -> None:
    """JSON lines or CSV, for a list of participants."""
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--csv", action="store_true", help="comma-separated, safe to open")


def count(text: str) -> int:
    """A whole number that is not negative."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number
