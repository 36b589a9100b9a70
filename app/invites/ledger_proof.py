"""Proves from the ledger that no one was invited or reminded twice for one study, and that no one
who did not want email got any.

The proof reads only the ledger, entry by entry, and then compares the invites, opt-outs, studies
and plans with it. The chain of hashes has no secret: whoever can write the whole database can also
write a ledger that fits it. An invite may be sent again if the server refused it after all, or if a
person says that it did not arrive. So may one to a participant who has responded and is invited
again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.db.store import Store
from app.invites import ledger, studies
from app.invites.mail.addresses import hasher
from app.invites.plan import frozen
from app.invites.sending import runs

HANDED_OVER = ("uncertain", "handed_over")  # entering one, an invite may reach its mailbox
TOLERANCE = 600  # seconds between a time of sending and its entry
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
    ``redirected``: invites whose address, mailbox or study is not the one that was queued.
    ``forgotten``: entries of opt-outs that are not stored any more. ``changed``: studies, plans,
    batches and reminders that were changed by other means. ``key_replaced``: the key that hashes
    mailboxes is another one. ``uncertain``: invites that a person must resolve. ``reminders``:
    those whose reminder is uncertain."""

    entries: int = 0
    invites: int = 0
    handed_over: int = 0
    reminded: int = 0
    broken_at: int | None = None
    twice: list[int] = field(default_factory=list)
    unwanted: list[int] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    redirected: list[int] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    key_replaced: bool = False
    uncertain: list[int] = field(default_factory=list)
    reminders: list[int] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether no one was invited twice or unasked, and the ledger can be trusted."""
        wrong = self.twice or self.unwanted or self.odd or self.differing
        stored = self.redirected or self.forgotten or self.changed or self.key_replaced
        return self.broken_at is None and not wrong and not stored


def prove(store: Store, connection_id: int) -> Proof:
    """Read the whole ledger of an account, as it is at one moment. Raises DatabaseProblem."""
    hasher(store)  # which may have to be made
    with store.snapshot():
        return _prove(store, connection_id)


def _prove(store: Store, connection_id: int) -> Proof:
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
    _compare_opt_outs(store, reading)
    _compare_seals(store, connection_id, reading)
    return reading.proof


class _LedgerReading:
    """The state of the invites after the entries read so far."""

    def __init__(self, proof: Proof, names: Mapping[str, str]) -> None:
        """``names``: the new hash of each mailbox that got one
        (:mod:`app.db.migration_steps.mailbox_rekeying`)."""
        self.proof = proof
        self.invites: dict[int, str] = {}  # states by id
        self.reminders: dict[int, str] = {}
        self.sent: set[int] = set()  # invites that have a time of sending
        self.times: defaultdict[int, list[int]] = defaultdict(list)  # when they may have been sent
        self.studies: dict[int, str] = {}  # states by id
        self.places: dict[int, tuple[int, str]] = {}  # the study and mailbox of each invite
        self._together: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        self.shut: defaultdict[str, dict[str, int]] = defaultdict(dict)  # the entry of each kind
        self._names = names

    def read(
        self,
        number: int,
        at: int,
        what: str,
        study: int,
        invite: int,
        mailbox: str,
        before: str,
        after: str,
    ) -> None:
        proof = self.proof
        proof.entries += 1
        mailbox = self._names.get(mailbox, mailbox)
        if what in SHUT:
            self.shut[mailbox].setdefault(what, number)
        elif what in LIFTED:
            self.shut[mailbox].pop(LIFTED[what], None)
        elif what == "study":
            self.studies[study] = after
        if what not in ("invite", ledger.UNMARKED, "reminder"):
            return
        states = self.reminders if what == "reminder" else self.invites
        if what == "invite" and invite not in states:
            proof.invites += 1
            self.places[invite] = (study, mailbox)
            self._together[study, mailbox].append(invite)
        if states.get(invite) != before or self.places.get(invite) != (study, mailbox):
            proof.odd.append(number)
        if after in HANDED_OVER and what != ledger.UNMARKED:  # a correction sends nothing
            others = self._together[study, mailbox] if what == "invite" else [invite]
            if any(states.get(other) in MAY_HAVE_IT for other in others):
                proof.twice.append(number)
            if self.shut.get(mailbox):
                proof.unwanted.append(number)
            proof.handed_over += what == "invite"
            proof.reminded += what == "reminder"
        states[invite] = after
        if what != "reminder":
            if after in HANDED_OVER:
                self.times[invite].append(at)
            if after in MAY_HAVE_IT:
                self.sent.add(invite)
            elif after in ("queued", "failed", "to_confirm", "bounced"):
                self.sent.discard(invite)


def _compare(store: Store, connection_id: int, reading: _LedgerReading, proof: Proof) -> None:
    left, last, hashes = dict(reading.invites), 0, hasher(store)
    while rows := store.rows(
        "SELECT id, state, reminder, study_id, mailbox, address, sent_at FROM invite"
        " WHERE connection_id = ? AND id > ? ORDER BY id LIMIT 10000",
        (connection_id, last),
    ):
        last = rows[-1][0]
        for invite, state, reminder, study, mailbox, address, sent_at in rows:
            unsent = sent_at is None and invite in reading.sent
            other = left.pop(invite, None) != state or reading.reminders.get(invite) != reminder
            times = reading.times[invite]
            moved = times and sent_at and min(abs(sent_at - at) for at in times) > TOLERANCE
            if other or unsent or moved:
                proof.differing.append(invite)
            if reading.places.get(invite) != (study, mailbox) or (
                address is not None and hashes.stored(address.lower()) != mailbox
            ):
                proof.redirected.append(invite)
            if state == "uncertain":
                proof.uncertain.append(invite)
            if reminder == "uncertain":
                proof.reminders.append(invite)
    proof.differing += left


def _compare_opt_outs(store: Store, reading: _LedgerReading) -> None:
    stored = {
        (mailbox, kind.replace("_", "-"))
        for mailbox, kind in store.rows("SELECT mailbox, kind FROM opt_out")
    }
    reading.proof.forgotten = sorted(
        number
        for mailbox, kinds in reading.shut.items()
        for what, number in kinds.items()
        if (mailbox, what) not in stored
    )


def _compare_seals(store: Store, connection_id: int, reading: _LedgerReading) -> None:
    """Compare the studies, plans, batches and reminders that are stored, and the key, with what the
    ledger says. What is older than seals has none."""
    proof, sealed = reading.proof, dict[str, str]()
    for what, name, detail in store.rows(
        "SELECT what, after, detail FROM ledger"
        f" WHERE connection_id = ? AND {store.among('what')} ORDER BY number",
        (connection_id, store.values([ledger.SEAL, ledger.KEY])),
    ):
        sealed[name if what == ledger.SEAL else what] = detail
    if sealed.pop(ledger.KEY, hasher(store).fingerprint) != hasher(store).fingerprint:
        proof.key_replaced = True
    for entry in _stored_seals(store, connection_id):
        name = entry.after or ""
        if sealed.get(name, entry.detail) != entry.detail:
            proof.changed.append(name)
    for study in studies.studies(store, connection_id):
        name = f"study {study.id}"
        if reading.studies.get(study.id, study.state) != study.state and name not in proof.changed:
            proof.changed.append(name)


def _stored_seals(store: Store, connection_id: int) -> Iterator[ledger.Entry]:
    for study in studies.studies(store, connection_id):
        yield studies.seal_of(study)
    where = "JOIN study s ON s.id = x.study_id WHERE s.connection_id = ? ORDER BY x.id"
    for (key,) in store.rows(f"SELECT x.id FROM plan x {where}", (connection_id,)):
        yield frozen.seal_of(store, key)
    for key, study, letter in store.rows(
        f"SELECT x.id, x.study_id, x.letter FROM run x {where}", (connection_id,)
    ):
        if letter is not None:
            yield ledger.seal(study, f"reminder {key}", letter)
        yield runs.seal_of(store, key)


def _entries(
    store: Store, connection_id: int
) -> Iterator[tuple[int, int, str, int, int, str, str, str]]:
    last = 0
    while rows := store.rows(
        "SELECT number, at, what, study, invite, mailbox, before, after FROM ledger"
        " WHERE connection_id = ? AND number > ? ORDER BY number LIMIT 10000",
        (connection_id, last),
    ):
        yield from rows
        last = rows[-1][0]
