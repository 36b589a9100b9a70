"""The life of an invite: its states, which may follow which, and how a person marks it.

 queued ─► sending ─► uncertain ─► sent ─► started ─► completed, declined or expired

``uncertain`` is stored just before a mail server may take the email, and stays until the server's
answer is known. Without an answer, only a person can say whether it arrived. A sender changes a row
only if its ``attempt`` is still the one that it claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.db.schema.study_tables import OUTSTANDING
from app.db.store import Store
from app.invites import ledger, opt_outs
from app.invites.ledger import Entry
from app.invites.rules import DAY
from app.invites.states import state_words

_ANSWERS = ("completed", "declined", "bounced", "expired", "withdrawn")
MOVES = {
    "queued": ("sending", "handed_over", "withdrawn"),
    "sending": (
        "queued",
        "uncertain",
        "handed_over",
        "failed",
        "to_confirm",
        "bounced",
        "withdrawn",
    ),
    "uncertain": ("sent", "queued", "failed", "to_confirm", "bounced"),
    "sent": ("started", *_ANSWERS),
    "handed_over": ("started", *_ANSWERS),
    "started": _ANSWERS,
    "completed": (),
    "declined": ("completed",),
    "bounced": ("to_confirm",),  # too many in a row said the same
    "to_confirm": ("bounced", "failed"),  # a person says whether these were bounces
    "failed": ("queued", "bounced"),  # the server refused every email; a person knows of a bounce
    "expired": ("completed",),
    "withdrawn": (),
}
# The marks of a person. An invite that is queued or being sent is stopped, not marked.
MARKS = ("sent", "started", "completed", "declined", "bounced", "failed")
ARRIVED, LOST = "recorded as arrived", "recorded as not arrived"
# When an invite that turns out to have arrived expires.
_EXPIRES = f"sent_at + {DAY} * (SELECT s.expire_days FROM study s WHERE s.id = invite.study_id)"
_MARKABLE = (
    "uncertain",
    "to_confirm",
    "failed",
    "sent",
    "handed_over",
    "started",
    "declined",
    "expired",
)


def markable(state: str) -> list[str]:
    """The states of invites that a person can mark with ``state``."""
    return [one for one in _MARKABLE if state in MARKS and state in MOVES[one]]


def staying(store: Store, connection_id: int, invites: Sequence[int], state: str) -> dict[str, int]:
    """How many of these invites :func:`mark` would leave as they are, by their state. Raises
    DatabaseProblem."""
    may = markable(state)
    rows = store.rows(
        "SELECT state, count(*) FROM invite WHERE connection_id = ?"
        f" AND {store.among('id')} GROUP BY state ORDER BY state",
        (connection_id, store.values(invites)),
    )
    return {at: int(number) for at, number in rows if at not in may}


def staying_words(stays: Mapping[str, int], would: bool = False) -> str:
    """How many invites stay as they are, and in which state, for a person."""
    number = sum(stays.values())
    if not number:
        return "0 would be unchanged." if would else "0 are unchanged."
    one = "would be unchanged" if would else "is unchanged"
    many = "would be unchanged" if would else "are unchanged"
    if number == 1:
        return f"1 {one}: {state_words(next(iter(stays)))}."
    states = ", ".join(f"{some:,} {state_words(state)}" for state, some in stays.items())
    return f"{number:,} {many}: {states}."


def mark(
    store: Store, connection_id: int, invites: Sequence[int], state: str, by: str, reason: str = ""
) -> int:
    """Mark these invites with a state that a person reports. Returns how many changed. Invites
    whose state does not allow it stay as they are. A bounced mailbox gets no more invites. Raises
    DatabaseProblem."""
    may = markable(state)
    lock = " FOR UPDATE" if store.postgres else ""
    now = store.now()
    with store.transaction():
        found = store.rows(
            "SELECT id, study_id, mailbox, state FROM invite WHERE connection_id = ?"
            f" AND {store.among('id')} AND {store.among('state')} ORDER BY id{lock}",
            (connection_id, store.values(invites), store.values(may)),
        )
        ended = None if state in OUTSTANDING else now
        store.execute_many(
            "UPDATE invite SET state = ?, reason = ?, ended_at = ?, attempt = attempt + 1,"
            " sent_at = CASE WHEN ? THEN NULL ELSE sent_at END,"
            f" expires_at = CASE WHEN ? THEN {_EXPIRES} ELSE expires_at END WHERE id = ?",
            [
                (state, reason or None, ended, state == "failed", state == "sent", row[0])
                for row in found
            ],
        )
        if state == "bounced":
            opt_outs.record(store, connection_id, [row[2] for row in found], "bounced", by, reason)
        entries = [
            Entry("invite", study, invite, mailbox, before, state, reason or None)
            for invite, study, mailbox, before in found
        ]
        ledger.append(store, connection_id, by, entries)
    return len(found)


def unresolved(store: Store, invites: Sequence[int], arrived: bool) -> int:
    """How many of these invites :func:`resolve` would change. Raises DatabaseProblem."""
    states = store.values(_unresolved(arrived))
    (number,) = store.row(
        f"SELECT count(*) FROM invite WHERE {store.among('id')}"
        f" AND ({store.among('state')} OR {store.among('reminder')})",
        (store.values(invites), states, states),
    )
    return int(number)


def resolve(
    store: Store, connection_id: int, invites: Sequence[int], arrived: bool, by: str
) -> int:
    """Record whether uncertain invites and uncertain reminders arrived. Returns how many were
    uncertain. Invites that did not arrive have failed, and another plan may invite their
    participants. So have those to confirm, which were no bounces. Raises DatabaseProblem."""
    found = store.rows(
        f"SELECT id FROM invite WHERE {store.among('id')} AND {store.among('state')}",
        (store.values(invites), store.values(_unresolved(arrived))),
    )
    said = ARRIVED if arrived else LOST
    state = "sent" if arrived else "failed"
    moved = mark(store, connection_id, [key for (key,) in found], state, by, said)
    return moved + _resolve_reminders(store, connection_id, invites, state, by, said)


def _unresolved(arrived: bool) -> list[str]:
    return ["uncertain"] if arrived else ["uncertain", "to_confirm"]


def _resolve_reminders(
    store: Store, connection_id: int, invites: Sequence[int], state: str, by: str, said: str
) -> int:
    lock = " FOR UPDATE" if store.postgres else ""
    with store.transaction():
        found = store.rows(
            "SELECT id, study_id, mailbox, reminder FROM invite WHERE connection_id = ?"
            f" AND {store.among('id')} AND {store.among('reminder')} ORDER BY id{lock}",
            (connection_id, store.values(invites), store.values(_unresolved(state == "sent"))),
        )
        store.execute_many(
            "UPDATE invite SET reminder = ?, attempt = attempt + 1,"
            " reminded_at = CASE WHEN ? THEN NULL ELSE reminded_at END WHERE id = ?",
            [(state, state == "failed", row[0]) for row in found],
        )
        entries = [
            Entry("reminder", study, invite, mailbox, before, state, said)
            for invite, study, mailbox, before in found
        ]
        ledger.append(store, connection_id, by, entries)
    return len(found)
