"""The credentials of a request to Stripe, and how they are stored and renewed.

A key is what a person pasted. Tokens come from OAuth and expire every hour. Only an ``Access``
holds them: the rest of the sync sees no more than the headers of the next request.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from app.credentials.store import Credentials
from app.oauth.errors import OAuthProblem
from app.oauth.kept_tokens import EARLY, PATIENCE, KeptTokens
from app.sync.stripe.oauth import OAuthApp, Tokens, refresh
from app.sync.stripe.transport import Headers

GRACE = 1.0  # seconds that an exit waits for a renewal
ASIDE = "access"  # name of the threads that renew

T = TypeVar("T")


class Access(Protocol):
    """``headers`` are others when the access was renewed."""

    @property
    def livemode(self) -> bool: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def stale(self) -> bool: ...
    async def renew(self, used: Headers) -> bool:
        """Call this when ``used`` no longer works. True if there are newer headers to try.

        Raises OAuthProblem (kind "expired": access was revoked) and CredentialProblem.
        """

    def forget(self) -> None:
        """Delete what is stored, because access was revoked. Raises CredentialProblem."""


class KeyAccess:
    """A Stripe key. ``account``: with Connect, the connected account that it is used for.
    ``forget``: deletes the key from the storage, if it is there."""

    stale = False

    def __init__(
        self,
        key: str,
        *,
        livemode: bool | None = None,
        account: str = "",
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self.livemode = "_live_" in key if livemode is None else livemode
        self.forget = forget
        self.headers: Headers = {"Authorization": f"Bearer {key}"}
        if account:
            self.headers["Stripe-Account"] = account

    async def renew(self, used: Headers) -> bool:
        """False, because a key is never renewed."""
        return False


class StoredKeyAccess(KeyAccess):
    """A key from the credential storage. Another process may replace it there at any time, and this
    one then uses the new one."""

    def __init__(self, credentials: Credentials, name: str, key: str) -> None:
        super().__init__(key)
        self._credentials, self._name = credentials, name
        self._use(key)

    def _use(self, key: str) -> None:
        self.headers: Headers = {"Authorization": f"Bearer {key}"}
        self.forget = partial(_forget, self._credentials, self._name, {"key": key})

    async def renew(self, used: Headers) -> bool:
        """True if the stored key was replaced in the meantime."""
        if self.headers is not used:
            return True
        stored = await run_in_thread(lambda: self._credentials.get(self._name))
        key = (stored or {}).get("key")
        if not isinstance(key, str) or used.get("Authorization") == f"Bearer {key}":
            return False
        self._use(key)
        return True


class TokenAccess:
    """Tokens of OAuth, which :class:`KeptTokens` renews."""

    def __init__(self, app: OAuthApp, credentials: Credentials, tokens: Tokens) -> None:
        self.livemode = tokens.livemode
        self._credentials = credentials
        self._name = secret_name(tokens.account, tokens.livemode)
        self._kept = KeptTokens(
            credentials,
            self._name,
            tokens,
            read=_tokens,
            refresh=lambda kept: asyncio.run(refresh(app, kept)),
        )

    @property
    def headers(self) -> Headers:
        """See :class:`Access`."""
        return {"Authorization": f"Bearer {self._kept.tokens.access}"}

    @property
    def stale(self) -> bool:
        """Whether the token may expire before the next request arrives."""
        ends = self._kept.tokens.expires_at
        return ends is not None and time.time() > ends - EARLY

    async def renew(self, used: Headers) -> bool:
        """See :meth:`Access.renew`."""
        await run_in_thread(
            partial(self._kept.renew, used["Authorization"].removeprefix("Bearer "))
        )
        return True

    def forget(self) -> None:
        """See :meth:`Access.forget`."""
        _forget(self._credentials, self._name, asdict(self._kept.tokens))


@dataclass(frozen=True)
class NewAccess:
    """Access that is not stored yet. ``secret``: what would be stored. ``account``: the account it
    belongs to, if known."""

    access: Access = field(repr=False)
    secret: dict[str, Any] = field(repr=False)
    method: str  # restricted_key or oauth
    account: str = ""


def offered_key(key: str) -> NewAccess:
    """Access from a key that a person entered."""
    return NewAccess(KeyAccess(key), {"key": key}, "restricted_key")


def offered_tokens(app: OAuthApp, tokens: Tokens) -> NewAccess:
    """Access from the tokens of a code."""
    if app.flavour == "connect":
        access = KeyAccess(app.secret, account=tokens.account)
    else:
        access = KeyAccess(tokens.access, livemode=tokens.livemode)
    return NewAccess(access, asdict(tokens), "oauth", tokens.account)


def kept_access(
    credentials: Credentials,
    registered: Callable[[bool], OAuthApp | None],
    account: str,
    livemode: bool,
) -> Access | None:
    """The stored access of an account, or None. ``registered``: what the organisation registered
    for OAuth, by mode.

    Raises CredentialProblem, and OAuthProblem if the stored tokens belong to an app that is no
    longer registered here.
    """
    name = secret_name(account, livemode)
    secret = credentials.get(name)
    if secret is None:
        return None
    if isinstance(secret.get("key"), str):
        return StoredKeyAccess(credentials, name, secret["key"])
    tokens = _tokens(secret)
    if tokens is None:
        return None
    app = registered(livemode)
    if app is None:
        raise OAuthProblem(
            "setup",
            "This account was connected by OAuth, but the client ID and secret key are"
            " missing. All synced data is kept. Enter them again on “Set up OAuth”.",
        )
    if not tokens.access:
        forget = partial(_forget, credentials, name, secret)
        return KeyAccess(app.secret, account=account, forget=forget)
    return TokenAccess(app, credentials, tokens)


def secret_name(account: str, livemode: bool) -> str:
    """The name of an account's access in the credential storage."""
    return f"stripe {account} {'live' if livemode else 'test'}"


def _forget(credentials: Credentials, name: str, secret: dict[str, Any]) -> None:
    """Delete the secret, unless another Panelist has connected again and stored a newer one."""
    with credentials.lock(name, PATIENCE):
        if credentials.get(name) == secret:
            credentials.delete(name)


def _tokens(secret: dict[str, Any] | None) -> Tokens | None:
    try:
        return Tokens(**secret) if secret else None
    except TypeError:  # a key has replaced the tokens
        return None


async def run_in_thread(work: Callable[[], T]) -> T:
    """Run in a thread that no exit waits for long. Stripe or a keyring may never answer."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, failure: Exception | None) -> None:
        if done.done():
            return
        if failure is not None:
            done.set_exception(failure)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except Exception as problem:
            failure = problem
        with contextlib.suppress(RuntimeError):  # the loop is closed, so no one waits any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name=ASIDE, daemon=True).start()
    return await done


@atexit.register
def _finish_renewing() -> None:
    """Wait for a renewal at exit, because the old pair may no longer work."""
    until = time.monotonic() + GRACE
    for thread in threading.enumerate():
        if thread.name == ASIDE:
            thread.join(max(0.0, until - time.monotonic()))
