"""The credentials document of one folder, and how it moves from one token store to another.

``Credentials`` chooses the store. It also holds the lock while anything here changes.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.credentials import encrypted_file, pin, private_files
from app.credentials.errors import CredentialProblem, damaged
from app.credentials.keyrings import CHOICES, Keyring
from app.credentials.pin import Pin, TokenStore

ASIDE = ".aside"

Document = dict[str, dict[str, Any]]


class Vault:
    """Reads, writes and moves the document. ``passphrase``: the one entered last, right or wrong.

    Every method but ``pinned`` may wait for a keyring. All raise CredentialProblem.
    """

    def __init__(self, folder: Path, keyring: Keyring, passphrase: str | None) -> None:
        self.passphrase = passphrase
        self._folder = folder
        self._keyring = keyring
        self._pin_file = folder / "place.json"
        self._keys: dict[str, bytes] = {}  # by the pin's id, or by salt and passphrase

    def pinned(self) -> Pin | None:
        """The pin; None before the first choice."""
        return pin.load(self._pin_file)

    def read(self) -> Document:
        """The stored document. It is empty before a store is chosen."""
        pinned = self.pinned()
        while pinned:
            try:
                return self._open(pinned, self.passphrase)
            except CredentialProblem:
                before, pinned = pinned, self.pinned()
                if pinned == before:  # otherwise another process has just moved the document
                    raise
        return {}

    def write(self, document: Document) -> None:
        """Replace the document in the current store."""
        pinned = self.pinned()
        assert pinned is not None  # the caller holds the lock and has checked
        file = self._folder / pinned.file
        salt = ""
        if pinned.store is TokenStore.PASSPHRASE:
            salt = encrypted_file.salt_in(private_files.read(file) or b"", str(file))
        private_files.write(file, self._content(pinned, document, salt, self.passphrase))
        with contextlib.suppress(CredentialProblem):  # the next start tries again
            self.sweep()

    def move(self, store: TokenStore, document: Document, passphrase: str | None) -> None:
        """Write the document to another store, read it back, and pin that store.

        The old document stays until ``clean_up``. If this fails, nothing has changed.
        """
        new, salt = pin.new(store), ""
        if store is TokenStore.PASSPHRASE:
            salt = encrypted_file.new_salt()
        if store is TokenStore.KEYRING:
            key = encrypted_file.new_key()
            self._keyring.set(new.id, base64.b64encode(key).decode())
            self._keys[new.id] = key
            new = new._replace(backend=self._keyring.name)
        file = self._folder / new.file
        try:
            private_files.write(file, self._content(new, document, salt, passphrase))
            if self._open(new, passphrase) != document:
                raise damaged(str(file))
            pin.save(self._pin_file, new)
        except CredentialProblem:
            with contextlib.suppress(CredentialProblem):
                private_files.remove(file)
            self._forget_key(new)
            raise
        self.passphrase = passphrase

    def unpin(self) -> None:
        """Delete the pin, so that no store is chosen."""
        private_files.remove(self._pin_file)

    def clean_up(self, old: Pin | None) -> None:
        """Delete the old document and its key after a move."""
        self.sweep()
        self._forget_key(old)

    def sweep(self) -> None:
        """Delete the files that moves and killed processes left behind."""
        for file in self.leftovers():
            private_files.remove(file)

    def leftovers(self) -> list[Path]:
        """Files that no pin refers to. They may be plain text, or another process may be writing
        one of them right now."""
        pinned = self.pinned()
        known = pinned.file if pinned else ""
        found = (*self._folder.glob("*.credentials"), *self._folder.glob("*.new"))
        return [file for file in found if file.name != known]

    @contextlib.contextmanager
    def set_aside(self) -> Iterator[None]:
        """Rename the document so that nothing reads it. If the block fails, rename it back.

        If the pin is unreadable, rename every document.
        """
        pinned = None
        with contextlib.suppress(CredentialProblem):
            pinned = self.pinned()
        moved = [*self._folder.glob(pinned.file if pinned else "*.credentials")]
        for file in moved:
            private_files.rename(file, file.with_suffix(ASIDE))
        try:
            yield
        except CredentialProblem:
            for file in moved:
                private_files.rename(file.with_suffix(ASIDE), file)
            raise

    def try_folder(self) -> None:
        """Check that the folder works: write a file of a typical size, read it and delete it."""
        trial = self._folder / f"probe-{secrets.token_hex(8)}.credentials"
        private_files.write(trial, bytes(4096))
        private_files.read(trial)
        private_files.remove(trial)

    def _open(self, pinned: Pin, passphrase: str | None) -> Document:
        file = self._folder / pinned.file
        content = private_files.read(file)
        if content is None:
            raise damaged(str(file))
        if pinned.store is TokenStore.PLAIN:
            return encrypted_file.parsed(content, str(file))
        key = self._key(pinned, encrypted_file.salt_in(content, str(file)), passphrase)
        document = encrypted_file.unseal(content, key, str(file))
        if document is None and pinned.store is TokenStore.PASSPHRASE:
            raise CredentialProblem(
                "wrong passphrase",
                f"The passphrase is wrong, or {file} was changed. Nothing was lost. Try again.",
            )
        if document is None:
            raise damaged(str(file))
        return document

    def _content(self, pinned: Pin, document: Document, salt: str, passphrase: str | None) -> bytes:
        if pinned.store is TokenStore.PLAIN:
            return json.dumps(document).encode()
        return encrypted_file.seal(document, self._key(pinned, salt, passphrase), salt)

    def _key(self, pinned: Pin, salt: str, passphrase: str | None) -> bytes:
        """The document's key, cached. Deriving one from a passphrase is slow, and a keyring that
        locks later must not cost us renewed tokens."""
        known = pinned.id
        if pinned.store is TokenStore.PASSPHRASE:
            typed = required_passphrase(passphrase)
            digest = hashlib.sha256(typed.encode("utf-8", "surrogatepass")).hexdigest()
            known = f"{salt} {digest}"
            if known not in self._keys:
                self._keys[known] = encrypted_file.key_of(typed, salt)
        elif known not in self._keys:
            self._keys[known] = self._keyring_key(pinned)
        return self._keys[known]

    def _keyring_key(self, pinned: Pin) -> bytes:
        kept = self._keyring.get(pinned.id)
        if kept is None and self._keyring.name != pinned.backend:
            raise CredentialProblem(
                "unavailable",
                f"The key for the credentials is in another keyring ({pinned.backend}) than"
                f" the one here ({self._keyring.name}). Nothing was changed. Start Panelist"
                f" where that keyring is, or {CHOICES}.",
            )
        try:
            key = base64.b64decode(kept or "", validate=True)
        except ValueError:
            key = b""
        if len(key) != encrypted_file.KEY_BYTES:
            raise CredentialProblem(
                "damaged",
                "The keyring no longer has the key for the credentials. All synced data is"
                f" kept. Connect again, or {CHOICES}.",
            )
        return key

    def _forget_key(self, pinned: Pin | None) -> None:
        """Delete the key of an old document. A key that cannot be deleted opens nothing."""
        if pinned and pinned.store is TokenStore.KEYRING:
            with contextlib.suppress(CredentialProblem):
                self._keyring.delete(pinned.id)


def required_passphrase(passphrase: str | None) -> str:
    """The passphrase. Raises CredentialProblem when there is none."""
    if not passphrase:
        raise CredentialProblem(
            "locked",
            "The credentials need a passphrase. Give it in the app, or set PANELIST_PASSPHRASE.",
        )
    return passphrase
