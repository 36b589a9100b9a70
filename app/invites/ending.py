"""Invites that end because of something else: a study that stops, a person who opts out."""

from __future__ import annotations

import time
from collections.abc import Mapping

from app.db.store import Store
from app.invites.ledger import Entry


def end_invites(
    store: Store, where: str, parameters: tuple[object, ...], ends: Mapping[str, str], reason: str
) -> list[Entry]:
    """Bring each of these invites in a state of ``ends`` to the state that it names, inside the
    caller's transaction; what the ledger has to record. Who is just sending one of them finds
    its attempt taken and must not go on."""
    lock = " FOR UPDATE" if store.postgres else ""
    found = store.rows(
        f"SELECT id, study_id, mailbox, state FROM invite WHERE {where}"
        f" AND {store.among('state')} ORDER BY id{lock}",
        (*parameters, store.values(list(ends))),
    )
    now = int(time.time())
    store.execute_many(
        "UPDATE invite SET state = ?, reason = ?, ended_at = ?, attempt = attempt + 1 WHERE id = ?",
        [(ends[before], reason, now, invite) for invite, _, _, before in found],
    )
    return [
        Entry("invite", study, invite, mailbox, before, ends[before], reason)
        for invite, study, mailbox, before in found
    ]
