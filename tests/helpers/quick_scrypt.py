"""Keys from passphrases for a thousandth of what they cost a person.

Nothing else changes: the files have the same format, and only the passphrase opens them. Every
process that opens another one's file has to use this.
"""

from __future__ import annotations

from app.credentials.encrypted_file import SCRYPT

SHIPPED = dict(SCRYPT)


def use() -> None:
    """From here on, in this process."""
    SCRYPT.update(n=2**5, p=1)
