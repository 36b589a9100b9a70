"""Completes a salvaged database from the ledger: opt-outs and invites whose rows were lost.

Both are in the ledger too, so that a damaged page leads to no second email.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from app.db.people import LOST_ID
from app.db.store import Store
from app.invites.ledger import CHUNK, UNMARKED
from app.invites.ledger_proof import LIFTED, MAY_HAVE_IT, SHUT

BY = "panelist salvage"
_STATES = ("invite", "reminder", UNMARKED)


@dataclass
class _Invite:
    study: int
    mailbox: str
    queued_at: int
    state: str | None = None
    sent_at: int | None = None
    reminder: str | None = None
    reminded_at: int | None = None


def replay(store: Store, connection_id: int) -> int:
    """Add the opt-outs and the invites that the ledger of an account knows and the database does
    not. An invite that waits to be sent, but left by the ledger, gets its state from there. Returns
    how many of these there were. The ledger is not changed. Raises DatabaseProblem."""
    names: dict[str, str] = dict(
        store.rows(
            "SELECT before, mailbox FROM ledger WHERE connection_id = ? AND what = 'rekeyed'",
            (connection_id,),
        )
    )
    shut: dict[tuple[str, str], tuple[int, str, str | None]] = {}
    invites: dict[int, _Invite] = {}
    for what, study, invite, mailbox, after, at, by, detail in _entries(store, connection_id):
        box = names.get(mailbox or "", mailbox) or ""
        if what in SHUT:
            shut.setdefault((box, what.replace("-", "_")), (at, by, detail))
        elif what in LIFTED:
            shut.pop((box, LIFTED[what].replace("-", "_")), None)
        elif what in _STATES and invite is not None:
            _read(invites.setdefault(invite, _Invite(study or 0, box, at)), what, after, at)
    with store.transaction():
        _add_opt_outs(store, shut)
        _add_invites(store, connection_id, invites)
        return _hold_back(store, invites)


def _read(invite: _Invite, what: str, after: str | None, at: int) -> None:
    if what == "reminder":
        invite.reminder = after
        invite.reminded_at = at if after in MAY_HAVE_IT else invite.reminded_at
        return
    invite.state = after
    if after in MAY_HAVE_IT:
        invite.sent_at = invite.sent_at or at
    elif after in ("queued", "failed", "bounced"):
        invite.sent_at = None


def _add_opt_outs(store: Store, shut: dict[tuple[str, str], tuple[int, str, str | None]]) -> None:
    known = {tuple(row) for row in store.rows("SELECT mailbox, kind FROM opt_out")}
    lost = [(*key, *values) for key, values in shut.items() if key not in known]
    store.insert('opt_out (mailbox, kind, at, "by", reason)', lost, "ON CONFLICT DO NOTHING")
    store.execute_many(  # an index knows no more than the mailbox and the kind
        'UPDATE opt_out SET at = ?, "by" = ?, reason = ? WHERE mailbox = ? AND kind = ?'
        ' AND at = 0 AND "by" = ?',
        [(*values, *key, BY) for key, values in shut.items()],
    )


def _add_invites(store: Store, connection_id: int, invites: dict[int, _Invite]) -> None:
    """A lost invite keeps the state that the ledger tells. The participant is not known any more:
    the mailbox decides that they are not invited twice."""
    known = {key for (key,) in store.rows("SELECT id FROM invite")}
    lost = {key: one for key, one in invites.items() if key not in known and one.state}
    runs: dict[int, int] = {}
    for key, one in lost.items():
        if one.study not in runs:
            runs[one.study] = _stand_in_run(store, connection_id, one)
        who = _stand_in_participant(store, connection_id, key)
        # A study has one open invite for a mailbox, so one of two is over.
        store.execute(
            "INSERT INTO invite (id, connection_id, study_id, participant_id, run_id, mailbox,"
            " token, state, queued_at, sent_at, reminder, reminded_at, attempt)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
            (
                *(key, connection_id, one.study, who, runs[one.study], one.mailbox),
                *(f"lost-{secrets.token_hex(8)}", one.state, one.queued_at, one.sent_at),
                *(one.reminder, one.reminded_at),
            ),
        )
    _correct(store, connection_id, invites, invites.keys() - lost.keys())


def _correct(store: Store, connection_id: int, invites: dict[int, _Invite], kept: set[int]) -> None:
    """Fill in what the index did not have that an invite is known from: its mailbox, its state and
    its times."""
    # A study has one open invite for a mailbox, so one of two is over.
    fill_in = (
        "UPDATE OR IGNORE invite SET mailbox = ?, state = coalesce(?, state), queued_at = ?,"
        " sent_at = coalesce(sent_at, ?), reminder = coalesce(reminder, ?),"
        " reminded_at = coalesce(reminded_at, ?) WHERE id = ?"
    )
    for (key,) in store.rows("SELECT id FROM invite WHERE queued_at = 0"):
        if key not in kept:
            continue
        one = invites[key]
        said = (one.mailbox, one.state, one.queued_at, one.sent_at, one.reminder, one.reminded_at)
        if not store.execute(fill_in, (*said, key)):  # several may have the same stand-in
            who = _stand_in_participant(store, connection_id, key)
            store.execute("UPDATE invite SET participant_id = ? WHERE id = ?", (who, key))
            store.execute(fill_in, (*said, key))


def _hold_back(store: Store, invites: dict[int, _Invite]) -> int:
    """Let no damaged state send an invite or a reminder again."""
    waiting = "SELECT id FROM invite WHERE {0} IN ('queued', 'sending')"
    left = [key for (key,) in store.rows(waiting.format("state")) if _left(invites, key, "state")]
    again = [
        key for (key,) in store.rows(waiting.format("reminder")) if _left(invites, key, "reminder")
    ]
    store.execute_many(
        "UPDATE invite SET state = ?, sent_at = ?, attempt = attempt + 1 WHERE id = ?",
        [(invites[key].state, invites[key].sent_at, key) for key in left],
    )
    store.execute_many(
        "UPDATE invite SET reminder = ?, reminded_at = ?, attempt = attempt + 1 WHERE id = ?",
        [(invites[key].reminder, invites[key].reminded_at, key) for key in again],
    )
    return len({*left, *again})


def _left(invites: dict[int, _Invite], key: int, which: str) -> bool:
    return key in invites and getattr(invites[key], which) in MAY_HAVE_IT


def _stand_in_run(store: Store, connection_id: int, one: _Invite) -> int:
    if not store.rows("SELECT 1 FROM study WHERE id = ?", (one.study,)):
        store.execute(
            "INSERT INTO study (id, connection_id, title, purpose, state, link, sender_name,"
            ' sender_address, reply_to, subject, "text", reminder_subject, reminder_text, postal,'
            ' opt_out, created_at, changed_at, "by")'
            " VALUES (?, ?, ?, '', 'closed', '', '', '', '', '', '', '', '', '', '', ?, ?, ?)",
            (
                *(one.study, connection_id, f"Study {one.study}, which could not be read"),
                *(one.queued_at, one.queued_at, BY),
            ),
        )
    store.execute(
        'INSERT INTO run (study_id, kind, way, state, trouble, number, at, "by", go_at, machine)'
        " VALUES (?, 'invite', 'link', 'stopped', 'It could not be read.', 0, ?, ?, 0, '')",
        (one.study, one.queued_at, BY),
    )
    return int(store.row("SELECT max(id) FROM run")[0])


def _stand_in_participant(store: Store, connection_id: int, invite: int) -> int:
    store.execute(
        "INSERT INTO participant (connection_id, stripe_id, metadata, deleted, seq, generation)"
        " VALUES (?, ?, '{}', true, 0, 0) ON CONFLICT DO NOTHING",
        (connection_id, f"{LOST_ID}of_invite_{invite}"),
    )
    return int(
        store.row(
            "SELECT id FROM participant WHERE connection_id = ? AND stripe_id = ?",
            (connection_id, f"{LOST_ID}of_invite_{invite}"),
        )[0]
    )


def _entries(
    store: Store, connection_id: int
) -> Iterator[tuple[str, int | None, int | None, str | None, str | None, int, str, str | None]]:
    last = -1
    while rows := store.rows(
        'SELECT number, what, study, invite, mailbox, after, at, "by", detail FROM ledger'
        " WHERE connection_id = ? AND number > ? ORDER BY number LIMIT ?",
        (connection_id, last, CHUNK),
    ):
        last = rows[-1][0]
        yield from (row[1:] for row in rows)
