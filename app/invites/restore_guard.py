"""Guards a database that may be a copy: restored, moved, or used twice. It does not know who was
sent something since the copy, so it does not send until a person has answered.

Three things tell. The database keeps its identity and the computer, from when it last sent, or a
PostgreSQL from when it was first used. A file beside it keeps the end of its ledger. The witness
(:mod:`app.invites.witness`) keeps outside of it what was sent and who opted out.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from platform import node
from typing import Any

from app.db.errors import DatabaseProblem
from app.db.identity import identity
from app.db.store import Store
from app.files import replace_atomically
from app.invites import ledger
from app.invites.errors import RestoreSuspected
from app.invites.ledger import Entry
from app.invites.witness.lost_records import LostRecords, find
from app.invites.witness.pending_sends import PendingSends
from app.invites.witness.takeover import take_over
from app.invites.witness.witness import Witness
from app.paths import Folders, make_private
from app.text import when

MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")  # machine-id(5)
ASK = (
    " Nothing was sent and nothing was changed. To see why and to answer, run panelist invites "
    "trust or press V in Studies."
)
BY = "the witness"
OTHER_COPY = (
    "This database is older than what was sent from it, or another copy of it was used as well."
)
_COPY = "copy "  # before the time of a copy that was put back
_NOTED = 1.0  # seconds between two times that the end of the ledger is recorded


class Answer(Enum):
    """What a person says of a database that is asked about."""

    MOVED = "moved"  # the same database in a new place, and no copy sends
    COPY = "copy"  # it is a copy that was put back, or one of two


def this_machine() -> str:
    """A name that no other computer has, and that reveals nothing about this one."""
    found = f"{uuid.getnode():x} {node()}"
    for file in MACHINE_IDS:
        with suppress(OSError):
            found = Path(file).read_text().strip() or found
            break
    return sha256(f"panelist {found}".encode()).hexdigest()[:16]


def _has_machine_id() -> bool:
    """Whether the computer has a name that stays."""
    for file in MACHINE_IDS:
        with suppress(OSError):
            return bool(Path(file).read_text().strip())
    return False


def mark_as_copy(store: Store, copied_at: int) -> None:
    """Have every account of a database asked about before it sends, because it replaces another
    one. ``copied_at``: when it was copied, in seconds since 1970. Raises DatabaseProblem."""
    with store.transaction():
        store.execute(
            "INSERT INTO ledger_head (connection_id, number, hash, machine)"
            " SELECT id, 0, ?, ? FROM connection WHERE true"
            " ON CONFLICT (connection_id) DO UPDATE SET machine = excluded.machine",
            (ledger.START, f"{_COPY}{copied_at}"),
        )


class RestoreGuard:
    """The guard of one account. ``trouble``: why the witness cannot be read or written, for a
    person, or None. Sending goes on then."""

    def __init__(self, store: Store, connection_id: int, folders: Folders) -> None:
        self._store, self._connection_id, self._state = store, connection_id, folders.state
        (account, live) = store.row(
            "SELECT account, livemode FROM connection WHERE id = ?", (connection_id,)
        )
        self._file = folders.home / f"ledger-{account}-{'live' if live else 'test'}.json"
        self._claimed, self._noted = False, 0.0
        self.trouble: str | None = None

    def check(self) -> None:
        """Raise RestoreSuspected unless this is surely the database that was sent from last, and no
        entry of its ledger is missing or was changed. Of the ledger, only the last entries are
        read: ``panelist verify`` reads all."""
        for why in self._suspicions():
            raise RestoreSuspected(f"{why}{ASK}")

    def check_copies(self) -> None:
        """Raise RestoreSuspected if another copy has sent something by now. It is quick, for each
        email. Raises DatabaseProblem."""
        try:
            if not self._witness.is_behind():
                return
        except OSError as error:
            self._note_trouble(error)
            return
        raise RestoreSuspected(f"{OTHER_COPY}{ASK}")

    def suspicion(self) -> str | None:
        """Why the database must not send as it is, for a person, or None. Raises
        DatabaseProblem."""
        return next(self._suspicions(), None)

    def lost(self) -> LostRecords:
        """What the witness knows and the database does not. Raises DatabaseProblem."""
        try:
            return find(self._store, self._connection_id, self._witness.lost())
        except OSError as error:
            self._note_trouble(error)
            return LostRecords()

    def accept(self, by: str, answer: Answer = Answer.COPY) -> LostRecords:
        """Continue from here, because a person has answered. A copy takes over what the witness
        knows. Returns what was taken over. Raises RestoreSuspected if the panel was not only moved,
        and DatabaseProblem."""
        lost = self.lost()
        if lost and answer is Answer.MOVED:
            raise RestoreSuspected(
                "This database was not only moved. It does not contain everything that was sent "
                "or recorded since then. Nothing was changed. Run panelist invites trust copy, or "
                "press c in the dialog, to say that it is a copy."
            )
        with self._store.transaction():
            take_over(self._store, self._connection_id, lost, by, this_machine())
            entry = Entry("trusted", detail=f"{answer.value}, on {this_machine()}")
            ledger.append(self._store, self._connection_id, by, [entry])
            self._claim()
        try:
            lines = self._witness.lost() if lost.strangers else ()
            self._pending.keep(lines, lost.strangers)
            self._witness.accept()
        except OSError as error:
            self.trouble = (
                f"Your answer cannot be saved in {self._state} ({error.strerror or error}), so"
                " Panelist may ask again. Make the folder writable for you, or set PANELIST_STATE"
                " to another one."
            )
        self._note_end()
        return lost

    def adopt(self) -> None:
        """Send from here from now on, because everything was moved here from a database that was
        not asked about. Raises DatabaseProblem."""
        with self._store.transaction():
            self._claim()
        try:
            self._witness.accept()
        except OSError as error:
            self._note_trouble(error)
        self._note_end()

    def note(self, *, last: bool = False) -> None:
        """Record what was sent and said, here and in the witness. ``last``: nothing follows soon.
        Raises DatabaseProblem."""
        if not self._claimed:
            if self._head()[1] != self._name:
                with self._store.transaction():
                    self._claim()
            self._claimed = True
        try:
            self._witness.follow(sync=last)
        except OSError as error:
            self._note_trouble(error)
        if last or time.monotonic() - self._noted >= _NOTED:
            self._note_end()

    def follow(self) -> None:
        """Record the current end of the ledger unless entries are missing, so that an older copy is
        noticed even if only opt-outs came after the last invite. Record the identity of a
        PostgreSQL that has none yet. Raises DatabaseProblem."""
        with suppress(RestoreSuspected):  # sending reports it
            self.check()
            number, sender = self._head()
            # A copy is noticed although nothing was sent: a restored PostgreSQL, or a file on
            # another computer. On this one a file may be copied until then, as the witness knows
            # what was sent from either. A container without an id of its machine is another
            # computer at every start, so it is not recorded before it sends.
            if sender is None and (self._store.postgres or _has_machine_id()):
                with suppress(DatabaseProblem), self._store.transaction():  # it may be read-only
                    self._claim()
            try:
                self._witness.follow()
                self._pending.settle(self._take)
            except OSError as error:
                self._note_trouble(error)
            kept = self._kept()
            if number != (kept["number"] if kept else 0):
                self._note_end()

    # What tells

    def _suspicions(self) -> Iterator[str]:
        kept = self._kept()  # before the head, because others append and note in between
        number, sender = self._head()
        machine, _, database = (sender or "").partition(" ")
        if sender is not None and sender.startswith(_COPY):
            at = sender.removeprefix(_COPY)
            yield f"This database is a copy from {when(int(at))} that was restored."
        elif sender is not None and machine != this_machine() and not self._store.postgres:
            yield "This database was last used on another computer."
        elif database and database != self._identity and self._matters():
            yield ("This is not the database that was last used. It is a copy, or it was moved.")
        if self._lacks():
            yield OTHER_COPY
        if kept and (kept["number"] > number or self._hash(kept["number"]) != kept["hash"]):
            yield (
                "This database is older than what was sent from it. Its ledger ends at"
                f" entry {number:,}, and {kept['number']:,} were written."
            )
        if self._store.postgres and self._is_new_here():
            yield (
                "Invites were sent from this database, but never from this computer, so"
                " Panelist would not notice a restored copy."
            )
        broken = ledger.tail_broken_at(self._store, self._connection_id)
        if broken is not None:
            yield (
                f"The ledger is broken: entry {broken:,} was changed or is missing. So it is"
                " not known who was invited or opted out. For details, run panelist verify."
            )

    def _matters(self) -> bool:
        """Whether another identity may be that of a second copy that sends. A file that has sent
        nothing may be copied on this computer, where the witness knows both."""
        if self._store.postgres or self._has_sent():
            return True
        try:
            return not self._witness.knows_another
        except OSError:
            return True

    def _has_sent(self) -> bool:
        sent = "SELECT 1 FROM invite WHERE connection_id = ? AND sent_at IS NOT NULL LIMIT 1"
        return bool(self._store.rows(sent, (self._connection_id,)))

    def _lacks(self) -> bool:
        try:
            if set_aside := self._witness.damaged():
                self.trouble = (
                    f"The witness {set_aside} was damaged and is not used. Nothing else was"
                    " lost. Panelist starts a new one."
                )
            return self._witness.lacks()
        except OSError as error:
            self._note_trouble(error)
            return False

    def _is_new_here(self) -> bool:
        """Whether invites were sent, but neither the database nor the witness knows that this
        computer has used it."""
        with suppress(OSError):
            if self._witness.known:
                return False
        here = self._connection_id
        used = (
            "SELECT 1 FROM run r JOIN study s ON s.id = r.study_id"
            " WHERE s.connection_id = ? AND r.machine = ? UNION ALL SELECT 1 FROM ledger"
            " WHERE connection_id = ? AND what = 'trusted' AND detail LIKE ? LIMIT 1"
        )
        known = (here, this_machine(), here, f"%on {this_machine()}")
        return self._has_sent() and not self._store.rows(used, known)

    # What is recorded

    @cached_property
    def _identity(self) -> str:
        return identity(self._store)

    @property
    def _name(self) -> str:
        """This computer and this database, as the database keeps them."""
        return f"{this_machine()} {self._identity}"

    @cached_property
    def _witness(self) -> Witness:
        return Witness(self._store, self._connection_id, self._state, self._identity)

    @property
    def _pending(self) -> PendingSends:
        return PendingSends(self._store, self._connection_id, self._witness.pending_file)

    def _take(self, lost: LostRecords) -> None:
        """Mark participants as invited who came only now, but were sent something. Raises
        OSError."""
        with self._store.transaction():
            take_over(self._store, self._connection_id, lost, BY, this_machine())
        self._witness.follow(sync=True)

    def _claim(self) -> None:
        self._store.execute(
            "INSERT INTO ledger_head (connection_id, number, hash, machine) VALUES (?, 0, ?, ?)"
            " ON CONFLICT (connection_id) DO UPDATE SET machine = excluded.machine",
            (self._connection_id, ledger.START, self._name),
        )

    def _note_end(self) -> None:
        number, _ = self._head()
        self._noted = time.monotonic()
        noted = {"number": number, "hash": self._hash(number), "at": int(time.time())}
        with suppress(OSError):  # the disk is full; the ledger itself is in the database
            make_private(self._file.parent)
            with replace_atomically(self._file) as out:
                out.write(json.dumps(noted).encode())

    def _note_trouble(self, error: OSError) -> None:
        self.trouble = (
            f"Panelist cannot record what was sent in {self._state} ({error.strerror or error})."
            " Nothing was lost and sending continues, but Panelist may not notice a"
            " restored copy. Make the folder writable for you, or set PANELIST_STATE to"
            " another one."
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
        """What the file beside the database says. None if there is none, or if it is damaged."""
        try:
            found = json.loads(self._file.read_text())
            return {"number": int(found["number"]), "hash": found["hash"]}
        except (OSError, ValueError, KeyError, TypeError):
            return None
