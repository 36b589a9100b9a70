"""Where tokens and keys are kept: one place at a time, chosen by a person, and never a worse one
by itself.

All secrets are one document, so that every change is whole or not made. The keyring holds
only a key of 32 bytes, and the document lies encrypted beside the database: a keyring may
limit what it takes (Windows: 1,280 characters) and cannot replace two entries at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from app import paths
from app.credentials import encrypted_file as sealed
from app.credentials import private_files as files
from app.credentials.errors import CredentialProblem
from app.credentials.keyrings import BACKENDS, LIMIT, Keyring
from app.credentials.pin import TokenStore
from app.credentials.vault import Document, Vault, given

__all__ = ["CredentialProblem", "Credentials", "TokenStore"]

WAIT = 15.0  # seconds for another process that is writing; a keyring may take 5 of them


NOWHERE = "nowhere yet"  # what Credentials.described() says before a place was chosen


class Credentials:
    """The secrets of one home, by name. Safe to use from several threads and processes.

    ``place``: what the settings say, if they do; ``passphrase``: likewise, for unattended use.
    ``place`` and ``described()`` read a small file and wait for nothing; every other method may
    wait for a keyring or another process. All but ``described()`` raise CredentialProblem.
    """

    def __init__(
        self,
        home: Path,
        *,
        place: TokenStore | None = None,
        passphrase: str | None = None,
        backends: Sequence[str] = BACKENDS,
        limit: float = LIMIT,
    ) -> None:
        self._folder = paths.credentials_folder(home)
        self._wanted = place
        self._keyring = Keyring(backends, limit)
        self._vault = Vault(self._folder, self._keyring, passphrase)
        self._session: bytes | None = None  # the document, while it is kept nowhere else
        self._mutex = threading.RLock()
        self._locks: dict[str, threading.Lock] = {}
        self._swept = False

    # Where

    @property
    def place(self) -> TokenStore | None:
        """The place that was chosen; None when none was yet."""
        if self._session is not None:
            return TokenStore.SESSION
        pinned = self._vault.pinned()
        return pinned.place if pinned else None

    def described(self) -> str:
        """The place in words, for Status and ``panelist info``."""
        if self._session is not None:
            return "this session only"
        try:
            pinned = self._vault.pinned()
        except CredentialProblem as problem:
            return f"unknown: {problem}"
        if pinned is None:
            return NOWHERE
        if pinned.place is TokenStore.KEYRING:
            return f"keyring ({pinned.backend})"
        return (
            "PLAIN FILE" if pinned.place is TokenStore.PLAIN else "file encrypted with a passphrase"
        )

    def probe(self, place: TokenStore, passphrase: str | None = None) -> None:
        """Try whether the place keeps what it is given; nothing else changes."""
        if place is TokenStore.KEYRING:
            self._keyring.probe()
        if place is TokenStore.PASSPHRASE:
            given(passphrase or self._vault.passphrase)
        if place is not TokenStore.SESSION:
            with self._turn(place):
                self._vault.try_folder()

    def ensure(self) -> None:
        """Have a place that works: the one chosen, else the one in the settings, else the
        keyring. Called before a login, so that what comes of it can be kept. What is damaged
        is set aside."""
        with self._mutex:
            try:
                self.names()
                place = self.place
            except CredentialProblem as problem:
                if problem.kind != "damaged":
                    raise
                place = None
            if place is None:
                self.choose(self._default())
            elif place is not TokenStore.SESSION:  # a keyring has given the key, and is done with
                with self._turn(place):
                    self._vault.try_folder()

    def choose(
        self, place: TokenStore, passphrase: str | None = None, *, anew: bool = False
    ) -> None:
        """Keep everything there from now on. What is kept is first written and read back there;
        only then is it deleted where it was. A kill leaves one of both places whole.

        ``anew``: what cannot be read now (the passphrase was forgotten, the keyring is no more)
        is set aside, in a file that nothing reads; without it, that is a CredentialProblem.
        What is damaged is always set aside.
        """
        with self._mutex, self._turn(place):
            self._choose(place, passphrase, anew)

    def unlock(self, passphrase: str) -> None:
        """Give the passphrase of the file; a wrong one changes nothing."""
        with self._mutex:
            before, self._vault.passphrase = self._vault.passphrase, passphrase
            try:
                self._read()
            except CredentialProblem:
                self._vault.passphrase = before
                raise

    # What

    def get(self, name: str) -> dict[str, Any] | None:
        """The newest that any process wrote under this name."""
        with self._mutex:
            self._check_settings()
            return self._read().get(name)

    def names(self) -> list[str]:
        """Under which names something is kept."""
        with self._mutex:
            self._check_settings()
            return sorted(self._read())

    def put(self, name: str, secret: dict[str, Any]) -> None:
        """Keep; it is permanent when this returns."""
        with self._mutex:
            self._check_settings()
            with self._turn(self.place or self._default()):
                if self.place is None:
                    self._choose(self._default())
                self._write({**self._read(), name: secret})

    def delete(self, name: str) -> None:
        """Forget; no error when nothing was kept."""
        with self._mutex:
            self._check_settings()
            if name not in self._read():
                return
            with self._turn(self.place):
                document = self._read()
                if document.pop(name, None) is not None:
                    self._write(document)

    def lock(self, name: str, timeout: float) -> AbstractContextManager[None]:
        """Hold what a name stands for alone, among all threads and processes of this home; in
        a session, whose secrets no other process has, among this one's threads."""
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        if self._session is not None:
            return self._among_threads(digest, timeout)
        return files.locked(self._folder / f"{digest}.lock", timeout)

    # How

    def _default(self) -> TokenStore:
        pinned = None
        with contextlib.suppress(CredentialProblem):
            pinned = self.place
        return self._wanted or pinned or TokenStore.KEYRING

    def _check_settings(self) -> None:
        pinned = self.place
        if self._wanted and pinned and self._wanted is not pinned:
            raise CredentialProblem(
                "refused",
                f"The settings want credentials kept in “{self._wanted.value}”, but they are kept"
                f" in “{pinned.value}”. Nothing was moved; say panelist connect --token-store"
                f" {self._wanted.value} to move them, or leave out PANELIST_TOKEN_STORE.",
            )

    @contextlib.contextmanager
    def _turn(self, place: TokenStore | None) -> Iterator[None]:
        """Be the only one who changes a document. ``place``: where to be afterwards; a session
        that has no file gets none."""
        session = place is TokenStore.SESSION
        if session and (self._session is not None or not self._folder.exists()):
            yield
        else:
            with files.locked(self._turns, WAIT):
                yield

    @property
    def _turns(self) -> Path:
        return self._folder / "document.lock"

    @contextlib.contextmanager
    def _among_threads(self, name: str, timeout: float) -> Iterator[None]:
        lock = self._locks.setdefault(name, threading.Lock())
        if not lock.acquire(timeout=max(0.0, timeout)):
            raise files.busy()
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> Document:
        if self._session is not None:
            return sealed.parsed(self._session, "")
        if not self._swept:
            self._swept = True
            self._recover()
        return self._vault.read()

    def _write(self, document: Document) -> None:
        if self._session is not None:
            self._session = json.dumps(document).encode()
        else:
            self._vault.write(document)

    def _recover(self) -> None:
        """A kill may have left a file in clear. Whoever is writing now will see to it."""
        with contextlib.suppress(CredentialProblem):
            if self._vault.litter():
                with files.locked(self._turns, 0):
                    self._vault.sweep()

    def _choose(self, place: TokenStore, passphrase: str | None = None, anew: bool = False) -> None:
        """Needs the turn."""
        if place is TokenStore.SESSION and self._session is not None:
            return
        # Another process may have kept something since this session began: both are kept.
        own: Document = {} if self._session is None else self._read()
        try:
            old = self._vault.pinned()
            document = {**self._vault.read(), **own}
        except CredentialProblem as problem:
            if problem.kind != "damaged" and not anew:
                raise
            with self._vault.aside():
                self._keep(place, own, passphrase)
            old = None
        else:
            self._keep(place, document, passphrase)
        self._wanted = self._wanted and place
        self._vault.leave(old)

    def _keep(self, place: TokenStore, document: Document, passphrase: str | None) -> None:
        if place is TokenStore.SESSION:
            self._vault.unpin()
            self._session = json.dumps(document).encode()
        else:
            self._vault.move(place, document, passphrase or self._vault.passphrase)
            self._session = None
