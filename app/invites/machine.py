"""Which computer this is: a database that was copied to another one must not send by itself."""

from __future__ import annotations

import uuid
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from platform import node

FILES = ("/etc/machine-id", "/var/lib/dbus/machine-id")  # machine-id(5)


def this_machine() -> str:
    """A name that no other computer has, and that tells nothing of this one."""
    found = f"{uuid.getnode():x} {node()}"
    for file in FILES:
        with suppress(OSError):
            found = Path(file).read_text().strip() or found
            break
    return sha256(f"panelist {found}".encode()).hexdigest()[:16]
