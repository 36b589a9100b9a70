"""Tries the mail server of the settings."""

from __future__ import annotations

import argparse

from app.commands.shared.console import read_secret, say
from app.commands.shared.exit_codes import DONE, FAILED, WrongUse
from app.credentials.factory import open_credentials
from app.invites.mail.oauth.providers import mail_app
from app.invites.mail.server_settings import keep_password, mail_server
from app.invites.sending.channels.smtp_channel import open_session
from app.problems import Problem
from app.settings import load
from app.text import plain


def try_mail_server(options: argparse.Namespace) -> int:
    """Log in and disconnect. Raises NotSent, SettingsError and CredentialProblem."""
    settings = load()
    credentials = open_credentials(settings)
    server, app = mail_server(settings), mail_app(settings)
    if server is None:
        say(
            "No mail server is set, so invites are saved as files. To send email, set"
            " PANELIST_SMTP_SERVER, such as"
        )
        say("smtps://research@mail.example.com. See Studies and invites in the documentation.")
        return FAILED
    if options.password_stdin:
        if app is not None:
            raise WrongUse(
                f"PANELIST_SMTP_OAUTH is set, so you sign in at {app.provider.name}, and"
                " Panelist uses no password. Nothing was changed. Run panelist mail login."
            )
        password = read_secret(f"Password of {server}: ")
        if not password:
            raise Problem("No password was given. Nothing was changed.")
        keep_password(credentials, server, password)
        say(f"The password is stored in: {plain(credentials.described())}")
    session = open_session(settings, credentials)
    assert session is not None
    session.open()
    session.quit()
    by = f" by your sign-in at {app.provider.name}" if app else ""
    say(f"The mail server {server} accepts the login{by}. Nothing was sent.")
    return DONE
