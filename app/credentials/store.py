"""Where tokens and keys are kept: one place at a time, chosen by a person, and never a worse one
by itself.

All secrets are one document, so that every change is whole or not made. The keyring holds
only a key of 32 bytes, and the document lies encrypted beside the database: a keyring may
limit what it takes (Windows: 1,280 characters) and cannot replace two entries at once.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from app import paths
from app.credentials import files, sealed
from app.credentials.keyrings import BACKENDS, CHOICES, LIMIT, Keyring
from app.credentials.problem import CredentialProblem

__all__ = ["CredentialProblem", "Credentials", "Place"]

WAIT = 15.0  # seconds for another process that is writing; a keyring may take 5 of them

Document = dict[str, dict[str, Any]]


class Place(Enum):
    """Where secrets can be kept."""

    KEYRING = "keyring"
    PASSPHRASE = "passphrase"
    PLAIN = "plain"
    SESSION = "session"


class Pin(NamedTuple):
    """What was chosen. A new choice has a new ``id`` and thereby a new file, so that writing
    the pin is the one moment in which the choice changes."""

    place: Place
    id: str
    backend: str = ""

    @property
    def file(self) -> str:
        """The name of the document's file; one that anybody could read says so."""
        return f"{'PLAIN' if self.place is Place.PLAIN else self.place.value}-{self.id}.credentials"


class Credentials:
    """The secrets of one home, by name. Safe to use from several threads and processes.

    ``place``: what the settings say, if they do; ``passphrase``: likewise, for unattended use.
    Nothing but files is looked at before a secret is asked for. Every method that reads or
    writes a secret raises CredentialProblem.
    """

    def __init__(
        self,
        home: Path,
        *,
        place: Place | None = None,
        passphrase: str | None = None,
        backends: Sequence[str] = BACKENDS,
        limit: float = LIMIT,
    ) -> None:
        self._folder = paths.credentials_folder(home)
        self._wanted = place
        self._passphrase = passphrase
        self._keyring = Keyring(backends, limit)
        self._session: Document | None = {} if place is Place.SESSION else None
        self._mutex = threading.RLock()
        self._keys: dict[str, bytes] = {}  # by the pin's id, or by a passphrase's salt

    # Where

    @property
    def place(self) -> Place | None:
        """The place that was chosen; None when none was yet."""
        if self._session is not None:
            return Place.SESSION
        pin = self._pin()
        return pin.place if pin else None

    def described(self) -> str:
        """The place in words, for Status and ``panelist info``."""
        if self._session is not None:
            return "this session only"
        try:
            pin = self._pin()
        except CredentialProblem as problem:
            return f"unknown: {problem}"
        if pin is None:
            return "nowhere yet"
        if pin.place is Place.KEYRING:
            return f"keyring ({pin.backend})"
        return "PLAIN FILE" if pin.place is Place.PLAIN else "file encrypted with a passphrase"

    def probe(self, place: Place, passphrase: str | None = None) -> None:
        """Try whether the place keeps what it is given; nothing else changes."""
        if place is Place.KEYRING:
            name = f"probe {secrets.token_hex(8)}"
            self._keyring.set(name, secrets.token_hex(22))
            self._keyring.delete(name)
        if place is Place.PASSPHRASE and not (passphrase or self._passphrase):
            raise CredentialProblem(
                "locked", "This place needs a passphrase; give one, or set PANELIST_PASSPHRASE."
            )
        if place is not Place.SESSION:
            trial = self._folder / f"probe-{secrets.token_hex(8)}"
            files.write(trial, b"{}")
            files.remove(trial)

    def ensure(self) -> None:
        """Have a place that works: the one chosen, else the one in the settings, else the
        keyring. Called before a login, so that what comes of it can be kept."""
        with self._mutex:
            try:
                place = self.place
                self._check_settings()
                self._read()
            except CredentialProblem as problem:
                if problem.kind != "damaged":
                    raise
                place = None
            if place is None:
                self.choose(self._wanted or Place.KEYRING)
            else:
                self.probe(place)

    def choose(self, place: Place, passphrase: str | None = None) -> None:
        """Keep everything there from now on. What is kept is first written and read back there;
        only then is it deleted where it was. A kill leaves one of both places whole."""
        self.probe(place, passphrase)
        with self._mutex, self._turn():
            document, old = self._leaving()
            self._passphrase = passphrase or self._passphrase
            if place is Place.SESSION:
                self._session = document
                files.remove(self._pin_file)
            else:
                self._move(place, document)
                self._session = None
            self._wanted = self._wanted and place
            self._sweep()
            if old is not None and old.place is Place.KEYRING:
                with contextlib.suppress(CredentialProblem):  # its key opens nothing any more
                    self._keyring.delete(old.id)

    def unlock(self, passphrase: str) -> None:
        """Give the passphrase of the file; a wrong one changes nothing."""
        with self._mutex:
            before, self._passphrase = self._passphrase, passphrase
            try:
                self._read()
            except CredentialProblem:
                self._passphrase = before
                raise

    # What

    def get(self, name: str) -> dict[str, Any] | None:
        """The newest that any process wrote under this name."""
        self._check_settings()
        with self._mutex:
            return self._read().get(name)

    def names(self) -> list[str]:
        """Under which names something is kept."""
        self._check_settings()
        with self._mutex:
            return sorted(self._read())

    def put(self, name: str, secret: dict[str, Any]) -> None:
        """Keep; it is permanent when this returns."""
        self.ensure()
        with self._mutex, self._turn():
            self._write({**self._read(), name: secret})

    def delete(self, name: str) -> None:
        """Forget; no error when nothing was kept."""
        self._check_settings()
        with self._mutex, self._turn():
            document = self._read()
            if document.pop(name, None) is not None:
                self._write(document)

    def lock(self, name: str, timeout: float) -> AbstractContextManager[None]:
        """Hold what a name stands for alone, among all threads and processes of this home."""
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        return files.locked(self._folder / f"{digest}.lock", timeout)

    # How

    @property
    def _pin_file(self) -> Path:
        return self._folder / "place.json"

    def _pin(self) -> Pin | None:
        content = files.read(self._pin_file)
        if content is None:
            return None
        try:
            pin = json.loads(content)
            return Pin(Place(pin["place"]), _hex(pin["id"]), str(pin["backend"]))
        except (ValueError, TypeError, KeyError):
            raise sealed.damaged(str(self._pin_file)) from None

    def _check_settings(self) -> None:
        pinned = self.place
        if self._wanted and pinned and self._wanted is not pinned:
            raise CredentialProblem(
                "refused",
                f"The settings want credentials kept in “{self._wanted.value}”, but they are kept"
                f" in “{pinned.value}”. Nothing was moved; leave out PANELIST_TOKEN_STORE, or run:"
                f" panelist connect --token-store {self._wanted.value}",
            )

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the only one who reads in order to write."""
        if self._session is not None and not self._folder.exists():
            yield
        else:
            with files.locked(self._folder / "document.lock", WAIT):
                yield

    def _read(self) -> Document:
        if self._session is not None:
            return dict(self._session)
        pin = self._pin()
        return self._opened(pin) if pin else {}

    def _opened(self, pin: Pin) -> Document:
        file = self._folder / pin.file
        content = files.read(file)
        if content is None:
            raise sealed.damaged(str(file))
        if pin.place is Place.PLAIN:
            return sealed.parsed(content, str(file))
        key = self._key(pin, sealed.salt_in(content, str(file)))
        document = sealed.unseal(content, key, str(file))
        if document is None and pin.place is Place.PASSPHRASE:
            raise CredentialProblem(
                "wrong passphrase",
                "The passphrase is wrong, or the file was changed. Nothing was lost; try again.",
            )
        if document is None:
            raise sealed.damaged(str(file))
        return document

    def _write(self, document: Document) -> None:
        if self._session is not None:
            self._session = document
            return
        pin = self._pin()
        assert pin is not None  # ensure() came before
        file = self._folder / pin.file
        salt = ""
        if pin.place is Place.PASSPHRASE:
            salt = sealed.salt_in(files.read(file) or b"", str(file))
        files.write(file, self._content(pin, document, salt))
        self._sweep()

    def _content(self, pin: Pin, document: Document, salt: str) -> bytes:
        if pin.place is Place.PLAIN:
            return json.dumps(document).encode()
        return sealed.seal(document, self._key(pin, salt), salt)

    def _key(self, pin: Pin, salt: str) -> bytes:
        """The key of the document, remembered: a passphrase's takes a while, a keyring's may
        open a window."""
        known = pin.id
        if pin.place is Place.PASSPHRASE:
            if not self._passphrase:
                raise CredentialProblem(
                    "locked",
                    "The credentials are encrypted with a passphrase. Give it in the app, or set"
                    " PANELIST_PASSPHRASE.",
                )
            known = hashlib.sha256(f"{salt} {self._passphrase}".encode()).hexdigest()
        if known not in self._keys:
            if pin.place is Place.PASSPHRASE:
                self._keys[known] = sealed.key_of(self._passphrase or "", salt)
            else:
                self._keys[known] = _decoded(self._keyring.get(pin.id))
        return self._keys[known]

    def _leaving(self) -> tuple[Document, Pin | None]:
        """What is to be moved. What is damaged is set aside, so that one can start anew."""
        try:
            pin = self._pin() if self._session is None else None
            return self._read(), pin
        except CredentialProblem as problem:
            if problem.kind != "damaged":
                raise
        for file in self._folder.glob("*.credentials"):
            file.rename(file.with_suffix(".damaged"))
        return {}, None

    def _move(self, place: Place, document: Document) -> None:
        new = Pin(place, secrets.token_hex(8), self._keyring.name if place is Place.KEYRING else "")
        if place is Place.KEYRING:
            self._keys[new.id] = sealed.new_key()
            self._keyring.set(new.id, base64.b64encode(self._keys[new.id]).decode())
        salt = sealed.new_salt() if place is Place.PASSPHRASE else ""
        files.write(self._folder / new.file, self._content(new, document, salt))
        if self._opened(new) != document:
            raise sealed.damaged(str(self._folder / new.file))
        pin = {"place": place.value, "id": new.id, "backend": new.backend}
        files.write(self._pin_file, json.dumps(pin).encode())

    def _sweep(self) -> None:
        """Delete what moves and kills left; the caller has the turn."""
        pin = self._pin()
        for file in (*self._folder.glob("*.credentials"), *self._folder.glob("*.new")):
            if pin is None or file.name != pin.file:
                files.remove(file)


def _hex(text: object) -> str:
    """The id is part of a file's name, so it must be nothing else."""
    return bytes.fromhex(str(text)).hex()


def _decoded(kept: str | None) -> bytes:
    try:
        key = base64.b64decode(kept or "", validate=True)
    except ValueError:
        key = b""
    if len(key) != sealed.KEY_BYTES:
        raise CredentialProblem(
            "damaged",
            "The keyring no longer has the key to the credentials. Everything fetched is kept;"
            f" connect again, or {CHOICES}.",
        )
    return key
