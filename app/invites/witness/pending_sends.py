"""Sends that a copy lost, to mailboxes that no participant in it has.

The participant may come with a later sync. They are then marked as invited before any plan.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from app.db.store import Store
from app.files import replace_atomically
from app.invites.witness.lost_records import LostRecords, LostSend, find
from app.invites.witness.witness_file import WitnessLine


class PendingSends:
    """``file``: where they are kept. It exists only while there are some."""

    def __init__(self, store: Store, connection_id: int, file: Path) -> None:
        self._store, self._connection_id, self._file = store, connection_id, file

    def keep(self, lines: Iterable[WitnessLine], strangers: Collection[LostSend]) -> None:
        """Keep those of these lines that are about ``strangers``. Raises OSError and
        DatabaseProblem."""
        boxes = {one.mailbox for one in strangers}
        self._write([line for line in lines if line.mailbox in boxes], self._newest())

    def settle(self, take: Callable[[LostRecords], None]) -> None:
        """Have ``take`` take over what was sent to participants who came since. Raises OSError and
        DatabaseProblem."""
        try:
            kept = json.loads(self._file.read_bytes())
            lines, seen = [WitnessLine(*line) for line in kept["lines"]], int(kept["seen"])
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError) as error:
            raise OSError(0, f"{self._file} is damaged") from error
        newest = self._newest()
        if newest <= seen:
            return
        lost = find(self._store, self._connection_id, lines, newer_than=seen)
        if lost.sends:
            take(LostRecords(lost.sends))
        left = {one.mailbox for one in lost.strangers}
        self._write([line for line in lines if line.mailbox in left], newest)

    def _newest(self) -> int:
        (newest,) = self._store.row(
            "SELECT coalesce(max(id), 0) FROM participant WHERE connection_id = ?",
            (self._connection_id,),
        )
        return int(newest)

    def _write(self, lines: Collection[WitnessLine], seen: int) -> None:
        if not lines:
            self._file.unlink(missing_ok=True)
            return
        with replace_atomically(self._file) as out:
            out.write(json.dumps({"seen": seen, "lines": list(lines)}).encode())
