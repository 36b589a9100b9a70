"""The witness of one account in one database, and of the copies of both on this computer.

Copies of a database have the same mailbox key, and each has another identity. So there is a folder
for each key, and in it a file for each account and each copy. A database lacks something if the
last line of one of these files is no entry of its ledger.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from app.db.store import Store
from app.files import replace_atomically
from app.invites.mail.addresses import Hasher, hasher
from app.invites.witness.witness_file import (
    HASH,
    KNOWN,
    NOT,
    TRUSTED,
    UNCERTAIN,
    WitnessFile,
    WitnessLine,
)

CHUNK = 10_000
TAKEN_OVER = "sent from another copy of this database"  # the detail of entries
OPT_OUTS = ("opted-out", "erased", "bounced")
# What a copy must not lack.
_WANTED = (
    "(l.what IN ('invite', 'reminder') AND (l.after IN ('uncertain', 'handed_over')"
    " OR l.before = 'uncertain' AND l.after IN ('sent', 'failed', 'queued', 'bounced'))"
    f" OR l.what IN ('{TRUSTED}', 'opted-out', 'erased', 'bounced',"
    " 'erased-lifted', 'bounce-lifted', 'opt-out-lifted'))"
)

_ERASED = (
    "l.what <> 'erased' AND coalesce(l.mailbox IN"
    " (SELECT e.mailbox FROM erasure e WHERE e.done_at IS NOT NULL), false)"
)


def family(state: Path, hashes: Hasher) -> Path:
    """The folder for a database and all its copies. ``state``: where the witness lies."""
    return state / "witness" / hashes.fingerprint[:16]


class Witness:
    """``identity``: the database's (:mod:`app.db.identity`). Every method raises OSError and
    DatabaseProblem."""

    def __init__(self, store: Store, connection_id: int, state: Path, identity: str) -> None:
        self._store, self._connection_id = store, connection_id
        hashes = hasher(store)
        (account, live) = store.row(
            "SELECT account, livemode FROM connection WHERE id = ?", (connection_id,)
        )
        self._account = hashes.stored(f"{account}/{live}")[:8]
        self._folder = family(state, hashes)
        self._own = WitnessFile(self._folder / f"{identity}-{self._account}.log")
        self._read_to: int | None = None  # the number of the last entry that was looked at
        self._size = 0

    @property
    def pending_file(self) -> Path:
        """For :class:`app.invites.witness.pending_sends.PendingSends`."""
        return self._own.path.with_suffix(".pending.json")

    @property
    def known(self) -> bool:
        """Whether this computer has seen the database before."""
        return self._own.path.exists()

    @property
    def knows_another(self) -> bool:
        """Whether this computer has seen another copy of the database."""
        return bool(self._others())

    def lacks(self) -> bool:
        """Whether the database lacks something that was recorded, from it or from a copy of it."""
        last = self._own.last()
        if last is not None and not self._has([last]):
            return True
        return self.is_behind()

    def is_behind(self) -> bool:
        """Whether another copy has recorded something that the database does not know. This is
        quick: it looks at the last lines, and only if there are other copies."""
        others = self._others()
        accepted = self._accepted() if others else {}
        for other in others:
            last = other.last_news()
            if last is None or _place(last) == accepted.get(other.path.name):
                continue
            if not self._has([last]):
                return True
        return False

    def lost(self) -> list[WitnessLine]:
        """All lines that are no entries of the ledger, the oldest first."""
        lines = {line for file in (self._own, *self._others()) for line in file.lines()}
        return sorted(lines - self._has(lines), key=lambda line: (line.at, line.number))

    def follow(self, *, sync: bool = False) -> None:
        """Record what is new in the ledger. Only if the database lacks nothing."""
        size = self._own.size
        if self._read_to is None or size != self._size:
            last = self._own.last()
            self._read_to = max(self._read_to or 0, last.number if last else 0)
        self._append(self._read_to, sync=sync)

    def accept(self) -> None:
        """Record the ledger from where it differs, and take all that is recorded as known."""
        lines = self._own.lines()
        self._append(max((line.number for line in self._has(lines)), default=0), sync=True)
        ends = {
            other.path.name: _place(last)
            for other in self._others()
            if (last := other.last_news()) is not None
        }
        with replace_atomically(self._accepted_file) as out:
            out.write(json.dumps(ends).encode())

    def damaged(self) -> Path | None:
        """Set aside a file without a readable line, and return its new name."""
        if self._own.size and self._own.last() is None:
            return self._own.set_aside()
        return None

    def _append(self, start: int, *, sync: bool) -> None:
        while True:
            rows = self._store.rows(
                "SELECT l.number, l.hash, l.what, coalesce(l.study, 0), coalesce(s.created_at, 0),"
                f" l.mailbox, l.at, l.after, {_ERASED},"
                " coalesce(l.detail, '') FROM ledger l"
                " LEFT JOIN study s ON s.id = l.study"
                f" WHERE l.connection_id = ? AND l.number > ? AND {_WANTED}"
                f" ORDER BY l.number LIMIT {CHUNK}",
                (self._connection_id, start),
            )
            if rows or sync or not self.known:
                self._own.append([_line(*row) for row in rows], sync=sync)
            self._size = self._own.size
            start = rows[-1][0] if rows else start
            if len(rows) < CHUNK:
                break
        self._read_to = start

    def _has(self, lines: set[WitnessLine] | list[WitnessLine]) -> set[WitnessLine]:
        """Those of these lines that are entries of the ledger."""
        wanted = sorted({line.number for line in lines})
        hashes: dict[int, str] = {}
        for start in range(0, len(wanted), CHUNK):
            hashes |= dict(
                self._store.rows(
                    "SELECT number, hash FROM ledger WHERE connection_id = ?"
                    f" AND {self._store.among('number')}",
                    (self._connection_id, self._store.values(wanted[start : start + CHUNK])),
                )
            )
        return {line for line in lines if hashes.get(line.number, "")[:HASH] == line.hash}

    def _others(self) -> list[WitnessFile]:
        found = sorted(self._folder.glob(f"*-{self._account}.log"))
        return [WitnessFile(path) for path in found if path != self._own.path]

    @property
    def _accepted_file(self) -> Path:
        return self._own.path.with_suffix(".accepted.json")

    def _accepted(self) -> dict[str, str]:
        """The ends of other files that a person has accepted, by name."""
        with suppress(OSError, ValueError):
            found = json.loads(self._accepted_file.read_bytes())
            if isinstance(found, dict):
                return found
        return {}


def _place(line: WitnessLine) -> str:
    return f"{line.number} {line.hash}"


def _line(
    number: int,
    entry: str,
    what: str,
    study: int,
    created: int,
    mailbox: str | None,
    at: int,
    after: str | None,
    erased: bool,
    detail: str,
) -> WitnessLine:
    said = what
    if what in ("invite", "reminder") and after not in ("sent", "handed_over"):
        said += UNCERTAIN if after == "uncertain" else NOT
    if detail == TAKEN_OVER:
        said += KNOWN
    line = WitnessLine(number, entry[:HASH], said, study, created, mailbox or "-", at)
    return _forgotten(line) if erased else line


def _forgotten(line: WitnessLine) -> WitnessLine:
    return line._replace(what="forgotten", study=0, created=0, mailbox="-")


def forget(store: Store, state: Path, mailboxes: Collection[str]) -> None:
    """Remove from every file what was sent to the mailboxes of an erased participant. Only that one
    was erased stays. Raises OSError and DatabaseProblem."""

    def without(line: WitnessLine) -> WitnessLine:
        kept = line.mailbox not in mailboxes or line.what == "erased"
        return line if kept else _forgotten(line)

    for path in family(state, hasher(store)).glob("*.log"):
        WitnessFile(path).change(without)
