"""Sends queued emails from the database, one after another: claim, mark uncertain, settle.

Each step is one transaction that changes the row only if its ``attempt`` is still the claimed one.
To withdraw an invite (an opt-out, a closed study, a person) is to raise the number, and the sender
notices before a server can have the email. So what is ``sending`` was not sent, and what is
``uncertain`` is never sent again automatically.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.db.store import Row, Store
from app.invites import ledger
from app.invites.ending import end_invites
from app.invites.ledger import Entry
from app.invites.rules import DAY, Rules
from app.invites.sending.runs import RunView, columns, end_reminders
from app.invites.studies import get

_NEEDLESS = "opted out, or no longer a participant"
_TOO_SOON = "contacted recently, or too often"
NO_RULES = Rules(cool_down_days=None, cap=None, cap_days=None)
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


def claim(
    store: Store,
    run: RunView,
    owner: str,
    by: str,
    most: int = 1,
    *,
    now: int | None = None,
    overrides: Collection[str] = (),
) -> list[Job]:
    """Claim the next emails of a batch for the process ``owner``. An email is withdrawn instead if
    its participant was deleted in Stripe, has no data any more or opted out. So is an invite that
    the study's rules forbid by now, except for the rules in ``overrides``, and a reminder to a
    participant who has responded. Raises DatabaseProblem."""
    of_run, state, _ = columns(run.kind)
    now = store.now() if now is None else now
    lock = " FOR UPDATE OF i" if store.postgres else ""
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
        if not _sends(store, run, now):
            return []
        too_soon, given = _rules(store, run, now, overrides)
        while not jobs:
            rows = store.rows(
                "SELECT i.id, i.connection_id, i.study_id, i.attempt + 1, i.mailbox, i.address,"
                f" p.name, i.token, {needless}, {too_soon}{about}"
                " FROM invite i JOIN participant p ON p.id = i.participant_id"
                f" WHERE i.{of_run} = ? AND i.{state} = 'queued'"
                f" AND coalesce(i.not_before, 0) <= ? ORDER BY i.id LIMIT ?{lock}",
                (*given, run.id, now, max(most, AT_ONCE if entries else 1)),
            )
            if not rows:
                break
            entries += _withdraw(store, run.kind, [row[0] for row in rows if row[8]], _NEEDLESS)
            soon = [row[0] for row in rows if row[9] and not row[8]]
            entries += _withdraw(store, run.kind, soon, _TOO_SOON)
            some = [row for row in rows if not (row[8] or row[9])][:most]
            jobs = [_job(run.kind, row) for row in some]
        store.execute_many(
            f"UPDATE invite SET {state} = 'sending', attempt = ?, owner = ? WHERE id = ?",
            [(job.attempt, owner, job.invite) for job in jobs],
        )
        entries += [_entry(job, "queued", "sending") for job in jobs]
        if entries:
            ledger.append(store, run.connection_id, by, entries)
    return jobs


def _job(kind: str, row: Row) -> Job:
    invite, connection, study, attempt, mailbox, address, name, token, *_ = row
    about = InviteMail(*row[10:]) if kind == "reminder" else None
    return Job(invite, kind, connection, study, attempt, mailbox, address, name, token, about)


def _sends(store: Store, run: RunView, now: int) -> bool:
    """Whether the batch may send now, and from here, which holds until the transaction ends.
    Everyone locks in this order: the study, the batch, invites, the ledger."""
    lock = " FOR SHARE" if store.postgres else ""
    study = store.rows(f"SELECT state FROM study WHERE id = ?{lock}", (run.study_id,))
    rows = store.rows(
        f"SELECT state, machine, server, go_at FROM run WHERE id = ?{lock}", (run.id,)
    )
    if not study or not rows or study[0][0] != "active":
        return False
    *how, go_at = rows[0]
    return how == ["running", run.machine, run.server] and go_at <= now


def _rules(
    store: Store, run: RunView, now: int, overrides: Collection[str]
) -> tuple[str, list[object]]:
    """SQL: whether the study's rules forbid an invite ``i`` now, because of other emails that the
    mailbox may have got. Rules are about invites, not about reminders."""
    parts, given = ["false"], list[object]()
    rules = get(store, run.study_id).rules if run.kind == "invite" else NO_RULES
    for rule, number, days in rules.limits(tuple(overrides)):
        at = "coalesce(c.reminded_at, c.sent_at)" if rule == "cool_down" else "c.sent_at"
        parts.append(
            "(SELECT count(*) FROM invite c WHERE c.mailbox = i.mailbox AND c.id <> i.id"
            f" AND {at} >= ?) >= ?"
        )
        given += [now - days * DAY, number]
    return f"({' OR '.join(parts)})", given


def _withdraw(store: Store, kind: str, invites: Sequence[int], reason: str) -> list[Entry]:
    if not invites:
        return []
    which = (f"{store.among('id')}", (store.values(invites),))
    if kind == "reminder":
        return end_reminders(store, *which)
    return end_invites(store, *which, {"queued": "withdrawn"}, reason)


def hand_over(
    store: Store, run: RunView, job: Job, by: str, message_id: str, *, now: int | None = None
) -> bool:
    """Record that a server may have an email, before it can. False if it must not be sent any more.
    Raises DatabaseProblem, and then it must not be sent either."""
    now = store.now() if now is None else now
    _, state, since = columns(job.kind)
    column = MESSAGE_IDS[job.kind]
    with store.transaction():
        may = _sends(store, run, now)
        moved = may and store.execute(
            f"UPDATE invite SET {state} = 'uncertain', {since} = ?, {column} = ?"
            f" WHERE id = ? AND attempt = ? AND {state} = 'sending'",
            (now, message_id, job.invite, job.attempt),
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
    now: int | None = None,
) -> int:
    """Move jobs from one state to another. Returns how many moved: a job that was withdrawn in
    between stays as it is. ``wait``: seconds until the next try. ``expire_days``: how many days a
    participant has to reply. ``message_ids``: those of emails that no server was offered, by
    invite. Raises DatabaseProblem, and ValueError for a channel that sends without having recorded
    that it does."""
    if after == "sent" and before != "uncertain":
        raise ValueError("an email is recorded as uncertain before a server can have it")
    _, state, since = columns(jobs[0].kind)
    now = store.now() if now is None else now
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


def recover(store: Store, batches: Sequence[RunView], by: str) -> int:
    """Queue again what a sender of these batches was sending when it ended. None of it was sent.
    Only the holder of their send lock may call this. Raises DatabaseProblem."""
    number = 0
    with store.transaction():
        for batch in batches:
            of_run, state, since = columns(batch.kind)
            found = store.rows(
                f"SELECT id, mailbox FROM invite WHERE {of_run} = ? AND {state} = 'sending'"
                " ORDER BY id",
                (batch.id,),
            )
            store.execute_many(
                f"UPDATE invite SET {state} = 'queued', {since} = NULL, owner = NULL,"
                " attempt = attempt + 1 WHERE id = ?",
                [(row[0],) for row in found],
            )
            entries = [
                Entry(
                    *(batch.kind, batch.study_id, invite, mailbox),
                    *("sending", "queued", "its sender stopped"),
                )
                for invite, mailbox in found
            ]
            if entries:
                ledger.append(store, batch.connection_id, by, entries)
            number += len(entries)
    return number


def withdraw_idle(store: Store, run: RunView, by: str) -> int:
    """Withdraw what is queued in a batch whose study no longer sends. Returns how many."""
    with store.transaction():
        if run.kind == "reminder":
            ended = end_reminders(store, "reminder_run_id = ?", (run.id,))
        else:
            which = ("run_id = ?", (run.id,))
            ended = end_invites(store, *which, {"queued": "withdrawn"}, "the study no longer sends")
        if ended:
            ledger.append(store, run.connection_id, by, ended)
    return len(ended)


def _entry(job: Job, before: str, after: str, detail: str | None = None) -> Entry:
    return Entry(job.kind, job.study, job.invite, job.mailbox, before, after, detail)
