"""Turns a locked plan into invites: once, all or nothing, before any is sent."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from secrets import token_urlsafe

from app.db.schema import APPLICATION_ID
from app.db.store import Row, Store
from app.invites import ledger
from app.invites.errors import StudyProblem
from app.invites.ledger import Entry
from app.invites.mail.addresses import hasher, written
from app.invites.plan.contact_history import CONTACTS
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.outcomes import Outcome
from app.invites.restore_guard import this_machine
from app.invites.rules import DAY
from app.invites.sending.runs import seal_of
from app.invites.sending.schedule import AT_ONCE, Schedule
from app.invites.studies import locked

CHUNK = 1_000
LOCK = 4  # on PostgreSQL, next to those of app.db.lock

_COLUMNS = (
    "connection_id, study_id, participant_id, run_id, mailbox, address, token, state, queued_at"
)


@dataclass(frozen=True)
class QueuedBatch:
    """``run``: the batch's row id. ``number``: of queued invites. ``left_out``: how many in the
    plan have opted out, been invited or changed their address since. ``dropped``: their row
    ids."""

    run: int
    number: int
    left_out: int
    dropped: tuple[int, ...] = ()


def queue(
    store: Store,
    plan: LockedPlan,
    channel: str,
    by: str,
    *,
    undo: int | None = None,
    schedule: Schedule = AT_ONCE,
    server: str | None = None,
    without: Collection[int] = (),
) -> QueuedBatch:
    """Queue the invites of a plan, and only those. ``undo``: seconds in which none of them is sent;
    None uses the channel's default. ``server``: the only mail server that may send them, or None.
    ``without``: the row ids of members who fell out. A person's approval comes first
    (:func:`app.invites.sending.approval.approve`). Raises StudyProblem if the study is not active
    or the plan was queued already, and DatabaseProblem; then nothing is queued."""
    now = int(time.time())
    hashes = hasher(store)
    with store.transaction():
        _one_at_a_time(store)
        study = locked(store, plan.study_id)
        if study.state != "active":
            raise StudyProblem(
                f"The study is {study.state}. Nothing was sent. Only an active study sends."
            )
        if store.rows("SELECT 1 FROM run WHERE plan_id = ?", (plan.id,)):
            raise StudyProblem(
                "This plan was already sent. Nothing was sent again. Make a new plan for the"
                " others."
            )
        values = (now, by, schedule.go_at(channel, now, undo), this_machine())
        run = _new_run(store, plan, channel, server, (*values, *schedule.stored))
        planned, out_before = set[int](), frozenset(without)
        here = (study.connection_id, study.id)
        for rows in _planned(store, plan, now):
            planned.update(row[0] for row in rows)
            invites = [
                (*here, participant, run, mailbox, address, token_urlsafe(16), "queued", now)
                for participant, mailbox, email, deleted, out in rows
                if not (deleted or out or participant in out_before)
                and isinstance(address := written(email or ""), str)
                and hashes.stored(address.lower()) == mailbox
            ]
            # The schema prevents a second invite if another process queued one in between.
            store.insert(f"invite ({_COLUMNS})", invites, "ON CONFLICT DO NOTHING")
        made = store.rows(
            "SELECT id, mailbox, participant_id FROM invite WHERE run_id = ? ORDER BY id", (run,)
        )
        store.execute("UPDATE run SET number = ? WHERE id = ?", (len(made), run))
        ledger.append(
            store,
            study.connection_id,
            by,
            [
                Entry(
                    "run",
                    study.id,
                    after="running",
                    detail=f"{len(made)} by {channel}{f' {server}' if server else ''}, {plan.hash}",
                ),
                *(Entry("invite", study.id, key, box, None, "queued") for key, box, _ in made),
                seal_of(store, run),
            ],
        )
    dropped = sorted(planned - {participant for _, _, participant in made})
    return QueuedBatch(run, len(made), len(dropped), tuple(dropped))


def _new_run(
    store: Store, plan: LockedPlan, channel: str, server: str | None, values: Sequence[object]
) -> int:
    """The row id of a run without invites. ``values``: its last columns."""
    store.execute(
        "INSERT INTO run (study_id, plan_id, kind, way, server, state, number, login,"
        ' at, "by", go_at, machine, start_at, quiet_hours)'
        " VALUES (?, ?, 'invite', ?, ?, 'running', 0, ?, ?, ?, ?, ?, ?, ?)",
        (plan.study_id, plan.id, channel, server, store.login, *values),
    )
    (run,) = store.row("SELECT id FROM run WHERE plan_id = ?", (plan.id,))
    return int(run)


def _one_at_a_time(store: Store) -> None:
    """Let only one study queue invites at a time, so that each sees the invites of the others."""
    if store.postgres:
        store.row("SELECT pg_advisory_xact_lock(?, ?)", (APPLICATION_ID, LOCK))


def _planned(store: Store, plan: LockedPlan, now: int) -> Iterator[list[Row]]:
    """(participant, mailbox, email, deleted, leave out) of the planned invitees, a chunk at a time.
    Leave out marks opt-outs since then, and mailboxes that must now wait by the plan's rules: a
    plan of another study may have been made at the same time."""
    last = 0
    limits = list(plan.rules.limits(plan.options.overrides))
    waits = "".join(
        f" OR (SELECT count(*) FROM invite i WHERE i.mailbox = w.mailbox"
        f" AND {CONTACTS[rule]} >= ?) >= ?"
        for rule, _, _ in limits
    )
    given = [value for _, n, days in limits for value in (now - days * DAY, n)]
    while rows := store.rows(
        "SELECT w.participant_id, w.mailbox, p.email, p.deleted,"
        f" EXISTS (SELECT 1 FROM opt_out o WHERE o.mailbox = w.mailbox){waits}"
        " FROM planned w JOIN participant p ON p.id = w.participant_id"
        " WHERE w.plan_id = ? AND w.participant_id > ? AND w.outcome = ?"
        " ORDER BY w.participant_id LIMIT ?",
        (*given, plan.id, last, Outcome.INVITE, CHUNK),
    ):
        yield rows
        last = rows[-1][0]
