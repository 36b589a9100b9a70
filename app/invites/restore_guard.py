"""A database that was put back from a copy, or copied to another computer, does not send before a
person has looked: it does not know who was written to meanwhile.

Beside the database lies how far its ledger was when this computer last sent, or looked.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.db.store import Store
from app.invites import ledger
from app.invites.ledger import Entry
from app.invites.machine import this_machine
from app.paths import make_private
from app.problems import Problem


class RestoreSuspected(Problem):
    """It must not send as it is; the text says why, and what to do."""


class RestoreGuard:
    """For one account. ``folder``: where the file lies."""

    def __init__(self, store: Store, connection_id: int, folder: Path) -> None:
        self._store, self._connection_id = store, connection_id
        (account, live) = store.row(
            "SELECT account, livemode FROM connection WHERE id = ?", (connection_id,)
        )
        self._file = folder / f"ledger-{account}-{'live' if live else 'test'}.json"

    def check(self) -> None:
        """Raise Guarded unless this is where it was sent from last, and nothing is missing."""
        number, machine = self._head()
        elsewhere = machine is not None and machine != this_machine()
        if elsewhere and not self._store.postgres:  # which several computers share
            raise RestoreSuspected(
                "This database was last sent from on another computer. If invites went out there"
                " since it was copied, they would go out twice. Nothing was sent; look at the"
                " invitation log, then say panelist invites --trust."
            )
        kept = self._kept()
        if kept is None:
            return
        if kept["number"] > number or self._hash(kept["number"]) != kept["hash"]:
            raise RestoreSuspected(
                f"This database is older than what was sent from it: its ledger ends at entry"
                f" {number:,}, and {kept['number']:,} were written. Invites may have gone out that"
                " it does not know of. Nothing was sent; put the newer database back, or look at"
                " the invitation log and say panelist invites --trust."
            )

    def accept(self, by: str) -> None:
        """A person has looked: go on from here."""
        with self._store.transaction():
            entry = Entry("trusted", detail=f"on {this_machine()}")
            ledger.append(self._store, self._connection_id, by, [entry])
            self._claim()
        self.note()

    def note(self) -> None:
        """Write down how far the ledger is, and that it was here. Raises OSError."""
        number, machine = self._head()
        if machine != this_machine():
            with self._store.transaction():
                self._claim()
        self._write(number)

    def follow(self) -> None:
        """Write down how far the ledger is by now, unless something is missing: who opted out
        since the last sending must be missed in a copy from before. Raises DatabaseProblem."""
        number, _ = self._head()
        kept = self._kept()
        if number == (kept["number"] if kept else 0):
            return
        with suppress(RestoreSuspected, OSError):  # whoever sends is told, and a disk may be full
            self.check()
            self._write(number)

    def _write(self, number: int) -> None:
        make_private(self._file.parent)
        part = self._file.with_suffix(".part")
        said = {"number": number, "hash": self._hash(number), "at": int(time.time())}
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(said, file)
        os.replace(part, self._file)

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
