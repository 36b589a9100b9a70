"""Ends invites for an outside reason: a study stops, or a participant opts out."""

from __future__ import annotations

from collections.abc import Mapping

from app.db.store import Store
from app.invites.ledger import Entry


def end_invites(
    store: Store, where: str, parameters: tuple[object, ...], ends: Mapping[str, str], reason: str
) -> list[Entry]:
    """Move each of these invites from a state in ``ends`` to the state that it names, inside the
    caller's transaction. Returns the entries for the ledger. A sender that has claimed one of them
    sees a new attempt number and must stop."""
    lock = " FOR UPDATE" if store.postgres else ""
    found = store.rows(
        f"SELECT id, study_id, mailbox, state FROM invite WHERE {where}"
        f" AND {store.among('state')} ORDER BY id{lock}",
        (*parameters, store.values(list(ends))),
    )
    now = store.now()
    store.execute_many(
        "UPDATE invite SET state = ?, reason = ?, ended_at = ?, attempt = attempt + 1 WHERE id = ?",
        [(ends[before], reason, now, invite) for invite, _, _, before in found],
    )
    return [
        Entry("invite", study, invite, mailbox, before, ends[before], reason)
        for invite, study, mailbox, before in found
    ]
