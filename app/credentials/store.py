"""The credential storage: tokens and keys, in one token store at a time.

A person chooses the store. Panelist never falls back to a less safe one by itself.

All secrets are one document, so each change is made completely or not at all. The keyring holds
only a key of 32 bytes, and the encrypted document lies beside the database. A keyring may limit
the size of an entry (Windows: 1,280 characters) and cannot replace two entries atomically.
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
from app.credentials import encrypted_file, private_files
from app.credentials.errors import CredentialProblem
from app.credentials.keyrings import BACKENDS, LIMIT, Keyring
from app.credentials.pin import TokenStore
from app.credentials.vault import Document, Vault, required_passphrase

__all__ = ["CredentialProblem", "Credentials", "TokenStore"]

WAIT = 15.0  # seconds for another process that is writing; a keyring may take 5 of them

NOWHERE = "not selected"  # what Credentials.described() returns before a store is chosen


class Credentials:
    """The secrets of one home, by name. Safe to use from several threads and processes.

    ``token_store`` and ``passphrase`` come from the settings, the passphrase for unattended use.
    The property ``token_store`` and ``described()`` read a small file and never wait. Every other
    method may wait for a keyring or another process. All but ``described()`` raise
    CredentialProblem.
    """

    def __init__(
        self,
        home: Path,
        *,
        token_store: TokenStore | None = None,
        passphrase: str | None = None,
        backends: Sequence[str] = BACKENDS,
        limit: float = LIMIT,
    ) -> None:
        self._folder = paths.credentials_folder(home)
        self._wanted = token_store
        self._keyring = Keyring(backends, limit)
        self._vault = Vault(self._folder, self._keyring, passphrase)
        self._session: bytes | None = None  # the document, while it is only in memory
        self._mutex = threading.RLock()
        self._locks: dict[str, threading.Lock] = {}
        self._swept = False

    # The store

    @property
    def token_store(self) -> TokenStore | None:
        """The chosen store; None before the first choice."""
        if self._session is not None:
            return TokenStore.SESSION
        pinned = self._vault.pinned()
        return pinned.store if pinned else None

    def described(self) -> str:
        """The store in words, for Status and ``panelist info``."""
        if self._session is not None:
            return "this session only"
        try:
            pinned = self._vault.pinned()
        except CredentialProblem as problem:
            return f"unknown: {problem}"
        if pinned is None:
            return NOWHERE
        if pinned.store is TokenStore.KEYRING:
            return f"keyring ({pinned.backend})"
        return (
            "UNENCRYPTED FILE"
            if pinned.store is TokenStore.PLAIN
            else "file encrypted with a passphrase"
        )

    def probe(self, store: TokenStore, passphrase: str | None = None) -> None:
        """Check that a store works, without choosing it."""
        if store is TokenStore.KEYRING:
            self._keyring.probe()
        if store is TokenStore.PASSPHRASE:
            required_passphrase(passphrase or self._vault.passphrase)
        if store is not TokenStore.SESSION:
            with self._exclusive(store):
                self._vault.try_folder()

    def ensure(self) -> None:
        """Make sure that there is a store that works: the chosen one, the one in the settings or
        the keyring, in this order. Call it before a login, so that its tokens can be stored. A
        damaged document is set aside.
        """
        with self._mutex:
            try:
                self.names()
                store = self.token_store
            except CredentialProblem as problem:
                if problem.kind != "damaged":
                    raise
                store = None
            if store is None:
                self.choose(self._default())
            elif store is not TokenStore.SESSION:  # a keyring was already asked for the key above
                with self._exclusive(store):
                    self._vault.try_folder()

    def choose(
        self, store: TokenStore, passphrase: str | None = None, *, set_aside: bool = False
    ) -> None:
        """Move everything to another store.

        The document is written there and read back before the old one is deleted. A killed
        process leaves at least one of the two intact.

        ``set_aside``: rename a document that cannot be read now, because the passphrase is
        forgotten or the keyring is gone, so that nothing reads it. Without it, that is a
        CredentialProblem. A damaged document is always set aside.
        """
        with self._mutex, self._exclusive(store):
            self._choose(store, passphrase, set_aside)

    def unlock(self, passphrase: str) -> None:
        """Use this passphrase for the file. A wrong one changes nothing."""
        with self._mutex:
            before, self._vault.passphrase = self._vault.passphrase, passphrase
            try:
                self._read()
            except CredentialProblem:
                self._vault.passphrase = before
                raise

    # The secrets

    def get(self, name: str) -> dict[str, Any] | None:
        """The newest secret that any process stored under this name, or None."""
        with self._mutex:
            self._check_settings()
            return self._read().get(name)

    def names(self) -> list[str]:
        """The names under which secrets are stored."""
        with self._mutex:
            self._check_settings()
            return sorted(self._read())

    def put(self, name: str, secret: dict[str, Any]) -> None:
        """Store a secret. It is permanent when this returns."""
        with self._mutex:
            self._check_settings()
            with self._exclusive(self.token_store or self._default()):
                if self.token_store is None:
                    self._choose(self._default())
                self._write({**self._read(), name: secret})

    def delete(self, name: str) -> None:
        """Delete the secret under a name, if there is one."""
        with self._mutex:
            self._check_settings()
            if name not in self._read():
                return
            with self._exclusive(self.token_store):
                document = self._read()
                if document.pop(name, None) is not None:
                    self._write(document)

    def lock(self, name: str, timeout: float) -> AbstractContextManager[None]:
        """Lock a name against all other threads and processes of this home.

        In a session the lock covers only this process, because no other has its secrets.
        """
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        if self._session is not None:
            return self._thread_lock(digest, timeout)
        return private_files.locked(self._folder / f"{digest}.lock", timeout)

    # Reading and writing

    def _default(self) -> TokenStore:
        pinned = None
        with contextlib.suppress(CredentialProblem):
            pinned = self.token_store
        return self._wanted or pinned or TokenStore.KEYRING

    def _check_settings(self) -> None:
        pinned = self.token_store
        if self._wanted and pinned and self._wanted is not pinned:
            raise CredentialProblem(
                "refused",
                f"The settings want credentials kept in “{self._wanted.value}”, but they are"
                f" kept in “{pinned.value}”. Nothing was moved. Run panelist connect"
                f" --token-store {self._wanted.value} to move them, or remove"
                " PANELIST_TOKEN_STORE.",
            )

    @contextlib.contextmanager
    def _exclusive(self, store: TokenStore | None) -> Iterator[None]:
        """Hold the lock for changing a document. ``store``: the store after the change. A session
        without a folder does not create one."""
        session = store is TokenStore.SESSION
        if session and (self._session is not None or not self._folder.exists()):
            yield
        else:
            with private_files.locked(self._lock_file, WAIT):
                yield

    @property
    def _lock_file(self) -> Path:
        return self._folder / "document.lock"

    @contextlib.contextmanager
    def _thread_lock(self, name: str, timeout: float) -> Iterator[None]:
        lock = self._locks.setdefault(name, threading.Lock())
        if not lock.acquire(timeout=max(0.0, timeout)):
            raise private_files.busy()
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> Document:
        if self._session is not None:
            return encrypted_file.parsed(self._session, "")
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
        """Delete plain-text files that a killed process left. If another process is writing now,
        that process deletes them."""
        with contextlib.suppress(CredentialProblem):
            if self._vault.leftovers():
                with private_files.locked(self._lock_file, 0):
                    self._vault.sweep()

    def _choose(
        self, store: TokenStore, passphrase: str | None = None, set_aside: bool = False
    ) -> None:
        """The caller must hold the lock of ``_exclusive``."""
        if store is TokenStore.SESSION and self._session is not None:
            return
        # Another process may have stored secrets since this session began. Keep both.
        own: Document = {} if self._session is None else self._read()
        try:
            old = self._vault.pinned()
            document = {**self._vault.read(), **own}
        except CredentialProblem as problem:
            if problem.kind != "damaged" and not set_aside:
                raise
            with self._vault.set_aside():
                self._save_in(store, own, passphrase)
            old = None
        else:
            self._save_in(store, document, passphrase)
        self._wanted = self._wanted and store
        self._vault.clean_up(old)

    def _save_in(self, store: TokenStore, document: Document, passphrase: str | None) -> None:
        if store is TokenStore.SESSION:
            self._vault.unpin()
            self._session = json.dumps(document).encode()
        else:
            self._vault.move(store, document, passphrase or self._vault.passphrase)
            self._session = None
