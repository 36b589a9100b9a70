"""Signs in on a page that redirects back to this computer (RFC 8252) with PKCE (RFC 7636). Google
offers it for desktop apps.

Facts: developers.google.com/identity/protocols/oauth2/native-app.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from pathlib import Path
from urllib.parse import urlencode

from app.invites.mail.oauth.mail_tokens import MailTokens, read_answer, refused
from app.invites.mail.oauth.providers import MailApp
from app.oauth.browser_approval import ApprovalPage, BrowserApproval
from app.oauth.errors import OAuthProblem
from app.oauth.redirect import GOOGLE
from app.oauth.token_server import ask


class BrowserLogin(BrowserApproval):
    """One sign-in. ``user``: the mailbox, which the page then proposes. ``port``: of this computer;
    Google redirects a desktop app to any."""

    def __init__(self, app: MailApp, user: str, port: int, folder: Path) -> None:
        self.app = app
        self._user = user
        self._verifier = ""
        super().__init__(GOOGLE, f"http://127.0.0.1:{port}/", self._page, folder)

    def _page(self) -> ApprovalPage:
        state, self._verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        digest = hashlib.sha256(self._verifier.encode()).digest()
        query = {
            "client_id": self.app.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": self.app.provider.scope,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",  # without it, Google gives a refresh token only the first time
            "login_hint": self._user,
        }
        return ApprovalPage(f"{self.app.authorize_url}?{urlencode(query)}", state)

    def exchange(self, code: str) -> MailTokens:
        """Exchange the code of the redirect. It works once. Raises OAuthProblem."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.app.client_id,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self._verifier,
        }
        if self.app.secret:
            form["client_secret"] = self.app.secret
        answer = ask(self.app.token_url, form, self.app.provider.name)
        if answer.status == 200:
            return read_answer(self.app, answer)
        if answer.error == "invalid_grant":
            raise OAuthProblem(
                "expired",
                f"{self.app.provider.name} says that this approval has expired or was used already."
                " Nothing was changed. Start again.",
            )
        raise refused(self.app, answer)
