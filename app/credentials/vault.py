"""The encrypted document of one folder, and how it moves from one place to another.

Whoever changes something here is alone in doing so: see ``Credentials``, which also says in
which place the document is to be.
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

from app.credentials import encrypted_file as sealed
from app.credentials import pin
from app.credentials import private_files as files
from app.credentials.errors import CredentialProblem, damaged
from app.credentials.keyrings import CHOICES, Keyring
from app.credentials.pin import Pin, TokenStore

ASIDE = ".aside"

Document = dict[str, dict[str, Any]]


class Vault:
    """Every method but ``pinned`` may take as long as a keyring does; all raise
    CredentialProblem. ``passphrase``: what was given last, right or wrong."""

    def __init__(self, folder: Path, keyring: Keyring, passphrase: str | None) -> None:
        self.passphrase = passphrase
        self._folder = folder
        self._keyring = keyring
        self._pin_file = folder / "place.json"
        self._keys: dict[str, bytes] = {}  # by the pin's id, or by salt and passphrase

    def pinned(self) -> Pin | None:
        """What was chosen; None when nothing was yet."""
        return pin.load(self._pin_file)

    def read(self) -> Document:
        """What is kept; nothing before a place was chosen."""
        pinned = self.pinned()
        while pinned:
            try:
                return self._opened(pinned, self.passphrase)
            except CredentialProblem:
                before, pinned = pinned, self.pinned()
                if pinned == before:  # else another process moved everything meanwhile
                    raise
        return {}

    def write(self, document: Document) -> None:
        """Replace what is kept where it is kept."""
        pinned = self.pinned()
        assert pinned is not None  # the caller is alone, and looked
        file = self._folder / pinned.file
        salt = ""
        if pinned.place is TokenStore.PASSPHRASE:
            salt = sealed.salt_in(files.read(file) or b"", str(file))
        files.write(file, self._content(pinned, document, salt, self.passphrase))
        with contextlib.suppress(CredentialProblem):  # the next one to look will try again
            self.sweep()

    def move(self, place: TokenStore, document: Document, passphrase: str | None) -> None:
        """Keep the document there from now on, once it was read back; where it was, it stays
        for ``leave``. When this fails, nothing has changed."""
        new, salt = pin.new(place), ""
        if place is TokenStore.PASSPHRASE:
            salt = sealed.new_salt()
        if place is TokenStore.KEYRING:
            key = sealed.new_key()
            self._keyring.set(new.id, base64.b64encode(key).decode())
            self._keys[new.id] = key
            new = new._replace(backend=self._keyring.name)
        file = self._folder / new.file
        try:
            files.write(file, self._content(new, document, salt, passphrase))
            if self._opened(new, passphrase) != document:
                raise damaged(str(file))
            pin.save(self._pin_file, new)
        except CredentialProblem:
            with contextlib.suppress(CredentialProblem):
                files.remove(file)
            self._forget_key(new)
            raise
        self.passphrase = passphrase

    def unpin(self) -> None:
        """Have no place any more."""
        files.remove(self._pin_file)

    def leave(self, old: Pin | None) -> None:
        """Delete what was moved."""
        self.sweep()
        self._forget_key(old)

    def sweep(self) -> None:
        """Delete what moves and kills left."""
        for file in self.litter():
            files.remove(file)

    def litter(self) -> list[Path]:
        """Files that nothing reads: some may be in clear, or be written right now."""
        pinned = self.pinned()
        known = pinned.file if pinned else ""
        found = (*self._folder.glob("*.credentials"), *self._folder.glob("*.new"))
        return [file for file in found if file.name != known]

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Give the document a name that nothing reads, for good unless the block fails; all
        there are when nobody knows which it is."""
        pinned = None
        with contextlib.suppress(CredentialProblem):
            pinned = self.pinned()
        moved = [*self._folder.glob(pinned.file if pinned else "*.credentials")]
        for file in moved:
            files.rename(file, file.with_suffix(ASIDE))
        try:
            yield
        except CredentialProblem:
            for file in moved:
                files.rename(file.with_suffix(ASIDE), file)
            raise

    def try_folder(self) -> None:
        """Write a file of a usual size, read it and delete it."""
        trial = self._folder / f"probe-{secrets.token_hex(8)}.credentials"
        files.write(trial, bytes(4096))
        files.read(trial)
        files.remove(trial)

    def _opened(self, pinned: Pin, passphrase: str | None) -> Document:
        file = self._folder / pinned.file
        content = files.read(file)
        if content is None:
            raise damaged(str(file))
        if pinned.place is TokenStore.PLAIN:
            return sealed.parsed(content, str(file))
        key = self._key(pinned, sealed.salt_in(content, str(file)), passphrase)
        document = sealed.unseal(content, key, str(file))
        if document is None and pinned.place is TokenStore.PASSPHRASE:
            raise CredentialProblem(
                "wrong passphrase",
                f"The passphrase is wrong, or {file} was changed. Nothing was lost; try again.",
            )
        if document is None:
            raise damaged(str(file))
        return document

    def _content(self, pinned: Pin, document: Document, salt: str, passphrase: str | None) -> bytes:
        if pinned.place is TokenStore.PLAIN:
            return json.dumps(document).encode()
        return sealed.seal(document, self._key(pinned, salt, passphrase), salt)

    def _key(self, pinned: Pin, salt: str, passphrase: str | None) -> bytes:
        """The key of the document, remembered: a passphrase's takes a while, and a keyring that
        was locked meanwhile must not cost renewed tokens."""
        known = pinned.id
        if pinned.place is TokenStore.PASSPHRASE:
            typed = given(passphrase)
            digest = hashlib.sha256(typed.encode("utf-8", "surrogatepass")).hexdigest()
            known = f"{salt} {digest}"
            if known not in self._keys:
                self._keys[known] = sealed.key_of(typed, salt)
        elif known not in self._keys:
            self._keys[known] = self._asked_key(pinned)
        return self._keys[known]

    def _asked_key(self, pinned: Pin) -> bytes:
        kept = self._keyring.get(pinned.id)
        if kept is None and self._keyring.name != pinned.backend:
            raise CredentialProblem(
                "unavailable",
                f"The key to the credentials is in another keyring ({pinned.backend}) than the"
                f" one here ({self._keyring.name}). Nothing was changed; start Panelist where"
                f" that one is, or {CHOICES}.",
            )
        try:
            key = base64.b64decode(kept or "", validate=True)
        except ValueError:
            key = b""
        if len(key) != sealed.KEY_BYTES:
            raise CredentialProblem(
                "damaged",
                "The keyring no longer has the key to the credentials. Everything fetched is"
                f" kept; connect again, or {CHOICES}.",
            )
        return key

    def _forget_key(self, pinned: Pin | None) -> None:
        """Its key opens nothing any more, so it does no harm where it cannot be deleted."""
        if pinned and pinned.place is TokenStore.KEYRING:
            with contextlib.suppress(CredentialProblem):
                self._keyring.delete(pinned.id)


def given(passphrase: str | None) -> str:
    """The passphrase, if there is one. Raises CredentialProblem."""
    if not passphrase:
        raise CredentialProblem(
            "locked",
            "The credentials need a passphrase. Give it in the app, or set PANELIST_PASSPHRASE.",
        )
    return passphrase
