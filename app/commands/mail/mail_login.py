"""``panelist mail login``: signs in at Microsoft or Google, and tries the mail server."""

from __future__ import annotations

import argparse
import os
import threading
from dataclasses import replace

from app.commands.shared.console import input_lines, read_secret, say
from app.commands.shared.exit_codes import DONE, WrongUse
from app.commands.shared.signals import interrupt_on_signals
from app.commands.shared.token_store_choice import ensure_token_store
from app.credentials.factory import open_credentials
from app.credentials.store import TokenStore
from app.invites.mail.oauth.browser_login import BrowserLogin
from app.invites.mail.oauth.device_login import request_code, wait_for_approval
from app.invites.mail.oauth.mail_tokens import MailTokens
from app.invites.mail.oauth.providers import MailApp
from app.invites.mail.server_settings import MailServer
from app.invites.mail.sign_in import NoSignIn, keep_if_good, sign_in_app
from app.oauth.browser import open_browser
from app.oauth.errors import OAuthProblem
from app.settings import Settings, load
from app.text import plain


def log_in(options: argparse.Namespace) -> int:
    """Sign in and store the tokens. Raises OAuthProblem, CredentialProblem and SettingsError."""
    settings = load()
    credentials = open_credentials(settings)
    try:
        server, app = sign_in_app(settings)
    except NoSignIn as problem:
        raise WrongUse(str(problem)) from None
    interrupt_on_signals()
    secret = read_secret("Client secret: ").strip() if options.client_secret_stdin else ""
    ensure_token_store(settings, credentials)
    try:
        tokens = _signed_in(replace(app, secret=secret or app.secret), server, settings, options)
    except KeyboardInterrupt:
        raise OAuthProblem("setup", "Stopped. You were not signed in.") from None
    say(keep_if_good(credentials, server, app, replace(tokens, secret=secret)))
    where = plain(credentials.described())
    ends = credentials.token_store is TokenStore.SESSION
    say(f"The sign-in is stored in: {where}{', which ends with this command' if ends else ''}")
    return DONE


def _signed_in(
    app: MailApp, server: MailServer, settings: Settings, options: argparse.Namespace
) -> MailTokens:
    if app.device_url:
        return _by_code(app)
    return _in_browser(app, server, settings, browser=not options.no_browser)


def _by_code(app: MailApp) -> MailTokens:
    code = request_code(app)
    print(f"Open {code.page} and enter the code {code.code}", flush=True)
    say(f"Waiting for your approval at {app.provider.name}.")
    return wait_for_approval(app, code)


def _in_browser(
    app: MailApp, server: MailServer, settings: Settings, *, browser: bool
) -> MailTokens:
    with BrowserLogin(app, server.user, settings.oauth_port, settings.home) as login:
        print(f"Open this page and approve:\n{login.ask()}", flush=True)
        if browser:
            why_not = open_browser(login.url, os.environ)
            said = f"not opened here: {why_not}" if why_not else "opened in the browser"
            say(f"The link was {said}.")
        say(
            login.trouble
            or f"Waiting for {app.provider.name}'s approval. You can also paste the redirect"
            " address here."
        )
        threading.Thread(target=_read, args=(login,), name="stdin", daemon=True).start()
        heard = login.wait()
        if heard is None:
            raise OAuthProblem("setup", login.trouble)
        return login.exchange(heard.code)


def _read(login: BrowserLogin) -> None:
    """Read pasted addresses in a thread that no exit waits for. When input ends and nothing else
    can end the wait, this ends it."""
    for line in input_lines():
        try:
            login.paste(line)
        except OAuthProblem as problem:
            say(str(problem))
    if login.trouble:
        login.cancel()
