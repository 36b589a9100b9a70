"""Proves from the ledger that no one was invited or reminded twice for one study, and that no one
who did not want email got any.

The proof reads only the ledger, entry by entry, and then compares the invites with it. An invite
may be sent again if the server refused it after all, or if a person says that it did not arrive. So
may one to a participant who has responded and is invited again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.db.store import Store
from app.invites import ledger

HANDED_OVER = ("uncertain", "handed_over")  # entering one, an invite may reach its mailbox
MAY_HAVE_IT = ("uncertain", "sent", "handed_over", "started")


SHUT = ("opted-out", "erased", "bounced")
LIFTED = {
    "erased-lifted": "erased",
    "bounce-lifted": "bounced",
    "opt-out-lifted": "opted-out",
}


@dataclass
class Proof:
    """``broken_at``: the first entry of the ledger that was changed or is missing. ``twice``:
    numbers of entries that sent to a mailbox which may already have had the invite. ``unwanted``:
    entries that sent to a mailbox that had opted out, bounced or was erased. ``odd``: entries that
    do not follow from earlier ones. ``differing``: invites whose row disagrees with the ledger.
    ``uncertain``: invites that a person must resolve. ``reminders``: invites whose reminder is
    uncertain."""

    entries: int = 0
    invites: int = 0
    handed_over: int = 0
    reminded: int = 0
    broken_at: int | None = None
    twice: list[int] = field(default_factory=list)
    unwanted: list[int] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    uncertain: list[int] = field(default_factory=list)
    reminders: list[int] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether no one was invited twice or unasked, and the ledger can be trusted."""
        wrong = self.twice or self.unwanted or self.odd or self.differing
        return self.broken_at is None and not wrong


def prove(store: Store, connection_id: int) -> Proof:
    """Read the whole ledger of an account. Raises DatabaseProblem."""
    names: dict[str, str] = dict(
        store.rows(
            "SELECT before, mailbox FROM ledger WHERE connection_id = ? AND what = 'rekeyed'",
            (connection_id,),
        )
    )
    reading = _LedgerReading(Proof(broken_at=ledger.broken_at(store, connection_id)), names)
    for entry in _entries(store, connection_id):
        reading.read(*entry)
    _compare(store, connection_id, reading, reading.proof)
    return reading.proof


class _LedgerReading:
    """The state of the invites after the entries read so far."""

    def __init__(self, proof: Proof, names: Mapping[str, str]) -> None:
        """``names``: the new hash of each mailbox that got one (:mod:`app.db.mailbox_rekeying`)."""
        self.proof = proof
        self.invites: dict[int, str] = {}  # states by id
        self.reminders: dict[int, str] = {}
        self._places: dict[int, tuple[int, str]] = {}
        self._together: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        self._shut: defaultdict[str, set[str]] = defaultdict(set)
        self._names = names

    def read(
        self, number: int, what: str, study: int, invite: int, mailbox: str, before: str, after: str
    ) -> None:
        proof = self.proof
        proof.entries += 1
        mailbox = self._names.get(mailbox, mailbox)
        if what in SHUT:
            self._shut[mailbox].add(what)
        elif what in LIFTED:
            self._shut[mailbox].discard(LIFTED[what])
        if what not in ("invite", ledger.UNMARKED, "reminder"):
            return
        states = self.reminders if what == "reminder" else self.invites
        if what == "invite" and invite not in states:
            proof.invites += 1
            self._places[invite] = (study, mailbox)
            self._together[study, mailbox].append(invite)
        if states.get(invite) != before or self._places.get(invite) != (study, mailbox):
            proof.odd.append(number)
        if after in HANDED_OVER and what != ledger.UNMARKED:  # a correction sends nothing
            others = self._together[study, mailbox] if what == "invite" else [invite]
            if any(states.get(other) in MAY_HAVE_IT for other in others):
                proof.twice.append(number)
            if self._shut.get(mailbox):
                proof.unwanted.append(number)
            proof.handed_over += what == "invite"
            proof.reminded += what == "reminder"
        states[invite] = after


def _compare(store: Store, connection_id: int, reading: _LedgerReading, proof: Proof) -> None:
    left, last = dict(reading.invites), 0
    while rows := store.rows(
        "SELECT id, state, reminder FROM invite WHERE connection_id = ? AND id > ? ORDER BY id"
        " LIMIT 10000",
        (connection_id, last),
    ):
        last = rows[-1][0]
        for invite, state, reminder in rows:
            if left.pop(invite, None) != state or reading.reminders.get(invite) != reminder:
                proof.differing.append(invite)
            if state == "uncertain":
                proof.uncertain.append(invite)
            if reminder == "uncertain":
                proof.reminders.append(invite)
    proof.differing += left


def _entries(
    store: Store, connection_id: int
) -> Iterator[tuple[int, str, int, int, str, str, str]]:
    last = 0
    while rows := store.rows(
        "SELECT number, what, study, invite, mailbox, before, after FROM ledger"
        " WHERE connection_id = ? AND number > ? ORDER BY number LIMIT 10000",
        (connection_id, last),
    ):
        yield from rows
        last = rows[-1][0]
