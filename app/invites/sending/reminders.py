"""One reminder to participants who have not responded. It belongs to their invite."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from app.db.store import Store
from app.invites import ledger
from app.invites.errors import StudyProblem
from app.invites.ledger import Entry
from app.invites.mail.template import Template
from app.invites.restore_guard import this_machine
from app.invites.sending.outbox import QueuedBatch
from app.invites.sending.runs import seals_of
from app.invites.sending.schedule import AT_ONCE, Schedule
from app.invites.studies import Study, check_active, locked

# The invites of a study that await a reminder.
WHO = (
    "study_id = ? AND state IN ('sent', 'handed_over') AND reminder IS NULL AND address IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM opt_out o WHERE o.mailbox = invite.mailbox)"
    " AND NOT EXISTS (SELECT 1 FROM participant p WHERE p.id = participant_id AND p.deleted)"
)


def waiting(store: Store, study_id: int) -> int:
    """How many participants a reminder would go to. Raises DatabaseProblem."""
    (number,) = store.row(f"SELECT count(*) FROM invite WHERE {WHO}", (study_id,))
    return int(number)


def template_of(study: Study) -> Template:
    """The template of a reminder: its own subject and text. Without a text it repeats that of the
    invite. Without a subject it replies to the invite."""
    return replace(
        study.template,
        subject=study.reminder_subject,
        text=study.reminder_text or study.template.text,
    )


def queue(
    store: Store,
    study_id: int,
    channel: str,
    expected: int,
    by: str,
    *,
    undo: int | None = None,
    schedule: Schedule = AT_ONCE,
    server: str | None = None,
    only: Collection[int] | None = None,
    plan: int | None = None,
) -> QueuedBatch:
    """Queue a reminder to everyone who awaits one, if their number is the expected one.
    ``server``: the only mail server that may send them, or None. ``only``: the row ids of the
    invites that may be reminded, None for all. ``plan``: the row id of the list that a person
    confirmed. Their approval comes first (:func:`app.invites.sending.reminder_list.approve`).
    Raises StudyProblem and DatabaseProblem; then nothing is queued."""
    now = store.now()
    who, given = WHO, list[object]()
    if only is not None:
        who, given = f"{WHO} AND {store.among('id')}", [store.values(sorted(only))]
    with store.transaction():
        study = locked(store, study_id)
        check_active(study)
        (number,) = store.row(f"SELECT count(*) FROM invite WHERE {who}", (study_id, *given))
        if number != expected:
            raise StudyProblem(
                f"A reminder would go to {number:,} participants now, not to {expected:,}. Nothing"
                " was queued. Check it again."
            )
        if not number:
            raise StudyProblem("No one needs a reminder. Everyone has replied or already had one.")
        run = store.insert_one(
            "INSERT INTO run (study_id, plan_id,"
            ' kind, way, server, state, letter, number, at, "by", login, go_at, machine, start_at,'
            " quiet_hours) VALUES (?, ?, 'reminder', ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                study_id,
                plan,
                channel,
                server,
                template_of(study).json(),
                number,
                now,
                by,
                store.login,
                schedule.go_at(channel, now, undo),
                this_machine(),
                *schedule.stored,
            ),
        )
        store.execute(
            "UPDATE invite SET reminder = 'queued', reminder_run_id = ?, not_before = NULL"
            f" WHERE {who}",
            (run, study_id, *given),
        )
        made = store.rows(
            "SELECT id, mailbox FROM invite WHERE reminder_run_id = ? ORDER BY id", (run,)
        )
        if len(made) != number:  # a reply arrived, or an invite was sent, just now
            raise StudyProblem("Replies are arriving. Nothing was queued. Try again.")
        entries = [
            Entry("run", study.id, after="running", detail=f"{number} reminders by {channel}"),
            ledger.seal(study.id, f"reminder {run}", template_of(study).json()),
            *seals_of(store, run),
        ]
        entries += [Entry("reminder", study.id, key, box, None, "queued") for key, box in made]
        ledger.append(store, study.connection_id, by, entries)
    return QueuedBatch(int(run), number, 0)
