"""What a sign-in at the provider of the mail server needs, and how it is kept."""

from __future__ import annotations

from app.credentials.store import Credentials
from app.invites.mail.oauth.mail_tokens import MailAccess, MailTokens, keep, kept_tokens
from app.invites.mail.oauth.providers import MailApp, mail_app
from app.invites.mail.server_settings import MailServer, mail_server
from app.invites.mail.smtp import NotSent, Session
from app.problems import Problem
from app.settings import Settings


class NoSignIn(Problem):
    """The settings name no mail server to sign in to. The text says what to set."""


def sign_in_app(settings: Settings) -> tuple[MailServer, MailApp]:
    """The mail server and the app to sign in with. Raises NoSignIn and SettingsError."""
    server, app = mail_server(settings), mail_app(settings)
    if server is None:
        raise NoSignIn(
            "No mail server is set. Nothing was changed. Set PANELIST_SMTP_SERVER, such as"
            " smtp://you@example.com@smtp.office365.com."
        )
    if app is None:
        raise NoSignIn(
            "This mail server uses a password. Nothing was changed. To sign in instead, set"
            " PANELIST_SMTP_OAUTH to microsoft or google, and PANELIST_SMTP_CLIENT_ID to"
            " the client ID of your app."
        )
    return server, app


def keep_if_good(
    credentials: Credentials, server: MailServer, app: MailApp, tokens: MailTokens
) -> str:
    """Store the tokens, try them at the mail server, and return what came of it. If the mail server
    refuses them, what was stored before comes back, because a person may have signed in as someone
    else. Raises Problem, and CredentialProblem."""
    before = kept_tokens(credentials, server)
    keep(credentials, server, tokens)
    session = Session(server, MailAccess(credentials, server, app))
    try:
        session.open()
    except NotSent as problem:
        if problem.answer is None or problem.answer.code < 500:
            return f"You are signed in at {app.provider.name}, but it could not be tried. {problem}"
        keep(credentials, server, before)
        raise Problem(f"{problem} This sign-in was not kept.") from None
    session.quit()
    return f"You are signed in. The mail server {server} accepts the sign-in. Nothing was sent."
