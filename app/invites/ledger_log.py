"""Reads the ledger for people: who did what, when and from where."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.db.store import Store
from app.invites.errors import UnknownParticipant
from app.invites.ledger import SEAL
from app.invites.mail.addresses import hasher, read
from app.panel.lists.order import Ids
from app.text import plain

STRANGER = "an address that no participant has"
HIDDEN = (SEAL,)  # entries that only a proof reads

_ROW = (
    'SELECT l.number, l.at, l."by", l.login, l.machine, l.what, l.study, s.title, l.invite,'
    " p.stripe_id, p.name, i.address, l.mailbox, l.before, l.after, l.detail FROM ledger l"
    " LEFT JOIN study s ON s.id = l.study LEFT JOIN invite i ON i.id = l.invite"
    " LEFT JOIN participant p ON p.id = i.participant_id"
)


class Owner(NamedTuple):
    """Who has a mailbox now, or once had it. After an erasure, only the Stripe ID is left."""

    stripe_id: str
    name: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class LedgerRow:
    """One entry. ``by``: the system's user, or in older entries the process of a sender. ``login``:
    the user of the database, None for SQLite. ``study_title``, ``stripe_id``, ``name`` and
    ``address``: as they are now, None if there is none or if it is not known whose mailbox it is.
    ``mailbox``: its keyed hash."""

    number: int
    at: int
    by: str
    login: str | None
    machine: str | None
    what: str
    study: int | None
    study_title: str | None
    invite: int | None
    stripe_id: str | None
    name: str | None
    address: str | None
    mailbox: str | None
    before: str | None
    after: str | None
    detail: str | None

    @property
    def event(self) -> str:
        """What happened, for a person."""
        what = _WORDS.get(self.what, self.what.replace("-", " "))
        states = [state.replace("_", " ") for state in (self.before, self.after) if state]
        if self.what == "rekeyed":
            states = []
        said = " → ".join(states)
        if self.what == "invite":
            return said
        return f"{what}: {said}" if states else what

    @property
    def origin(self) -> str:
        """Who did it and from where, for a person."""
        login = f" as {plain(self.login, 40)}" if self.login else ""
        machine = f" on {plain(self.machine, 40)}" if self.machine else ""
        return f"{_SENDER.sub('a sender', plain(self.by, 60))}{login}{machine}"


# Who sent something in an earlier version: a process and its computer.
_SENDER = re.compile(r"process [0-9]+ on .*")
_WORDS = {
    "run": "batch",
    "plan": "plan",
    "trusted": "database trusted",
    "opted-out": "opted out",
    "erased": "erased, do not contact",
    "opt-out-lifted": "opt-out lifted",
    "bounce-lifted": "bounce lifted",
    "erased-lifted": "erasure lifted",
    "unmarked": "mark undone",
    "rekeyed": "new hash for an address",
    "mailbox-key": "key for addresses",
    "study-changed": "study changed",
    "study-segments": "audience changed",
}


CHUNK = 1_000
PAGE = 10_000
_ERASED = "SELECT mailbox, stripe_id FROM erasure WHERE connection_id = ?"
_INVITED = (
    "SELECT mailbox, stripe_id, name, address FROM (SELECT i.mailbox, p.stripe_id, p.name,"
    " i.address, p.connection_id FROM invite i JOIN participant p ON p.id = i.participant_id) x"
    " WHERE connection_id = ?"
)


def entry_numbers(
    store: Store, connection_id: int, *, study_id: int | None = None, person: str | None = None
) -> Ids:
    """The numbers of an account's entries, the newest first. ``person``: a Stripe id or an address,
    for only the entries about this participant's invites and mailboxes. Raises UnknownParticipant
    and DatabaseProblem."""
    conditions, values = ["connection_id = ?"], list[object]([connection_id])
    conditions.append(f"NOT {store.among('what')}")
    values.append(store.values(list(HIDDEN)))
    if study_id is not None:
        conditions.append("study = ?")
        values.append(study_id)
    if person is not None:
        invites, boxes = _traces(store, connection_id, person)
        conditions.append(f"({store.among('invite')} OR {store.among('mailbox')})")
        values += [store.values(invites), store.values(boxes)]
    rows = store.rows(
        f"SELECT number FROM ledger WHERE {' AND '.join(conditions)} ORDER BY number DESC", values
    )
    return array("q", (row[0] for row in rows))


def owners(store: Store, connection_id: int) -> dict[str, Owner]:
    """Who has each mailbox that an entry of a ledger without an invite is about, as an opt-out is:
    see :func:`mailbox_owners`. Raises DatabaseProblem."""
    names: dict[str, str] = dict(
        store.rows(
            "SELECT before, mailbox FROM ledger WHERE connection_id = ? AND what = 'rekeyed'",
            (connection_id,),
        )
    )
    wanted = {
        names.get(str(box), str(box))
        for (box,) in store.rows(
            "SELECT DISTINCT mailbox FROM ledger"
            " WHERE connection_id = ? AND invite IS NULL AND mailbox IS NOT NULL",
            (connection_id,),
        )
    }
    found = mailbox_owners(store, connection_id, wanted)
    return found | {old: found[new] for old, new in names.items() if new in found}


def mailbox_owners(store: Store, connection_id: int, wanted: set[str]) -> dict[str, Owner]:
    """Who has each of these mailboxes. Those of which no one knows are missing. Participants of
    this account come first. It may read all participants. Raises DatabaseProblem."""
    found: dict[str, Owner] = {}
    boxes = sorted(wanted)
    for start in range(0, len(boxes), CHUNK):
        some = (connection_id, store.values(boxes[start : start + CHUNK]))
        for sql in (_ERASED, _INVITED):
            for box, *owner in store.rows(f"{sql} AND {store.among('mailbox')}", some):
                found[box] = Owner(*owner)
    left, hashes = wanted - found.keys(), hasher(store)
    for account in ("connection_id = ?", "connection_id <> ?"):
        last = 0
        while left and (
            rows := store.rows(
                "SELECT id, stripe_id, name, email FROM participant"
                f" WHERE {account} AND id > ? AND email IS NOT NULL ORDER BY id LIMIT {PAGE}",
                (connection_id, last),
            )
        ):
            last = rows[-1][0]
            for _, *owner in rows:
                box = read(owner[-1])
                stored = hashes.stored(box) if isinstance(box, str) else ""
                if stored in left:
                    left.discard(stored)
                    found[stored] = Owner(*owner)
    return found


def ledger_rows(
    store: Store,
    connection_id: int,
    numbers: Sequence[int],
    known: Mapping[str, Owner],
) -> list[LedgerRow]:
    """These entries, in the given order. ``known``: who has which mailbox, from :func:`owners`.
    Raises DatabaseProblem."""
    found = store.rows(
        f"{_ROW} WHERE l.connection_id = ? AND {store.among('l.number')}",
        (connection_id, store.values(numbers)),
    )
    by_number = {row[0]: _with_owner(LedgerRow(*row), known) for row in found}
    return [by_number[one] for one in numbers if one in by_number]


def _with_owner(row: LedgerRow, known: Mapping[str, Owner]) -> LedgerRow:
    owner = known.get(row.mailbox or "") if row.invite is None else None
    return replace(row, **owner._asdict()) if owner else row


def _traces(store: Store, connection_id: int, person: str) -> tuple[list[int], list[str]]:
    """The invites of a participant, and the mailboxes that they had."""
    box, hashes = read(person), hasher(store)
    boxes = {hashes.stored(box)} if isinstance(box, str) else set[str]()
    rows = store.rows(
        "SELECT id, email FROM participant WHERE connection_id = ? AND stripe_id = ?",
        (connection_id, person),
    )
    for _, email in rows:
        now = read(email or "")
        boxes |= {hashes.stored(now)} if isinstance(now, str) else set()
    invites = store.rows(
        f"SELECT id, mailbox FROM invite WHERE {store.among('participant_id')}"
        f" OR {store.among('mailbox')}",
        (store.values([row[0] for row in rows]), store.values(sorted(boxes))),
    )
    known = rows or invites or _mentioned(store, boxes)
    if not known:
        raise UnknownParticipant(
            f"The participant {plain(person, 80)!r} was not found, and has no entry in the"
            " ledger. Give a Stripe ID or an address."
        )
    return [row[0] for row in invites], sorted(boxes | {row[1] for row in invites})


def _mentioned(store: Store, boxes: set[str]) -> bool:
    """Whether an entry is about one of these mailboxes, such as an opt-out of a stranger."""
    return bool(
        boxes
        and store.rows(
            f"SELECT 1 FROM ledger WHERE {store.among('mailbox')} LIMIT 1",
            (store.values(sorted(boxes)),),
        )
    )
