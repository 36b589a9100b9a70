"""The pin: a small file that records the chosen token store and the document in use."""

from __future__ import annotations

import json
import secrets
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from app.credentials import private_files
from app.credentials.errors import damaged, newer

FORMAT = 1


class TokenStore(Enum):
    """Where secrets can be stored."""

    KEYRING = "keyring"
    PASSPHRASE = "passphrase"
    PLAIN = "plain"
    SESSION = "session"


class Pin(NamedTuple):
    """The chosen token store. Each choice has a new ``id`` and so a new document file. Writing the
    pin is therefore the one moment at which the choice takes effect."""

    store: TokenStore
    id: str
    backend: str = ""  # the keyring's name

    @property
    def file(self) -> str:
        """The name of the document's file. The name of a plain file starts with PLAIN."""
        kind = "PLAIN" if self.store is TokenStore.PLAIN else self.store.value
        return f"{kind}-{self.id}.credentials"


def new(store: TokenStore) -> Pin:
    """A pin with an id that no other document has."""
    return Pin(store, secrets.token_hex(8))


def save(file: Path, pin: Pin) -> None:
    """Write the pin. Raises CredentialProblem; the old pin then stays."""
    text = {"panelist": FORMAT, "place": pin.store.value, "id": pin.id, "backend": pin.backend}
    private_files.write(file, json.dumps(text).encode())


def load(file: Path) -> Pin | None:
    """Read the pin; None before the first choice. Raises CredentialProblem."""
    content = private_files.read(file)
    if content is None:
        return None
    try:
        found = json.loads(content)
        if found["panelist"] > FORMAT:
            raise newer(str(file))
        # The id becomes part of a file name, so only hexadecimal digits are accepted.
        return Pin(
            TokenStore(found["place"]), bytes.fromhex(found["id"]).hex(), str(found["backend"])
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise damaged(str(file)) from None
