"""``panelist mail logout``: erases the sign-in, and revokes it where possible."""

from __future__ import annotations

from app.commands.shared.console import say
from app.commands.shared.exit_codes import DONE, FAILED, WrongUse
from app.credentials.factory import open_credentials
from app.invites.mail.oauth.mail_tokens import MailTokens, keep, kept_tokens, revoke
from app.invites.mail.oauth.providers import PROVIDERS, MailApp, mail_app
from app.invites.mail.server_settings import mail_server
from app.oauth.errors import OAuthProblem
from app.settings import load


def log_out() -> int:
    """Erase the tokens first, so that nothing here sends with them. Raises CredentialProblem and
    SettingsError."""
    settings = load()
    credentials = open_credentials(settings)
    server = mail_server(settings)
    if server is None:
        raise WrongUse(
            "No mail server is set. Nothing was changed. Set PANELIST_SMTP_SERVER to the"
            " server you want to sign out of."
        )
    tokens = kept_tokens(credentials, server)
    if tokens is None:
        print(f"You are not signed in to {server}. Nothing was changed.")
        return DONE
    keep(credentials, server, None)
    print(f"The sign-in to {server} was deleted here.", flush=True)
    return _revoked(mail_app(settings), tokens)


def _revoked(app: MailApp | None, tokens: MailTokens) -> int:
    provider = PROVIDERS[tokens.provider]
    if app is None or app.provider is not provider or not app.revoke_url:
        print(f"{provider.name} does not know this yet. To revoke the access, {provider.leave}.")
        return DONE
    try:
        done = revoke(app, tokens)
    except OAuthProblem as problem:
        say(
            f"{provider.name} could not be reached to revoke the access. {problem} To be"
            f" sure, {provider.leave}."
        )
        return FAILED
    if not done:
        say(f"{provider.name} did not revoke the access. To be sure, {provider.leave}.")
        return FAILED
    print(f"{provider.name} revoked the access.")
    return DONE
