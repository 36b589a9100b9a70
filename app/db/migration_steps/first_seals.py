"""The migration after which the ledger tells who stored each opt-out and why, which keys were used
before, what is stored of each batch, and how long the invites of a study await a reply.

What is stored at the migration is taken as right, because nothing older tells more. The seals are
those of :mod:`app.invites.ledger`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from peewee import Database

from app.db.migration_steps.migration_work import MigrationWork

DAY = 86_400
_RUN = (
    'r.state, r.kind, r.plan_id, r.number, r.at, r."by", r.login, r.go_at, r.machine, r.start_at,'
    " r.quiet_hours"
)


def seal_what_is_stored(database: Database) -> None:
    """Append the seals to each ledger, in the caller's transaction."""
    work = MigrationWork(database)
    shared = list(_shared(work))
    own: defaultdict[int, list[tuple[object, ...]]] = defaultdict(list)
    for connection, study, name, content in _of_studies(work):
        own[connection].append(_seal(study, name, content))
    for connection, number, last in work.rows(
        "SELECT connection_id, number, hash FROM ledger_head ORDER BY connection_id"
    ):
        work.append(connection, number, last, [*shared, *own[connection]])


def _shared(work: MigrationWork) -> Iterator[tuple[object, ...]]:
    former = [
        sha256(b"panelist mailbox key " + bytes.fromhex(key)).hexdigest()
        for (key,) in work.rows("SELECT key FROM mailbox_key WHERE id > 1 ORDER BY id")
    ]
    if former:
        yield _seal(None, "former keys", _hash(former))
    for mailbox, kind, by, reason in work.rows(
        'SELECT mailbox, kind, "by", reason FROM opt_out ORDER BY mailbox, kind'
    ):
        yield _seal(None, f"opt-out {mailbox} {kind}", _hash([by, reason]))


def _of_studies(work: MigrationWork) -> Iterator[tuple[int, int, str, str]]:
    """The connection, the study, the name and the content of each seal."""
    for connection, study, run, *stored in work.rows(
        f"SELECT s.connection_id, s.id, r.id, {_RUN} FROM run r JOIN study s"
        " ON s.id = r.study_id ORDER BY r.id"
    ):
        yield connection, study, f"record of batch {run}", _hash(stored)
    days: defaultdict[tuple[int, int], set[int | None]] = defaultdict(set)
    for connection, study, now in work.rows("SELECT connection_id, id, expire_days FROM study"):
        days[connection, study].add(now)
    for connection, study, sent_at, expires_at in work.rows(
        "SELECT connection_id, study_id, sent_at, expires_at FROM invite WHERE sent_at IS NOT NULL"
    ):
        some = None if expires_at is None else round((expires_at - sent_at) / DAY)
        days[connection, study].add(some)
    for (connection, study), values in sorted(days.items()):
        for one in sorted(values, key=str):
            yield connection, study, f"reply time of study {study}", str(one)


def _hash(content: Any) -> str:
    return sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _seal(study: int | None, name: str, content: str) -> tuple[object, ...]:
    return ("seal", study, None, None, None, name, content)
