"""Sends queued emails from the database, one after another: claim, mark uncertain, settle.

Each step is one transaction that changes the row only if its ``attempt`` is still the claimed one.
To withdraw an invite (an opt-out, a closed study, a person) is to raise the number, and the sender
notices before a server can have the email. So what is ``sending`` was not sent, and what is
``uncertain`` is never sent again automatically.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.db.store import Row, Store
from app.invites import ledger
from app.invites.ending import end_invites
from app.invites.ledger import Entry
from app.invites.rules import DAY
from app.invites.sending.runs import RunView, columns, end_reminders

_NEEDLESS = "opted out, or deleted in Stripe"
MESSAGE_IDS = {"invite": "message_id", "reminder": "reminder_message_id"}  # columns
AT_ONCE = 100  # emails to look through for one that can be sent


@dataclass(frozen=True)
class InviteMail:
    """The invite that a reminder is about. ``message_id``: None if it was no email. ``letter``: its
    template, as it was stored."""

    message_id: str | None
    letter: str


@dataclass(frozen=True)
class Job:
    """An email that only this process may send now. ``about``: the invite of a reminder."""

    invite: int
    kind: str
    connection: int
    study: int
    attempt: int
    mailbox: str
    address: str
    name: str | None
    token: str
    about: InviteMail | None = None


def claim(store: Store, run: RunView, owner: str, by: str, most: int = 1) -> list[Job]:
    """Claim the next emails of a batch for the process ``owner``. An email is withdrawn instead if
    its participant was deleted in Stripe, has no data any more or opted out. So is a reminder to a
    participant who has responded. Raises DatabaseProblem."""
    of_run, state, _ = columns(run.kind)
    now, lock = int(time.time()), " FOR UPDATE OF i" if store.postgres else ""
    needless = (
        "p.deleted OR i.address IS NULL"
        " OR EXISTS (SELECT 1 FROM opt_out o WHERE o.mailbox = i.mailbox)"
    )
    about = ""
    if run.kind == "reminder":
        needless += " OR i.state NOT IN ('sent', 'handed_over')"
        about = (
            ", i.message_id, (SELECT l.letter FROM run r JOIN plan l ON l.id = r.plan_id"
            "  WHERE r.id = i.run_id)"
        )
    entries = list[Entry]()
    jobs = list[Job]()
    with store.transaction():
        if not _sends(store, run.id, now):
            return []
        while not jobs:
            rows = store.rows(
                "SELECT i.id, i.connection_id, i.study_id, i.attempt + 1, i.mailbox, i.address,"
                f" p.name, i.token, {needless}{about}"
                " FROM invite i JOIN participant p ON p.id = i.participant_id"
                f" WHERE i.{of_run} = ? AND i.{state} = 'queued'"
                f" AND coalesce(i.not_before, 0) <= ? ORDER BY i.id LIMIT ?{lock}",
                (run.id, now, max(most, AT_ONCE if entries else 1)),
            )
            if not rows:
                break
            entries += _withdraw(store, run.kind, [row[0] for row in rows if row[8]])
            some = [row for row in rows if not row[8]][:most]
            jobs = [_job(run.kind, row) for row in some]
        store.execute_many(
            f"UPDATE invite SET {state} = 'sending', attempt = ?, owner = ? WHERE id = ?",
            [(job.attempt, owner, job.invite) for job in jobs],
        )
        entries += [_entry(job, "queued", "sending") for job in jobs]
        if entries:
            (here,) = store.row("SELECT connection_id FROM study WHERE id = ?", (run.study_id,))
            ledger.append(store, here, by, entries)
    return jobs


def _job(kind: str, row: Row) -> Job:
    invite, connection, study, attempt, mailbox, address, name, token, _, *of_invite = row
    about = InviteMail(*of_invite) if of_invite else None
    return Job(invite, kind, connection, study, attempt, mailbox, address, name, token, about)


def _sends(store: Store, run_id: int, now: int) -> bool:
    """Whether the batch may send now, which holds until the transaction ends. Everyone locks in
    this order: the study, the batch, invites, the ledger."""
    lock = " FOR SHARE" if store.postgres else ""
    study = store.rows(
        f"SELECT state FROM study WHERE id = (SELECT study_id FROM run WHERE id = ?){lock}",
        (run_id,),
    )
    run = store.rows(f"SELECT state, go_at FROM run WHERE id = ?{lock}", (run_id,))
    return bool(
        study and run and study[0][0] == "active" and run[0][0] == "running" and run[0][1] <= now
    )


def _withdraw(store: Store, kind: str, invites: Sequence[int]) -> list[Entry]:
    which = (f"{store.among('id')}", (store.values(invites),))
    if kind == "reminder":
        return end_reminders(store, *which)
    return end_invites(store, *which, {"queued": "withdrawn"}, _NEEDLESS)


def hand_over(store: Store, run: RunView, job: Job, by: str, message_id: str) -> bool:
    """Record that a server may have an email, before it can. False if it must not be sent any more.
    Raises DatabaseProblem, and then it must not be sent either."""
    _, state, since = columns(job.kind)
    column = MESSAGE_IDS[job.kind]
    with store.transaction():
        may = _sends(store, run.id, int(time.time()))
        moved = may and store.execute(
            f"UPDATE invite SET {state} = 'uncertain', {since} = ?, {column} = ?"
            f" WHERE id = ? AND attempt = ? AND {state} = 'sending'",
            (int(time.time()), message_id, job.invite, job.attempt),
        )
        if moved:
            ledger.append(store, job.connection, by, [_entry(job, "sending", "uncertain")])
    return bool(moved)


def settle(
    store: Store,
    jobs: Sequence[Job],
    by: str,
    before: str,
    after: str,
    answer: str | None = None,
    *,
    wait: int | None = None,
    expire_days: int | None = None,
    message_ids: Mapping[int, str] | None = None,
) -> int:
    """Move jobs from one state to another. Returns how many moved: a job that was withdrawn in
    between stays as it is. ``wait``: seconds until the next try. ``expire_days``: how many days a
    participant has to reply. ``message_ids``: those of emails that no server was offered, by
    invite. Raises DatabaseProblem."""
    _, state, since = columns(jobs[0].kind)
    now = int(time.time())
    values: dict[str, object] = {state: after, "answer": answer}
    if after == "queued":
        values |= {since: None, "owner": None, "not_before": now + wait if wait else None}
    elif after in ("sent", "handed_over"):
        if before == "sending":
            values[since] = now
        if state == "state" and expire_days is not None:
            values["expires_at"] = now + expire_days * DAY
    else:  # failed or bounced: no one got it, so it counts for no rule
        values[since] = None
        if state == "state":
            values["ended_at"] = now
    sets = ", ".join(f"{name} = ?" for name in values)
    entries = []
    with store.transaction():
        for job in jobs:
            if store.execute(
                f"UPDATE invite SET {sets} WHERE id = ? AND attempt = ? AND {state} = ?",
                (*values.values(), job.invite, job.attempt, before),
            ):
                entries.append(_entry(job, before, after, answer))
        store.execute_many(
            f"UPDATE invite SET {MESSAGE_IDS[jobs[0].kind]} = ? WHERE id = ?",
            [(text, invite) for invite, text in (message_ids or {}).items()],
        )
        if entries:
            ledger.append(store, jobs[0].connection, by, entries)
    return len(entries)


def recover(store: Store, connection_id: int, by: str) -> int:
    """Queue again what a sender was sending when it ended. None of it was sent. Only the holder of
    the send lock may call this. Raises DatabaseProblem."""
    entries = []
    with store.transaction():
        for kind in ("invite", "reminder"):
            _, state, since = columns(kind)
            found = store.rows(
                "SELECT id, study_id, mailbox FROM invite WHERE connection_id = ?"
                f" AND {state} = 'sending' ORDER BY id",
                (connection_id,),
            )
            store.execute_many(
                f"UPDATE invite SET {state} = 'queued', {since} = NULL, owner = NULL,"
                " attempt = attempt + 1 WHERE id = ?",
                [(row[0],) for row in found],
            )
            entries += [
                Entry(kind, study, invite, mailbox, "sending", "queued", "its sender stopped")
                for invite, study, mailbox in found
            ]
        if entries:
            ledger.append(store, connection_id, by, entries)
    return len(entries)


def withdraw_idle(store: Store, run: RunView, by: str) -> int:
    """Withdraw what is queued in a batch whose study no longer sends. Returns how many."""
    with store.transaction():
        (here,) = store.row("SELECT connection_id FROM study WHERE id = ?", (run.study_id,))
        if run.kind == "reminder":
            ended = end_reminders(store, "reminder_run_id = ?", (run.id,))
        else:
            which = ("run_id = ?", (run.id,))
            ended = end_invites(store, *which, {"queued": "withdrawn"}, "the study no longer sends")
        if ended:
            ledger.append(store, here, by, ended)
    return len(ended)


def _entry(job: Job, before: str, after: str, detail: str | None = None) -> Entry:
    return Entry(job.kind, job.study, job.invite, job.mailbox, before, after, detail)
