"""The tokens of a sign-in at a provider of email: how they are stored, renewed and erased.

Google keeps a refresh token until its consent is revoked, or for seven days while the app is in
testing (developers.google.com/identity/protocols/oauth2, "Refresh token expiration"). Microsoft
gives a new one with each renewal (learn.microsoft.com/entra/identity-platform/refresh-tokens).
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.credentials.store import Credentials
from app.invites.mail.oauth.providers import MailApp
from app.invites.mail.server_settings import MailServer
from app.oauth.errors import OAuthProblem
from app.oauth.kept_tokens import EARLY, PATIENCE, KeptTokens
from app.oauth.token_server import TokenAnswer, ask

AGAIN = "Sign in again with S in Studies or panelist mail login"


@dataclass(frozen=True)
class MailTokens:
    """``provider`` and ``client_id``: of the app that they belong to. ``expires_at``: seconds since
    1970 by this computer's clock. ``secret``: the app's, if a person gave it at the sign-in."""

    provider: str
    client_id: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: float
    secret: str = field(default="", repr=False)


def read_answer(app: MailApp, answer: TokenAnswer, before: str = "") -> MailTokens:
    """The tokens of an answer with status 200. ``before``: the refresh token that stays if the
    answer has none. Raises OAuthProblem."""
    access, again = answer.text("access_token"), answer.text("refresh_token") or before
    if answer.status != 200 or not access or not again:
        raise OAuthProblem(
            "senseless",
            f"The response from {app.provider.name} contained no tokens (status"
            f" {answer.status}). Nothing was changed. Check the network (a proxy or a"
            " sign-in page?) and try again.",
        )
    return MailTokens(app.provider.key, app.client_id, access, again, answer.expires_at)


def refused(app: MailApp, answer: TokenAnswer) -> OAuthProblem:
    """The token server does not accept the app, or what it asks for."""
    return OAuthProblem(
        "refused",
        f"{app.provider.name} refuses the app of PANELIST_SMTP_CLIENT_ID ({answer.said})."
        " Nothing was changed. Check the client ID, the client secret and the tenant.",
    )


def renewed(app: MailApp, tokens: MailTokens) -> MailTokens:
    """New tokens for expiring ones (RFC 6749, 6). Raises OAuthProblem. Its kind is "expired" if the
    consent was revoked."""
    secret = app.secret or tokens.secret
    form = {
        "grant_type": "refresh_token",
        "client_id": app.client_id,
        "refresh_token": tokens.refresh,
        "scope": app.provider.scope,
    }
    if secret:
        form["client_secret"] = secret
    answer = ask(app.token_url, form, app.provider.name)
    if answer.status == 200:
        return replace(read_answer(app, answer, before=tokens.refresh), secret=tokens.secret)
    # Microsoft asks for a person again: learn.microsoft.com/entra/identity-platform/
    # reference-error-codes. RFC 6749, 5.2 has invalid_grant.
    if answer.error in ("invalid_grant", "interaction_required", "consent_required"):
        raise OAuthProblem(
            "expired",
            f"{app.provider.name} no longer accepts your sign-in, because it was revoked or has"
            f" expired ({answer.said}). {AGAIN}.",
        )
    raise refused(app, answer)


class MailAccess:
    """The access tokens for one mailbox at one server."""

    def __init__(self, credentials: Credentials, server: MailServer, app: MailApp) -> None:
        self.app = app
        self._credentials, self._server = credentials, server
        self._kept: KeptTokens[MailTokens] | None = None

    def token(self, refused: str = "") -> str:
        """A token that works, as far as is known. ``refused``: one that the mail server did not
        accept. Raises OAuthProblem (kind "expired": sign in again) and CredentialProblem."""
        kept = self._kept = self._kept or self._open()
        now = kept.tokens
        if now.access == refused or time.time() > now.expires_at - EARLY:
            kept.renew(now.access)
        return kept.tokens.access

    def _open(self) -> KeptTokens[MailTokens]:
        tokens = kept_tokens(self._credentials, self._server)
        name = self.app.provider.name
        if tokens is None:
            raise OAuthProblem(
                "expired",
                f"You are not signed in at {name} for {self._server}. Sign in with S in Studies or"
                " panelist mail login.",
            )
        if (tokens.provider, tokens.client_id) != (self.app.provider.key, self.app.client_id):
            raise OAuthProblem(
                "expired",
                f"You signed in for {self._server} with a different app from that of"
                f" PANELIST_SMTP_CLIENT_ID. {AGAIN}.",
            )
        return KeptTokens(
            self._credentials,
            secret_name(self._server),
            tokens,
            read=_read,
            refresh=lambda old: renewed(self.app, old),
        )


def kept_tokens(credentials: Credentials, server: MailServer) -> MailTokens | None:
    """The stored tokens, or None. Raises CredentialProblem."""
    return _read(credentials.get(secret_name(server)))


def keep(credentials: Credentials, server: MailServer, tokens: MailTokens | None) -> None:
    """Store tokens, or erase those that are stored. Waits for another Panelist that is renewing
    them. Raises CredentialProblem."""
    name = secret_name(server)
    with credentials.lock(name, PATIENCE):
        if tokens is None:
            credentials.delete(name)
        else:
            credentials.put(name, asdict(tokens))


def revoke(app: MailApp, tokens: MailTokens) -> bool:
    """Take the consent back at the provider. False if it offers no way, or refuses. Raises
    OAuthProblem if it cannot be reached.

    developers.google.com/identity/protocols/oauth2/native-app, "Revoking a token"; RFC 7009.
    """
    if not app.revoke_url:
        return False
    answer = ask(app.revoke_url, {"token": tokens.refresh}, app.provider.name)
    return answer.status == 200 or answer.error == "invalid_token"  # it was revoked before


def secret_name(server: MailServer) -> str:
    """The name of the tokens in the credential storage."""
    return f"smtp oauth {server}"


def _read(secret: dict[str, Any] | None) -> MailTokens | None:
    try:
        return MailTokens(**secret) if secret else None
    except TypeError:  # of another version
        return None
