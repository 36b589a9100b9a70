"""Which place was chosen for secrets, and where there the document lies."""

from __future__ import annotations

import json
import secrets
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from app.credentials import private_files as files
from app.credentials.errors import damaged, newer

FORMAT = 1


class TokenStore(Enum):
    """Where secrets can be kept."""

    KEYRING = "keyring"
    PASSPHRASE = "passphrase"
    PLAIN = "plain"
    SESSION = "session"


class Pin(NamedTuple):
    """What was chosen. A new choice has a new ``id`` and thereby a new file, so that writing
    the pin is the one moment in which the choice changes."""

    place: TokenStore
    id: str
    backend: str = ""  # the keyring's name

    @property
    def file(self) -> str:
        """The name of the document's file; one that anybody could read says so."""
        kind = "PLAIN" if self.place is TokenStore.PLAIN else self.place.value
        return f"{kind}-{self.id}.credentials"


def new(place: TokenStore) -> Pin:
    """A pin that no other document has."""
    return Pin(place, secrets.token_hex(8))


def save(file: Path, pin: Pin) -> None:
    """Choose. Raises CredentialProblem, and then nothing has changed."""
    text = {"panelist": FORMAT, "place": pin.place.value, "id": pin.id, "backend": pin.backend}
    files.write(file, json.dumps(text).encode())


def load(file: Path) -> Pin | None:
    """What was chosen; None when nothing was yet. Raises CredentialProblem."""
    content = files.read(file)
    if content is None:
        return None
    try:
        found = json.loads(content)
        if found["panelist"] > FORMAT:
            raise newer(str(file))
        # The id is part of a file's name, so it must be nothing but hexadecimal digits.
        return Pin(
            TokenStore(found["place"]), bytes.fromhex(found["id"]).hex(), str(found["backend"])
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise damaged(str(file)) from None
