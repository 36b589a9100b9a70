"""Proves from the ledger that no one was invited or reminded twice for one study, and that no one
who did not want email got any.

The proof reads only the ledger, entry by entry, and then compares the invites, opt-outs, studies
and plans with it. The chain of hashes has no secret: whoever can write the whole database can also
write a ledger that fits it. An invite may be sent again if the server refused it after all, or if a
person says that it did not arrive. So may one to a participant who has responded and is invited
again.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.db.store import Store
from app.invites import ledger, studies
from app.invites.mail.addresses import hasher
from app.invites.plan import frozen
from app.invites.rules import DAY
from app.invites.sending import runs
from app.invites.witness.witness import TAKEN_OVER

HANDED_OVER = ("uncertain", "handed_over")  # entering one, an invite may reach its mailbox
TOLERANCE = 600  # seconds between a time and its entry
DROPPED = frozen.KEPT - 3_600  # seconds after which an unsent plan may have been deleted
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
    ``forgotten``: entries of opt-outs that are not stored any more. ``altered``: entries of
    opt-outs whose person or reason is another one. ``added``: the mailboxes of opt-outs that no
    entry tells of. ``postponed``: invites that expire at another time. ``changed``: studies, plans,
    batches and reminders that were changed by other means. ``missing``: those that were deleted.
    ``key_replaced``: the key that hashes mailboxes is another one. ``keys_added``: there are more
    or other keys beside it. ``uncertain``: invites that a person must resolve. ``reminders``:
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
    altered: list[int] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    postponed: list[int] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    key_replaced: bool = False
    keys_added: bool = False
    uncertain: list[int] = field(default_factory=list)
    reminders: list[int] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether no one was invited twice or unasked, and the ledger can be trusted."""
        wrong = self.twice or self.unwanted or self.odd or self.differing
        rows = self.redirected or self.postponed or self.changed or self.missing
        shut = self.forgotten or self.altered or self.added
        keys = self.key_replaced or self.keys_added
        return self.broken_at is None and not (wrong or rows or shut or keys)


def prove(store: Store, connection_id: int, now: float | None = None) -> Proof:
    """Read the whole ledger of an account, as it is at one moment. ``now``: in seconds since 1970.
    Raises DatabaseProblem."""
    hasher(store)  # which may have to be made
    with store.snapshot():
        return _prove(store, connection_id, now)


def _prove(store: Store, connection_id: int, now: float | None) -> Proof:
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
    _compare_opt_outs(store, connection_id, reading)
    _compare_seals(store, connection_id, reading, time.time() if now is None else now)
    return reading.proof


class _Shut(NamedTuple):
    """The entry of an opt-out, and what its seal must be."""

    number: int
    content: str


class _Seal(NamedTuple):
    """The last seal of something, when it was made, and the study that it belongs to."""

    at: int
    study: int | None
    content: str


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
        self.shut: defaultdict[str, dict[str, _Shut]] = defaultdict(dict)  # by kind
        self.answerable: defaultdict[int, list[int]] = defaultdict(list)  # since when, by id
        self.elsewhere: set[int] = set()  # invites that were sent from another copy
        self.reply_times: defaultdict[int, set[str]] = defaultdict(set)  # days, by study
        self.sealed: dict[str, _Seal] = {}  # by name
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
        by: str,
        detail: str,
    ) -> None:
        proof = self.proof
        proof.entries += 1
        mailbox = self._names.get(mailbox, mailbox)
        if what in SHUT:
            kind = what.replace("-", "_")
            content = ledger.opt_out_seal(mailbox, kind, by, detail)
            if what not in self.shut[mailbox]:
                self.shut[mailbox][what] = _Shut(number, content.detail or "")
        elif what in LIFTED:
            self.shut[mailbox].pop(LIFTED[what], None)
        elif what == ledger.SEAL:
            self._read_seal(number, at, study, after, detail)
        elif what == ledger.KEY:
            self.sealed[ledger.KEY] = _Seal(at, study, detail)
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
            if after in ("sent", "handed_over") and what == "invite":
                self.answerable[invite] = [at]
            if detail == TAKEN_OVER:
                self.elsewhere.add(invite)

    def _read_seal(self, number: int, at: int, study: int, name: str, content: str) -> None:
        opt_out, _, of = name.partition(" ")
        if name.startswith(ledger.REPLY_TIME):
            self.reply_times[study].add(content)
        elif opt_out == "opt-out":
            mailbox, _, kind = of.partition(" ")
            what = kind.replace("_", "-")
            known = self.shut[mailbox].get(what)
            self.shut[mailbox][what] = _Shut(known.number if known else number, content)
        else:
            self.sealed[name] = _Seal(at, study, content)


def _compare(store: Store, connection_id: int, reading: _LedgerReading, proof: Proof) -> None:
    left, last, hashes = dict(reading.invites), 0, hasher(store)
    while rows := store.rows(
        "SELECT id, state, reminder, study_id, mailbox, address, sent_at, expires_at FROM invite"
        " WHERE connection_id = ? AND id > ? ORDER BY id LIMIT 10000",
        (connection_id, last),
    ):
        last = rows[-1][0]
        for invite, state, reminder, study, mailbox, address, sent_at, expires_at in rows:
            unsent = sent_at is None and invite in reading.sent
            other = left.pop(invite, None) != state or reading.reminders.get(invite) != reminder
            times = reading.times[invite]
            here = times and sent_at and invite not in reading.elsewhere
            moved = here and min(abs(sent_at - at) for at in times) > TOLERANCE
            if other or unsent or moved:
                proof.differing.append(invite)
            if not _may_expire(reading, invite, study, sent_at, expires_at):
                proof.postponed.append(invite)
            if reading.places.get(invite) != (study, mailbox) or (
                address is not None and hashes.stored(address.lower()) != mailbox
            ):
                proof.redirected.append(invite)
            if state == "uncertain":
                proof.uncertain.append(invite)
            if reminder == "uncertain":
                proof.reminders.append(invite)
    proof.differing += left


def _may_expire(
    reading: _LedgerReading, invite: int, study: int, sent_at: int | None, expires_at: int | None
) -> bool:
    """Whether an invite expires when one of the rules that its study had says so. What is older
    than those entries, and what was sent from another copy, has none."""
    days = reading.reply_times.get(study)
    if days is None or invite in reading.elsewhere:
        return True
    since = reading.answerable.get(invite)
    if since is None or expires_at is None:
        return expires_at is None and (since is None or "None" in days)
    ends = [at + int(one) * DAY for at in (*since, sent_at or 0) for one in days - {"None"}]
    return any(abs(expires_at - end) <= TOLERANCE for end in ends)


def _compare_opt_outs(store: Store, connection_id: int, reading: _LedgerReading) -> None:
    """An account without a ledger cannot tell who opted out, unless no account has one."""
    proof, left = reading.proof, dict[tuple[str, str], _Shut]()
    for mailbox, kinds in reading.shut.items():
        left |= {(mailbox, what): entry for what, entry in kinds.items()}
    told = proof.entries or not store.rows("SELECT 1 FROM ledger_head LIMIT 1")
    for mailbox, kind, by, reason in store.rows('SELECT mailbox, kind, "by", reason FROM opt_out'):
        entry = left.pop((mailbox, kind.replace("_", "-")), None)
        if entry is None and told:
            proof.added.append(mailbox)
        elif entry and entry.content != ledger.opt_out_seal(mailbox, kind, by, reason).detail:
            proof.altered.append(entry.number)
    proof.forgotten = sorted(entry.number for entry in left.values())
    proof.altered.sort()


def _compare_seals(store: Store, connection_id: int, reading: _LedgerReading, now: float) -> None:
    """Compare the studies, plans, batches and reminders that are stored, and the key, with what the
    ledger says. What is older than seals has none."""
    proof, left, stored = reading.proof, dict(reading.sealed), set[str]()
    key, former = left.pop(ledger.KEY, None), left.pop(ledger.FORMER_KEYS, None)
    proof.key_replaced = key is not None and key.content != hasher(store).fingerprint
    keys = ledger.former_keys_seal(store)
    proof.keys_added = (keys and keys.detail) != (former and former.content)
    for entry in _stored_seals(store, connection_id):
        name = entry.after or ""
        stored.add(name.removeprefix(runs.RECORD))
        sealed = left.pop(name, None)
        if sealed is not None and sealed.content != entry.detail:
            proof.changed.append(name.removeprefix(runs.RECORD))
    proof.changed = list(dict.fromkeys(proof.changed))
    for study in studies.studies(store, connection_id):
        name = f"study {study.id}"
        if reading.studies.get(study.id, study.state) != study.state and name not in proof.changed:
            proof.changed.append(name)
    for name, seal in left.items():
        dropped = name.startswith("plan ") and seal.at < now - DROPPED
        if not dropped and reading.studies.get(seal.study or 0) != "deleted":
            proof.missing.append(name.removeprefix(runs.RECORD))
    proof.missing = sorted(set(proof.missing) - stored)


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
        yield from runs.seals_of(store, key)


def _entries(
    store: Store, connection_id: int
) -> Iterator[tuple[int, int, str, int, int, str, str, str, str, str]]:
    last = 0
    while rows := store.rows(
        'SELECT number, at, what, study, invite, mailbox, before, after, "by", detail FROM ledger'
        " WHERE connection_id = ? AND number > ? ORDER BY number LIMIT 10000",
        (connection_id, last),
    ):
        yield from rows
        last = rows[-1][0]
