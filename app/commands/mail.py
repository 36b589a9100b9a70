"""``panelist mail``: tests the mail server without sending anything."""

from __future__ import annotations

import argparse
import sys

from app.commands.console import say
from app.commands.exit_codes import DONE, FAILED


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read its password from standard input and keep it where access is kept",
    )


def run(options: argparse.Namespace) -> int:
    """Log in to the mail server and disconnect."""
    from app.credentials.factory import open_credentials
    from app.invites.mail.server_settings import keep_password, mail_server
    from app.invites.sending.channels.smtp_channel import open_session
    from app.settings import load
    from app.text import plain

    settings = load()
    credentials = open_credentials(settings)
    server = mail_server(settings)
    if server is None:
        say("No mail server is set: invites are put into files. Set PANELIST_SMTP_SERVER, such as")
        say("smtps://research@mail.example.com; see Studies and invites in the documentation.")
        return FAILED
    if options.password_stdin:
        keep_password(credentials, server, sys.stdin.readline().rstrip("\r\n"))
        say(f"The password is kept in: {plain(credentials.described())}")
    session = open_session(settings, credentials)
    assert session is not None
    session.open()
    session.quit()
    say(f"The mail server {server} lets us in. Nothing was sent.")
    return DONE
