"""Stand-ins for the token servers of Microsoft and Google, over real HTTP.

Both are at one address. Tokens that they gave are good until a test says otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.credentials.factory import open_credentials
from app.invites.mail.oauth.device_login import GRANT
from app.invites.mail.oauth.mail_tokens import MailTokens, keep, read_answer
from app.invites.mail.oauth.providers import mail_app
from app.invites.mail.server_settings import mail_server
from app.oauth.token_server import ask
from app.settings import Settings
from tests.helpers.mail_server import MailServer

Form = dict[str, str]

CLIENT_ID, SECRET = "panelist-test-client", "GOCSPX-canary-client-secret"
MAILBOX = "rosa@acme.example"


class TokenServer:
    """``errors``: what is answered first to questions for a device's approval, or to renewals.
    ``life``: of access tokens, in seconds. ``rotates``: whether a renewal gives a new refresh
    token. ``forms``: what was asked, with its path."""

    def __init__(self, *, life: int = 3600, rotates: bool = True, interval: float = 0.01) -> None:
        self.life, self.rotates, self.interval = life, rotates, interval
        self.errors: list[str] = []
        self.forms: list[tuple[str, Form]] = []
        self.page: Form = {}  # what the last approved page asked for
        self.good: set[str] = set()  # access tokens
        self.refresh: set[str] = set()  # tokens that renew
        self.given: list[str] = []  # every secret that was given
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.stand_in = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def accepts(self, user: str, token: str) -> bool:
        """Whether a mail server lets this user in with this token."""
        with self._lock:
            return user == MAILBOX and token in self.good

    def expire(self) -> None:
        """No access token works any more. They can be renewed."""
        with self._lock:
            self.good.clear()

    def revoke(self) -> None:
        """A person took the consent back at the provider."""
        with self._lock:
            self.good.clear()
            self.refresh.clear()

    def settings(self, home: Path, mail: MailServer, provider: str = "microsoft") -> Settings:
        """Those of a home that signs in here and sends by this mail server."""
        return Settings(
            home=home,
            token_store="plain",
            mail_rate="0",
            smtp_server=mail.url.replace("//", f"//{MAILBOX}@"),
            smtp_oauth=provider,
            smtp_client_id=CLIENT_ID,
            smtp_oauth_base=self.url,
        )

    def signed_in(self, settings: Settings) -> MailTokens:
        """Tokens as after a sign-in, kept in this home."""
        app, server = mail_app(settings), mail_server(settings)
        assert app
        assert server
        form = {"grant_type": GRANT, "client_id": CLIENT_ID}
        tokens = read_answer(app, ask(app.token_url, form, "stand-in"))
        keep(open_credentials(settings), server, tokens)
        self.forms.clear()
        return tokens

    @property
    def renewals(self) -> int:
        return sum(form.get("grant_type") == "refresh_token" for _, form in self.forms)

    def approve(self, page: str) -> str:
        """Approve on the page of a browser, as Google redirects. Returns the address of the
        redirect."""
        parts = urlsplit(page)
        assert parts.path == "/o/oauth2/v2/auth"
        self.page = dict(parse_qsl(parts.query))
        query = {"state": self.page["state"], "code": "4/0A-canary/code", "scope": "x y"}
        return f"{self.page['redirect_uri']}?{urlencode(query)}"

    def answer(self, path: str, form: Form) -> tuple[int, object]:
        """The status and the body of one answer."""
        with self._lock:
            self.forms.append((path, form))
            if path.endswith("/devicecode"):
                return 200, self._device_code()
            if path == "/revoke":
                known = form["token"] in self.refresh
                self.refresh.discard(form["token"])
                return (200, {}) if known else (400, {"error": "invalid_token"})
            if self.errors:
                error = self.errors.pop(0)
                return (int(error), {}) if error.isdigit() else _error(error)
            return self._tokens(form)

    def _device_code(self) -> object:
        return {
            "user_code": "WDJB-MJHT",
            "device_code": self._given("tokD"),
            "verification_uri": "https://microsoft.example/devicelogin",
            "expires_in": 900,
            "interval": self.interval,
        }

    def _tokens(self, form: Form) -> tuple[int, object]:
        if form["client_id"] != CLIENT_ID:
            return _error("invalid_client")
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if form["client_secret"] != SECRET or challenge != self.page["code_challenge"]:
                return _error("invalid_grant")
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh:
                return _error("invalid_grant")
            if self.rotates:
                self.refresh.discard(form["refresh_token"])
        access = self._given("tokA")
        self.good.add(access)
        body = {"access_token": access, "token_type": "Bearer", "expires_in": self.life}
        if self.rotates or form["grant_type"] != "refresh_token":
            body["refresh_token"] = self._given("tokR")
            self.refresh.add(str(body["refresh_token"]))
        return 200, body

    def _given(self, kind: str) -> str:
        self.given.append(f"{kind}-{len(self.given)}-Zm9yZ290dGVuIGNvd3M")
        return self.given[-1]


def _error(name: str) -> tuple[int, object]:
    words = f"AADSTS70000: {name} it is.\r\nTrace ID: 1-2-3\r\nTimestamp: 2026"
    return 400, {"error": name, "error_description": words}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        stand_in: TokenServer = self.server.stand_in  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, answer = stand_in.answer(self.path, dict(parse_qsl(body)))
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
