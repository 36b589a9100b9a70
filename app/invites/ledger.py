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

from app.db.store import Store
from app.invites.mail.addresses import former_hashers, hasher

START = ""  # the hash before the first entry
CHUNK = 1_000
KEY = "mailbox-key"  # an entry that names the hash of the key
SEAL = "seal"  # an entry that names the hash of a study, a plan, a batch or another stored thing
REPLY_TIME = "reply time of study "  # how the name of an entry with days, not a hash, begins
FORMER_KEYS = "former keys"  # the name of the seal of keys that are not in use any more
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


def reply_time(study: int, days: int | None) -> Entry:
    """An entry with the days that an invite of a study awaits a reply, which only a proof reads."""
    return Entry(SEAL, study, after=f"{REPLY_TIME}{study}", detail=str(days))


def opt_out_seal(mailbox: str, kind: str, by: str, reason: str | None) -> Entry:
    """A seal of who stored an opt-out, and why. It is needed where the entry that tells of the
    opt-out is by someone else, because another account brought it."""
    return seal(None, f"opt-out {mailbox} {kind}", [by, reason])


def former_keys_seal(store: Store) -> Entry | None:
    """A seal of the keys that single accounts once had, or None if there are none."""
    found = former_hashers(store)
    known = [found[key_id].fingerprint for key_id in sorted(found)]
    return seal(None, FORMER_KEYS, known) if known else None


def _opening(store: Store, given: Sequence[Entry]) -> list[Entry]:
    """The first entries of a ledger: the keys that hash its mailboxes, and the opt-outs that other
    accounts brought, without those in ``given``."""
    said = {(entry.what, entry.mailbox) for entry in given}
    entries = [Entry(KEY, detail=hasher(store).fingerprint)]
    if former := former_keys_seal(store):
        entries.append(former)
    for mailbox, kind, by, reason in store.rows(
        'SELECT mailbox, kind, "by", reason FROM opt_out ORDER BY mailbox, kind'
    ):
        what = kind.replace("_", "-")
        if (what, mailbox) not in said:
            entries += [
                Entry(what, mailbox=mailbox, detail=reason),
                opt_out_seal(mailbox, kind, by, reason),
            ]
    return entries


def tail_broken_at(store: Store, connection_id: int) -> int | None:
    """The number of the first of the last entries that was changed or is missing, or None. It reads
    a thousand at most, and none before the last one in which a person trusted the database."""
    found = store.rows(
        "SELECT number, hash FROM ledger_head WHERE connection_id = ?", (connection_id,)
    )
    if not found:
        return None
    ((end, end_hash),) = found
    trusted = store.rows(
        "SELECT number FROM ledger WHERE connection_id = ? AND number > ? AND what = 'trusted'"
        " ORDER BY number DESC LIMIT 1",
        (connection_id, end - CHUNK),
    )
    begin = trusted[0][0] if trusted else max(1, end - CHUNK + 1)
    rows = _after(store, connection_id, begin - 1, 2 * CHUNK)
    if not rows and (end, end_hash) == (0, START):
        return None
    if not rows or rows[0].number != begin:
        return int(begin)
    number, last = rows[0].number, rows[0].hash
    for row in rows[1:]:
        number += 1
        last = _hash(last, number, row.values, row.origin)
        if (row.number, row.hash) != (number, last):
            return int(number)
    if len(rows) == 2 * CHUNK:  # others wrote that many in between, so the end was not read
        return None
    return None if (number, last) == rows[-1].head else int(min(number, rows[-1].head[0])) + 1


def broken_at(store: Store, connection_id: int) -> int | None:
    """The number of the first entry that was changed or is missing, or None if the ledger is
    intact."""
    found = store.rows(
        "SELECT number, hash FROM ledger_head WHERE connection_id = ?", (connection_id,)
    )
    head = tuple(found[0]) if found else (0, START)
    number, last = 0, START
    while rows := _after(store, connection_id, number, CHUNK):
        for row in rows:
            number += 1
            last = _hash(last, number, row.values, row.origin)
            if (row.number, row.hash) != (number, last):
                return number
        head = rows[-1].head
    return None if (number, last) == head else min(number, head[0]) + 1


class _Stored(NamedTuple):
    """An entry as it is stored. ``origin``: the database's user and the computer. ``head``: the
    number and hash of the last entry, read together with this one, because others write."""

    number: int
    values: tuple[object, ...]
    origin: tuple[str | None, ...]
    hash: str
    head: tuple[int, str]


def _after(store: Store, connection_id: int, number: int, most: int) -> list[_Stored]:
    columns = ", ".join(f"l.{name}" for name in _COLUMNS.split(", "))
    return [
        _Stored(row[0], tuple(row[1:-5]), tuple(row[-5:-3]), row[-3], tuple(row[-2:]))
        for row in store.rows(
            f"SELECT l.number, {columns}, l.hash, coalesce(h.number, 0), coalesce(h.hash, ?)"
            " FROM ledger l LEFT JOIN ledger_head h ON h.connection_id = l.connection_id"
            " WHERE l.connection_id = ? AND l.number > ? ORDER BY l.number LIMIT ?",
            (START, connection_id, number, most),
        )
    ]


def _hash(before: str, number: int, values: Sequence[object], origin: Sequence[str | None]) -> str:
    """``origin``: the database's user and the computer, which older entries do not have."""
    known = list(origin) if any(origin) else []
    return sha256(json.dumps([before, number, *values, *known]).encode()).hexdigest()
