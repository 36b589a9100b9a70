"""Which addresses can get email, and which of them are the same mailbox.

An address is a dot-atom of ASCII before the @ (RFC 5321) and a host name after it. A host name that
is not ASCII is converted (IDNA). Two addresses are one mailbox if they differ only in case, in
spaces around them or in the spelling of the host name. Only the host knows what a dot or a plus
means.

The verdicts are those of email-validator, which is not used: it takes 24 µs an address, three times
what a plan has for a member, and brings a DNS library that it would never use. Two rules are
stricter: at most 64 characters before the @, and no letters outside ASCII, which few servers take.
"""

from __future__ import annotations

import re
import secrets
from enum import IntEnum
from hashlib import blake2b, sha256

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.text import plain

LONGEST, LONGEST_LOCAL = 254, 64
SIZE = 16  # bytes of a mailbox's digest
# Names that never lead to a mailbox (RFC 6761, 6762, 7686, 3172).
RESERVED = frozenset(("invalid", "local", "localhost", "onion", "arpa"))

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_ADDRESS = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:[A-Za-z0-9][A-Za-z0-9-]{{0,61}})?[A-Za-z]"
)


class AddressFault(IntEnum):
    """Why an address cannot get email."""

    SEVERAL = 1
    CONTROL = 2
    FORM = 3
    LETTERS = 4
    HOST = 5
    LONG = 6

    @property
    def words(self) -> str:
        """The reason, for a person."""
        return _WORDS[self]


_WORDS = {
    AddressFault.SEVERAL: "more than one address in the field",
    AddressFault.CONTROL: "an invisible or control character in it",
    AddressFault.FORM: "not of the form name@host",
    AddressFault.LETTERS: "a character before the @ that many mail servers refuse",
    AddressFault.HOST: "a host after the @ that cannot receive email",
    AddressFault.LONG: "too long for an address",
}


def read(email: str) -> str | AddressFault:
    """The mailbox of an address from Stripe, or the fault of the address."""
    address = written(email)
    return address.lower() if isinstance(address, str) else address


def written(email: str) -> str | AddressFault:
    """The address as an email needs it: the host in ASCII, the rest unchanged."""
    text = email.strip(" ")
    if len(text) > LONGEST:
        return AddressFault.LONG
    if not _ADDRESS.fullmatch(text):
        return _unusual(text)
    local, _, host = text.partition("@")
    if len(local) > LONGEST_LOCAL:
        return AddressFault.LONG
    return text if host.rpartition(".")[2].lower() not in RESERVED else AddressFault.HOST


def _unusual(text: str) -> str | AddressFault:
    if plain(text, LONGEST + 1) != text:
        return AddressFault.CONTROL
    if text.count("@") > 1:
        return AddressFault.SEVERAL
    local, at, host = text.partition("@")
    if not (local and at and host):
        return AddressFault.FORM
    if not local.isascii():
        return AddressFault.LETTERS
    if not _LOCAL.fullmatch(local):
        return AddressFault.FORM
    if host.isascii():
        return AddressFault.HOST
    return _abroad(local, host)


def _abroad(local: str, host: str) -> str | AddressFault:
    """For a host name that is not ASCII."""
    import idna

    try:
        name = idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return AddressFault.HOST
    address = f"{local}@{name}"
    return written(address) if _ADDRESS.fullmatch(address) else AddressFault.HOST


class Hasher:
    """Hashes mailboxes, as they are stored."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def digest(self, mailbox: str) -> bytes:
        """The 16-byte digest of a mailbox."""
        return blake2b(mailbox.encode(), digest_size=SIZE, key=self.key).digest()

    def stored(self, mailbox: str) -> str:
        """The digest as the columns ``mailbox`` store it."""
        return self.digest(mailbox).hex()

    @property
    def fingerprint(self) -> str:
        """A hash of the key, for the ledger. It shows that the key was replaced, not what it is."""
        return sha256(b"panelist mailbox key " + self.key).hexdigest()


def hasher(store: Store) -> Hasher:
    """A hasher with the key of the database, which is created on first use. Raises DatabaseProblem,
    also if the key was lost: with another one, no opt-out would be recognised."""
    found = _keys(store, "id = 1")
    if not found and not store.writable:  # nothing was hashed, so any key finds nothing
        return Hasher(secrets.token_bytes(32))
    if not found:
        if store.rows("SELECT 1 FROM opt_out LIMIT 1") or store.rows(
            "SELECT 1 FROM invite LIMIT 1"
        ):
            raise _key_lost(store)
        with store.transaction():
            store.execute(
                "INSERT INTO mailbox_key (id, key) VALUES (1, ?) ON CONFLICT DO NOTHING",
                (secrets.token_hex(32),),
            )
        found = _keys(store, "id = 1")
    return found[1]


def former_hashers(store: Store) -> dict[int, Hasher]:
    """Hashers with the keys that single accounts once had, by the id of the key. Raises
    DatabaseProblem."""
    return _keys(store, "id > 1")


def _keys(store: Store, which: str) -> dict[int, Hasher]:
    rows = store.rows(f"SELECT id, key FROM mailbox_key WHERE {which}")
    try:
        return {key_id: Hasher(bytes.fromhex(key)) for key_id, key in rows}
    except ValueError:
        raise _key_lost(store) from None


def _key_lost(store: Store) -> DatabaseProblem:
    return DatabaseProblem(
        f"The key that recognises addresses in {store.where} is damaged or lost. Nothing was"
        " sent. Restore a backup with panelist restore, or run panelist salvage, which may"
        " find the second copy of the key."
    )
