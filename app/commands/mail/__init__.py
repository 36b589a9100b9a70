"""``panelist mail``: tests the mail server without sending anything, and signs in to it."""

from __future__ import annotations

import argparse
from typing import Any


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options and actions."""
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read its password from standard input and keep it where access is kept",
    )
    actions = parser.add_subparsers(dest="action", metavar="what")
    _declare_login(actions)
    logout = actions.add_parser("logout", help="erase the sign-in, and revoke it where possible")
    logout.set_defaults(run=_log_out)


def _declare_login(actions: Any) -> None:
    login = actions.add_parser("login", help="sign in at Microsoft or Google, without a password")
    login.set_defaults(run=_log_in)
    login.add_argument(
        "--no-browser", action="store_true", help="only print the page to open, at Google"
    )
    login.add_argument(
        "--client-secret-stdin",
        action="store_true",
        help="read the client secret from standard input and keep it with the sign-in",
    )


def run(options: argparse.Namespace) -> int:
    """Log in to the mail server and disconnect."""
    from app.commands.mail.mail_server_test import try_mail_server

    return try_mail_server(options)


def _log_in(options: argparse.Namespace) -> int:
    from app.commands.mail.mail_login import log_in

    return log_in(options)


def _log_out(_: argparse.Namespace) -> int:
    from app.commands.mail.mail_logout import log_out

    return log_out()
