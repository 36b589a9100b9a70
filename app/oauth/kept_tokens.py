"""Tokens in the credential storage, renewed once however many threads and processes use them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from app.credentials.errors import CredentialProblem
from app.credentials.store import Credentials
from app.oauth.errors import OAuthProblem

EARLY = 120.0  # seconds before its expiry in which an access token is renewed
PATIENCE = 45.0  # seconds to wait for another Panelist's renewal, longer than one can take


class TokenPair(Protocol):
    """A dataclass with an access token and what renews it."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def access(self) -> str: ...


T = TypeVar("T", bound=TokenPair)


class KeptTokens(Generic[T]):
    """``tokens``: those in use. They are replaced, never modified. ``read``: makes tokens of a
    stored secret, or None of what is none. ``refresh``: asks for new tokens once, and raises
    OAuthProblem."""

    def __init__(
        self,
        credentials: Credentials,
        name: str,
        tokens: T,
        *,
        read: Callable[[dict[str, Any] | None], T | None],
        refresh: Callable[[T], T],
    ) -> None:
        self.tokens = tokens
        self._credentials, self._name = credentials, name
        self._read, self._refresh = read, refresh
        self._mutex = threading.Lock()
        self._unsaved: T | None = None
        self._tries = 0  # finished renewals
        self._failure: OAuthProblem | CredentialProblem | None = None  # of the last renewal

    def renew(self, used: str) -> None:
        """Call this when the access token ``used`` no longer works, or soon will not. Afterwards
        ``tokens`` has another one.

        Raises OAuthProblem (kind "expired": access was revoked) and CredentialProblem.
        """
        tries = self._tries
        with self._mutex:
            if self.tokens.access != used:  # renewed while this request was under way
                return
            if self._failure and self._tries != tries:  # one try for all who waited
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
        kept = self._read(self._credentials.get(self._name))
        if kept is None:
            raise OAuthProblem("expired", "The credentials were deleted from this computer.")
        if kept.access != self.tokens.access:  # another Panelist renewed it
            self._unsaved = None
            self.tokens = kept
            return
        # Once the server has answered, the old pair may no longer work. So write the old pair again
        # first, to see that the new one can be stored. If storing it still fails, keep it for the
        # next try.
        if self._unsaved is None:
            self._credentials.put(self._name, asdict(kept))
            self._unsaved = self._refresh(kept)
        self._credentials.put(self._name, asdict(self._unsaved))
        self.tokens = self._unsaved
        self._unsaved = None
