"""What a request to Stripe shows to be let in, and how that is kept and renewed.

A key is what a person pasted; tokens come by OAuth and end every hour. Only an ``Access`` ever
holds them: nothing else of the sync sees more than the headers of the next request.
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

from app.credentials.store import CredentialProblem, Credentials
from app.sync.stripe.oauth import OAuthApp, OAuthProblem, Tokens, refresh
from app.sync.stripe.transport import Headers

EARLY = 120.0  # seconds before its end in which an access token is renewed
PATIENCE = 45.0  # seconds to wait for another Panelist's renewal: longer than one can take
GRACE = 1.0  # seconds that an exit waits for a renewal
ASIDE = "access"  # name of the threads that renew

T = TypeVar("T")


class Access(Protocol):
    """``headers`` is replaced, never changed, when the access is renewed."""

    @property
    def livemode(self) -> bool: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def stale(self) -> bool: ...
    async def renew(self, used: Headers) -> bool:
        """Called when ``used`` no longer works; True: there are newer headers to try with.

        Raises OAuthProblem (kind "expired": access was revoked) and CredentialProblem.
        """

    def forget(self) -> None:
        """It was revoked: delete what is kept of it. Raises CredentialProblem."""


class KeyAccess:
    """A key of Stripe's. ``account``: the connected account it is used for, with Connect;
    ``forget``: deletes it from where it is kept, if it is."""

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
        """A key stays what it is."""
        return False


class TokenAccess:
    """Tokens in the credential store, renewed once however many Panelists use them."""

    def __init__(self, app: OAuthApp, credentials: Credentials, tokens: Tokens) -> None:
        self.livemode = tokens.livemode
        self._app = app
        self._credentials = credentials
        self._name = secret_name(tokens.account, tokens.livemode)
        self._mutex = threading.Lock()
        self._unsaved: Tokens | None = None
        self._tries = 0  # that have ended
        self._failure: OAuthProblem | CredentialProblem | None = None  # of the last one
        self._use(tokens)

    @property
    def stale(self) -> bool:
        """It ends so soon that a request might not arrive before."""
        ends = self._tokens.expires_at
        return ends is not None and time.time() > ends - EARLY

    async def renew(self, used: Headers) -> bool:
        """See :meth:`Access.renew`."""
        await aside(partial(self._renew, used))
        return True

    def forget(self) -> None:
        """See :meth:`Access.forget`."""
        _forget(self._credentials, self._name, asdict(self._tokens))

    def _use(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.headers: Headers = {"Authorization": f"Bearer {tokens.access}"}

    def _renew(self, used: Headers) -> None:
        tries = self._tries
        with self._mutex:
            if self.headers is not used:  # renewed while this request was under way
                return
            if self._failure and self._tries != tries:  # one try for all who waited for it
                raise self._failure
            try:
                with self._credentials.lock(self._name, PATIENCE):
                    self._renew_alone()
                self._failure = None
            except (OAuthProblem, CredentialProblem) as problem:
                self._failure = problem
                raise
            finally:
                self._tries += 1

    def _renew_alone(self) -> None:
        kept = _tokens(self._credentials.get(self._name))
        if kept is None:
            raise OAuthProblem("expired", "The access was removed from this computer.")
        if kept.access != self._tokens.access:  # by another Panelist
            self._unsaved = None
            self._use(kept)
            return
        # The old pair is of no use once Stripe has answered. So the new one must find room: the
        # old one is written again first; and one that could not be written down all the same is
        # kept for the next try.
        if self._unsaved is None:
            self._credentials.put(self._name, asdict(kept))
            self._unsaved = asyncio.run(refresh(self._app, kept))
        self._credentials.put(self._name, asdict(self._unsaved))
        self._use(self._unsaved)
        self._unsaved = None


@dataclass(frozen=True)
class NewAccess:
    """Access that was given and is not kept yet. ``secret``: what would be kept of it;
    ``account``: whose it is, where that is known."""

    access: Access = field(repr=False)
    secret: dict[str, Any] = field(repr=False)
    method: str  # restricted_key or oauth
    account: str = ""


def offered_key(key: str) -> NewAccess:
    """A key that a person gave."""
    return NewAccess(KeyAccess(key), {"key": key}, "restricted_key")


def offered_tokens(app: OAuthApp, tokens: Tokens) -> NewAccess:
    """What a code was exchanged for."""
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
    """The access that is kept for an account; None when there is none. ``registered``: what
    the organisation registered for OAuth, by mode.

    Raises CredentialProblem, and OAuthProblem when tokens are kept for an app that nobody
    knows any more.
    """
    name = secret_name(account, livemode)
    secret = credentials.get(name)
    if secret is None:
        return None
    forget = partial(_forget, credentials, name, secret)
    if isinstance(secret.get("key"), str):
        return KeyAccess(secret["key"], forget=forget)
    tokens = _tokens(secret)
    if tokens is None:
        return None
    app = registered(livemode)
    if app is None:
        raise OAuthProblem(
            "setup",
            "This account was connected by OAuth, but the client id and secret key are gone."
            " Everything fetched is kept; enter them again on “Set up OAuth”.",
        )
    if not tokens.access:
        return KeyAccess(app.secret, account=account, forget=forget)
    return TokenAccess(app, credentials, tokens)


def secret_name(account: str, livemode: bool) -> str:
    """Under what an account's access lies in the credential store."""
    return f"stripe {account} {'live' if livemode else 'test'}"


def _forget(credentials: Credentials, name: str, secret: dict[str, Any]) -> None:
    """Delete it, unless another Panelist has connected again and keeps something newer."""
    with credentials.lock(name, PATIENCE):
        if credentials.get(name) == secret:
            credentials.delete(name)


def _tokens(secret: dict[str, Any] | None) -> Tokens | None:
    try:
        return Tokens(**secret) if secret else None
    except TypeError:  # a key was put in the place of tokens
        return None


async def aside(work: Callable[[], T]) -> T:
    """Run in a thread that no exit waits for long: Stripe or a keyring may never answer."""
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
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name=ASIDE, daemon=True).start()
    return await done


@atexit.register
def _finish_renewing() -> None:
    """Somebody quits while a new pair is on its way, and the old one is worth nothing by now."""
    until = time.monotonic() + GRACE
    for thread in threading.enumerate():
        if thread.name == ASIDE:
            thread.join(max(0.0, until - time.monotonic()))
