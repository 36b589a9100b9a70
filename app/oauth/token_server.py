"""Asks a token server: one form, one answer in JSON (RFC 6749, 3.2 and 5).

Nothing is tried again here. A code works once, and so may a refresh token.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.http_post import post
from app.network_failures import WireProblem
from app.oauth.errors import OAuthProblem
from app.text import plain, redacted, without_secret

TOKEN_LIMIT = 16 * 2**10  # characters; Microsoft's have two or three thousand
WORDS = 200  # characters of a server's own words
LIFE = 3600.0  # seconds; an access token's life if the server does not say it
SHORTEST, LONGEST = 60.0, 100_000.0  # the valid range of an expires_in; Microsoft's go up to a day

_PRIVATE = ("code", "refresh_token", "client_secret", "code_verifier", "device_code", "token")
_TRACE = re.compile(r"\s*(Trace ID|Correlation ID|Timestamp):.*", re.DOTALL)  # Microsoft's


class TokenAnswer(NamedTuple):
    """``body`` is {} if the answer is not a JSON object. ``said``: the status and the server's own
    words, without a secret."""

    status: int
    body: dict[str, Any]
    said: str

    @property
    def error(self) -> str:
        """The error code (RFC 6749, 5.2), or ""."""
        error = self.body.get("error")
        return error if isinstance(error, str) else ""

    def text(self, name: str) -> str:
        """A field that is safe in a header or a form, or ""."""
        value = self.body.get(name)
        if not isinstance(value, str) or len(value) > TOKEN_LIMIT or " " in value:
            return ""
        return value if value.isascii() and value.isprintable() else ""

    @property
    def expires_at(self) -> float:
        """When the access token expires, in seconds since 1970 by this computer's clock."""
        life = self.body.get("expires_in")
        if not isinstance(life, int | float) or not SHORTEST <= life <= LONGEST:
            life = LIFE
        return time.time() + life


def ask(url: str, form: Mapping[str, str], server: str) -> TokenAnswer:
    """Send a form. ``server``: its name, for a person. Raises OAuthProblem (kind "unreachable") if
    no whole answer came, or if the server says that it has a failure of its own."""
    try:
        status, content = post(url, server, form=form)
    except WireProblem as problem:
        raise _unreachable(problem) from None
    if status >= 500 or status == 429:
        raise OAuthProblem(
            "unreachable",
            f"{server} had a server error ({status}). Nothing was changed. Try again in a minute.",
        )
    body = _decoded(content)
    secrets = [form[name] for name in _PRIVATE if name in form]
    return TokenAnswer(status, body, _said(status, body, secrets))


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _said(status: int, body: dict[str, Any], secrets: list[str]) -> str:
    words = body.get("error_description") or body.get("error")
    if not isinstance(words, str):
        return str(status)
    words = plain(without_secret(redacted(_TRACE.sub("", words)), *secrets), WORDS)
    return f"{status}: {words.rstrip('. ')}"


def _unreachable(why: WireProblem) -> OAuthProblem:
    return OAuthProblem("unreachable", f"{why.clause}. Nothing was changed. Try again.")
