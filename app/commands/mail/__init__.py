"""``panelist mail``: tests the mail server without sending anything, and signs in to it."""

from __future__ import annotations

import argparse
from typing import Any

EXAMPLES = {
    "mail": ("mail", "mail --password-stdin < password.txt"),
    "mail login": ("mail login", "mail login --no-browser"),
    "mail logout": ("mail logout",),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options and actions."""
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="Read the mail server's password from standard input and store it with your"
        " credentials",
    )
    actions = parser.add_subparsers(dest="action", metavar="what")
    _declare_login(actions)
    logout = actions.add_parser("logout", help="Sign out, and revoke the access if possible")
    logout.set_defaults(run=_log_out)


def _declare_login(actions: Any) -> None:
    login = actions.add_parser(
        "login", help="Sign in at Microsoft or Google instead of using a password"
    )
    login.set_defaults(run=_log_in)
    login.add_argument(
        "--no-browser", action="store_true", help="Print Google's link and do not open it"
    )
    login.add_argument(
        "--client-secret-stdin",
        action="store_true",
        help="Read the client secret from standard input and store it with the sign-in",
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
