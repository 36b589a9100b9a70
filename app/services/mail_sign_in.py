"""Signing in at the provider of the mail server from the app: by a code, or in the browser."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.credentials.errors import CredentialProblem
from app.credentials.store import Credentials
from app.invites.mail.oauth.browser_login import BrowserLogin
from app.invites.mail.oauth.device_login import request_code, wait_for_approval
from app.invites.mail.oauth.mail_tokens import MailTokens, kept_tokens
from app.invites.mail.oauth.providers import MailApp
from app.invites.mail.server_settings import MailServer
from app.invites.mail.sign_in import keep_if_good, sign_in_app
from app.oauth.browser import open_browser
from app.oauth.errors import OAuthProblem
from app.problems import Problem
from app.settings import Settings


@dataclass(frozen=True)
class SignInPage:
    """The page to open and the ``code`` to enter there, or "" if the page redirects back to this
    computer. ``said``: whether a browser opened it. ``trouble``: why no redirect can arrive."""

    provider: str
    url: str
    code: str = ""
    said: str = ""
    trouble: str = ""


class _Cancelled(Exception):
    """A person ended the wait."""


class MailSignIn:
    """One sign-in, in a thread. ``show``: takes the page. ``end``: takes a sentence and whether the
    person is signed in. Both are called in the thread, and ``end`` once unless it was cancelled.
    Raises NoSignIn and SettingsError."""

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        show: Callable[[SignInPage], None],
        end: Callable[[str, bool], None],
    ) -> None:
        self._settings, self._credentials, self._show, self._end = settings, credentials, show, end
        self.server, self.app = sign_in_app(settings)
        self._stop = threading.Event()
        self._login: BrowserLogin | None = None

    def begin(self) -> None:
        """Ask for the page. Returns at once."""
        threading.Thread(target=self._run, name="sign-in", daemon=True).start()

    def paste(self, text: str) -> str:
        """Use a pasted redirect address. Returns an error if it is none, else ""."""
        try:
            if self._login is not None:
                self._login.paste(text)
        except OAuthProblem as problem:
            return str(problem)
        return ""

    def cancel(self) -> None:
        """End the wait. Nothing is kept then."""
        self._stop.set()
        if self._login is not None:
            self._login.cancel()

    def _run(self) -> None:
        try:
            said, good = self._signed_in(), True
        except _Cancelled:
            return
        except (Problem, CredentialProblem) as problem:
            said, good = str(problem), False
        if not self._stop.is_set():
            self._end(said, good)

    def _signed_in(self) -> str:
        self._credentials.ensure()
        before = kept_tokens(self._credentials, self.server)
        secret = before.secret if before is not None and not self.app.secret else ""
        app = replace(self.app, secret=self.app.secret or secret)
        tokens = self._by_code(app) if app.device_url else self._in_browser(app, self.server)
        if self._stop.is_set():
            raise _Cancelled
        return keep_if_good(
            self._credentials, self.server, self.app, replace(tokens, secret=secret)
        )

    def _by_code(self, app: MailApp) -> MailTokens:
        code = request_code(app)
        self._open(SignInPage(app.provider.name, code.page, code.code))
        return wait_for_approval(app, code, self._wait)

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise _Cancelled

    def _in_browser(self, app: MailApp, server: MailServer) -> MailTokens:
        settings = self._settings
        with BrowserLogin(app, server.user, settings.oauth_port, settings.home) as login:
            self._login = login
            self._open(SignInPage(app.provider.name, login.ask(), trouble=login.trouble))
            heard = login.wait()
            if heard is None:
                raise _Cancelled
            return login.exchange(heard.code)

    def _open(self, page: SignInPage) -> None:
        """Show the page, and open it in a browser, which may take seconds."""
        self._wait(0)
        self._show(page)

        def browse() -> None:
            why_not = open_browser(page.url, os.environ)
            said = f"Could not open it: {why_not}." if why_not else "Opened in your browser."
            self._show(replace(page, said=said))

        threading.Thread(target=browse, name="browser", daemon=True).start()
