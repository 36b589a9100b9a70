"""The encrypted credentials file: only a key or a passphrase opens it.

The file is one line of JSON that names the format, then a nonce, then the document encrypted with
AES-256-GCM. The line is authenticated together with the document.
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
    """A random key, for storage in a keyring."""
    return os.urandom(KEY_BYTES)


def new_salt() -> str:
    """A random salt in Base64, so that the same passphrase gives each file another key."""
    return base64.b64encode(os.urandom(SALT_BYTES)).decode()


def key_of(passphrase: str, salt: str) -> bytes:
    """Derive the key from a passphrase with scrypt (RFC 7914)."""
    import hashlib
    import unicodedata

    # Keyboards compose "é" differently, and an environment variable need not be UTF-8.
    typed = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        typed, salt=base64.b64decode(salt), maxmem=2**27, dklen=KEY_BYTES, **SCRYPT
    )


def seal(document: dict[str, Any], key: bytes, salt: str = "") -> bytes:
    """Encrypt a document. Returns the content of the file."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    line = json.dumps({"panelist": FORMAT, "salt": salt}).encode() + b"\n"
    nonce = os.urandom(NONCE_BYTES)
    return line + nonce + AESGCM(key).encrypt(nonce, json.dumps(document).encode(), line)


def salt_in(content: bytes, name: str) -> str:
    """Read the salt from the file's first line. Raises CredentialProblem."""
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
    """Decrypt the document. Returns None when the key is wrong. Raises CredentialProblem."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt_in(content, name)
    line, _, rest = content.partition(b"\n")
    try:
        opened = AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], line + b"\n")
    except (InvalidTag, ValueError):  # ValueError: the file ends before the nonce does
        return None
    return parsed(opened, name)


def parsed(content: bytes, name: str) -> dict[str, Any]:
    """Parse a document from its JSON. Raises CredentialProblem."""
    document = _decoded(content)
    if not isinstance(document, dict) or not all(isinstance(v, dict) for v in document.values()):
        raise damaged(name)
    return document


def _decoded(content: bytes) -> Any:
    """The parsed JSON, or None. Errors of ``json`` quote the text, so none is passed on."""
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(content)
    return None
