"""Guards a database that was restored from a copy, or copied to another computer. It does not know
who was invited since the copy, so it does not send until a person has checked.

A file beside the database records the end of its ledger when this computer last sent or checked.
"""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from platform import node
from typing import Any

from app.db.store import Store
from app.files import replace_atomically
from app.invites import ledger
from app.invites.ledger import Entry
from app.paths import make_private
from app.problems import Problem

MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")  # machine-id(5)


class RestoreSuspected(Problem):
    """The database must not send as it is. The text says why and what to do."""


def this_machine() -> str:
    """A name that no other computer has, and that reveals nothing about this one."""
    found = f"{uuid.getnode():x} {node()}"
    for file in MACHINE_IDS:
        with suppress(OSError):
            found = Path(file).read_text().strip() or found
            break
    return sha256(f"panelist {found}".encode()).hexdigest()[:16]


class RestoreGuard:
    """The guard of one account. ``folder``: where the file is."""

    def __init__(self, store: Store, connection_id: int, folder: Path) -> None:
        self._store, self._connection_id = store, connection_id
        (account, live) = store.row(
            "SELECT account, livemode FROM connection WHERE id = ?", (connection_id,)
        )
        self._file = folder / f"ledger-{account}-{'live' if live else 'test'}.json"

    def check(self) -> None:
        """Raise RestoreSuspected unless this computer sent last, and no entry is missing or was
        changed. Of this ledger, only the last entries are read: ``panelist verify`` reads all."""
        number, machine = self._head()
        elsewhere = machine is not None and machine != this_machine()
        if elsewhere and not self._store.postgres:  # several computers share PostgreSQL
            raise RestoreSuspected(
                "This database was last sent from on another computer. If invites went out there"
                " since it was copied, they would go out twice. Nothing was sent; look at the"
                " invitation log, then say panelist invites --trust."
            )
        kept = self._kept()
        if kept and (kept["number"] > number or self._hash(kept["number"]) != kept["hash"]):
            raise RestoreSuspected(
                f"This database is older than what was sent from it: its ledger ends at entry"
                f" {number:,}, and {kept['number']:,} were written. Invites may have gone out that"
                " it does not know of. Nothing was sent; put the newer database back, or look at"
                " the invitation log and say panelist invites --trust."
            )
        broken = ledger.tail_broken_at(self._store, self._connection_id)
        if broken is not None:
            raise RestoreSuspected(
                f"The ledger is broken: entry {broken:,} is not as it was written, or is missing."
                " So it is not known who was invited or opted out. Nothing was sent. Put an intact"
                " database back, or look at panelist verify and then say panelist invites --trust."
            )

    def accept(self, by: str) -> None:
        """Continue from here, because a person has checked."""
        with self._store.transaction():
            entry = Entry("trusted", detail=f"on {this_machine()}")
            ledger.append(self._store, self._connection_id, by, [entry])
            self._claim()
        self.note()

    def note(self) -> None:
        """Record the end of the ledger and this computer. Raises OSError."""
        number, machine = self._head()
        if machine != this_machine():
            with self._store.transaction():
                self._claim()
        self._write(number)

    def follow(self) -> None:
        """Record the current end of the ledger unless entries are missing, so that an older copy is
        noticed even if only opt-outs came after the last invite. Raises DatabaseProblem."""
        number, _ = self._head()
        kept = self._kept()
        if number == (kept["number"] if kept else 0):
            return
        with suppress(RestoreSuspected, OSError):  # sending reports it; a disk may be full
            self.check()
            self._write(number)

    def _write(self, number: int) -> None:
        make_private(self._file.parent)
        noted = {"number": number, "hash": self._hash(number), "at": int(time.time())}
        with replace_atomically(self._file) as out:
            out.write(json.dumps(noted).encode())

    def _claim(self) -> None:
        self._store.execute(
            "UPDATE ledger_head SET machine = ? WHERE connection_id = ?",
            (this_machine(), self._connection_id),
        )

    def _head(self) -> tuple[int, str | None]:
        rows = self._store.rows(
            "SELECT number, machine FROM ledger_head WHERE connection_id = ?",
            (self._connection_id,),
        )
        return rows[0] if rows else (0, None)

    def _hash(self, number: int) -> str | None:
        rows = self._store.rows(
            "SELECT hash FROM ledger WHERE connection_id = ? AND number = ?",
            (self._connection_id, number),
        )
        return rows[0][0] if rows else None

    def _kept(self) -> dict[str, Any] | None:
        try:
            found = json.loads(self._file.read_text())
            return {"number": int(found["number"]), "hash": found["hash"]}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return {"number": 0, "hash": "unreadable"}
