"""The ledger: the append-only record of what happened to studies, invites and mailboxes.

Each entry's hash covers the entry and the hash before it. The ledger names mailboxes by their keyed
hash, so that erasing a participant changes nothing in it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256
from platform import node
from typing import NamedTuple

from app.db.store import Row, Store
from app.invites.mail.addresses import hasher

START = ""  # the hash before the first entry
CHUNK = 1_000
KEY = "mailbox-key"  # an entry that names the hash of the key
SEAL = "seal"  # an entry that names the hash of a study, a plan or the text of a reminder
UNMARKED = "unmarked"  # an entry that brings an invite back to an earlier state

_COLUMNS = 'at, "by", what, study, invite, mailbox, before, after, detail, login, machine'


class Entry(NamedTuple):
    """One thing that happened. ``before`` and ``after`` are states, or None."""

    what: str
    study: int | None = None
    invite: int | None = None
    mailbox: str | None = None
    before: str | None = None
    after: str | None = None
    detail: str | None = None


def append(store: Store, connection_id: int, by: str, entries: Iterable[Entry]) -> None:
    """Append entries, at the end of the caller's transaction that causes them. Any other writer
    waits until that transaction ends, so append after taking every other lock."""
    store.execute(
        "INSERT INTO ledger_head (connection_id, number, hash) VALUES (?, 0, ?)"
        " ON CONFLICT DO NOTHING",
        (connection_id, START),
    )
    lock = " FOR UPDATE" if store.postgres else ""
    number, last = store.row(
        f"SELECT number, hash FROM ledger_head WHERE connection_id = ?{lock}", (connection_id,)
    )
    at, rows, origin = int(time.time()), [], (store.login, node() or None)
    given = list(entries)
    for entry in [*_opening(store, given), *given] if number == 0 else given:
        number += 1
        values = (at, by, *entry)
        last = _hash(last, number, values, origin)
        rows.append((connection_id, number, *values, *origin, last))
    store.insert(f"ledger (connection_id, number, {_COLUMNS}, hash)", rows)
    store.execute(
        "UPDATE ledger_head SET number = ?, hash = ? WHERE connection_id = ?",
        (number, last, connection_id),
    )


def seal(study: int | None, what: str, content: object) -> Entry:
    """An entry with the hash of something, so that a later change of it is noticed. ``what``: its
    name, such as "plan 5"."""
    found = sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return Entry(SEAL, study, after=what, detail=found)


def _opening(store: Store, given: Sequence[Entry]) -> list[Entry]:
    """The first entries of a ledger: the key that hashes its mailboxes, and the opt-outs that other
    accounts brought, without those in ``given``."""
    said = {(entry.what, entry.mailbox) for entry in given}
    found = store.rows("SELECT mailbox, kind, reason FROM opt_out ORDER BY mailbox, kind")
    known = [(kind.replace("_", "-"), mailbox, reason) for mailbox, kind, reason in found]
    return [
        Entry(KEY, detail=hasher(store).fingerprint),
        *(
            Entry(what, mailbox=mailbox, detail=reason)
            for what, mailbox, reason in known
            if (what, mailbox) not in said
        ),
    ]


def tail_broken_at(store: Store, connection_id: int) -> int | None:
    """The number of the first of the last entries that was changed or is missing, or None. It reads
    about a thousand, and none before the last one in which a person trusted the database."""
    end, end_hash = _head(store, connection_id)
    if (end, end_hash) == (0, START):
        return _broken_after(store, connection_id, 0, START)
    trusted = store.rows(
        "SELECT number FROM ledger WHERE connection_id = ? AND number > ? AND what = 'trusted'"
        " ORDER BY number DESC LIMIT 1",
        (connection_id, end - CHUNK),
    )
    begin = int(trusted[0][0] if trusted else max(1, end - CHUNK + 1))
    first = store.rows(
        "SELECT hash FROM ledger WHERE connection_id = ? AND number = ?", (connection_id, begin)
    )
    return _broken_after(store, connection_id, begin, first[0][0]) if first else begin


def broken_at(store: Store, connection_id: int) -> int | None:
    """The number of the first entry that was changed or is missing, or None if the ledger is
    intact."""
    return _broken_after(store, connection_id, 0, START)


def _broken_after(store: Store, connection_id: int, number: int, last: str) -> int | None:
    """The same for the entries after one with this ``number`` and hash. Others may append
    meanwhile: their entries and the new head come in one transaction, so entries that go beyond the
    head are wrong only if the head stays as it was."""
    head = _head(store, connection_id)
    while True:
        rows = _after(store, connection_id, number)
        for row in rows:
            number += 1
            last = _hash(last, number, row[1:-3], row[-3:-1])
            if row[0] != number or row[-1] != last:
                return number
        if (number, last) == head:
            return None
        if not rows or number >= head[0]:
            before, head = head, _head(store, connection_id)
            if head == before and (number, last) != head:
                return min(number, head[0]) + 1


def _head(store: Store, connection_id: int) -> tuple[int, str]:
    found = store.rows(
        "SELECT number, hash FROM ledger_head WHERE connection_id = ?", (connection_id,)
    )
    return (int(found[0][0]), str(found[0][1])) if found else (0, START)


def _after(store: Store, connection_id: int, number: int) -> list[Row]:
    return store.rows(
        f"SELECT number, {_COLUMNS}, hash FROM ledger WHERE connection_id = ? AND number > ?"
        " ORDER BY number LIMIT ?",
        (connection_id, number, CHUNK),
    )


def _hash(before: str, number: int, values: Sequence[object], origin: Sequence[str | None]) -> str:
    """``origin``: the database's user and the computer, which older entries do not have."""
    known = list(origin) if any(origin) else []
    return sha256(json.dumps([before, number, *values, *known]).encode()).hexdigest()
