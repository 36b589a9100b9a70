"""A document in a file that only the holder of a key, or of a passphrase, can read.

A line of JSON that names the format, then a nonce and the encrypted document (AES-256-GCM,
which also vouches for the line).
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from typing import Any

from app.credentials.errors import damaged, newer

FORMAT = 1
KEY_BYTES, NONCE_BYTES, SALT_BYTES = 32, 12, 16
# 32 MiB and 0.1 to 0.3 s: docs of hashlib.scrypt; OWASP's list has these numbers too.
SCRYPT = {"n": 2**15, "r": 8, "p": 3}


def new_key() -> bytes:
    """A key that nobody has to remember."""
    return os.urandom(KEY_BYTES)


def new_salt() -> str:
    """What makes the key of a passphrase this file's own."""
    return base64.b64encode(os.urandom(SALT_BYTES)).decode()


def key_of(passphrase: str, salt: str) -> bytes:
    """The key that a passphrase stands for (RFC 7914)."""
    import hashlib
    import unicodedata

    # Keyboards differ in how they compose "é"; an environment need not be UTF-8 at all.
    typed = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        typed, salt=base64.b64decode(salt), maxmem=2**27, dklen=KEY_BYTES, **SCRYPT
    )


def seal(document: dict[str, Any], key: bytes, salt: str = "") -> bytes:
    """The file's content."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    line = json.dumps({"panelist": FORMAT, "salt": salt}).encode() + b"\n"
    nonce = os.urandom(NONCE_BYTES)
    return line + nonce + AESGCM(key).encrypt(nonce, json.dumps(document).encode(), line)


def salt_in(content: bytes, name: str) -> str:
    """The salt that the file's first line gives. Raises CredentialProblem."""
    line, _, _ = content.partition(b"\n")
    head = _decoded(line)
    try:
        if head["panelist"] > FORMAT:
            raise newer(name)
        base64.b64decode(head["salt"], validate=True)
    except (ValueError, TypeError, KeyError):
        raise damaged(name) from None
    return str(head["salt"])


def unseal(content: bytes, key: bytes, name: str) -> dict[str, Any] | None:
    """The document; None when this key does not open it. Raises CredentialProblem."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt_in(content, name)
    line, _, rest = content.partition(b"\n")
    try:
        opened = AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], line + b"\n")
    except (InvalidTag, ValueError):  # ValueError: it was cut before the end of the nonce
        return None
    return parsed(opened, name)


def parsed(content: bytes, name: str) -> dict[str, Any]:
    """A document from its JSON. Raises CredentialProblem."""
    document = _decoded(content)
    if not isinstance(document, dict) or not all(isinstance(v, dict) for v in document.values()):
        raise damaged(name)
    return document


def _decoded(content: bytes) -> Any:
    """The JSON; None when it is none. What json raises holds the text, so nobody gets it."""
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(content)
    return None
