"""A reminder as a person sees it before they confirm it: who gets it, its mail and its delivery.

As with the plan of invites (:mod:`app.invites.plan.drift`), who fell out of the list since is
dropped and named. Whoever would be added, another mail or another delivery asks again. By command
the list is stored, among the plans, and named by its hash.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from hashlib import sha256
from string import hexdigits

from app.db.store import Store
from app.db.stored_json import stored_json
from app.invites import ledger
from app.invites.delivery import Delivery
from app.invites.errors import StudyProblem
from app.invites.ledger import Entry
from app.invites.mail.template import Template, from_json
from app.invites.plan import frozen
from app.invites.plan.changed_terms import ARROW, changed_fields
from app.invites.plan.drift_words import PLUS, NamedChange
from app.invites.plan.frozen import FEWEST, SHORT, UnknownPlan
from app.invites.plan.outcomes import Outcome
from app.invites.sending import reminders
from app.invites.sending.outbox import QueuedBatch
from app.invites.sending.schedule import AT_ONCE, Schedule
from app.invites.states import RESPONDED, state_words
from app.invites.studies import Study, check_active, get, locked
from app.panel.lists.selection import CHUNK
from app.text import plain

MARK = "reminder "  # before the stored hash, so that no plan of invites is named by it


class ReminderChanged(StudyProblem):
    """The reminder differs from the one that was confirmed."""


@dataclass(frozen=True)
class ReminderList:
    """``invites``: by the row ids of their participants. ``key``: the row id of the stored list, or
    None. ``sent``: a batch uses it already."""

    study_id: int
    template: Template
    delivery: Delivery
    invites: dict[int, int]
    hash: str
    key: int | None = None
    sent: bool = False

    @property
    def short(self) -> str:
        """The short form of the hash, for a person."""
        return self.hash[:SHORT]


@dataclass(frozen=True)
class ReminderDrift:
    """A list compared with the current data. ``now``: the list that would be made now. ``terms``:
    what changed beside the people, for a person. ``added`` and ``dropped``: row ids of invites."""

    now: ReminderList
    terms: tuple[str, ...]
    added: tuple[int, ...]
    dropped: tuple[int, ...]


@dataclass(frozen=True)
class QueuedReminder:
    """The reminder was queued, without those who fell out."""

    batch: QueuedBatch
    drift: ReminderDrift


def current(store: Store, study: Study, delivery: Delivery) -> ReminderList:
    """The list that would be made now. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT participant_id, id, token FROM invite"
        f" WHERE {reminders.WHO} ORDER BY participant_id",
        (study.id,),
    )
    written = reminders.template_of(study)
    # A token is the invite's own, in any database.
    content = [study.id, written.json(), asdict(delivery), sorted(token for _, _, token in rows)]
    found = sha256(json.dumps(content).encode()).hexdigest()
    return ReminderList(study.id, written, delivery, {row[0]: row[1] for row in rows}, found)


def keep(store: Store, shown: ReminderList, by: str) -> None:
    """Store a list, so that it can be named. Raises StudyProblem and DatabaseProblem."""
    with store.transaction():
        study = get(store, shown.study_id)
        frozen.drop_old(store, study.id)
        key = store.insert_one(
            'INSERT INTO plan (study_id, at, "by", options, letter, hash)'
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(study.id, store.now(), by),
                json.dumps({"reminder": True, "delivery": asdict(shown.delivery)}),
                shown.template.json(),
                MARK + shown.hash,
            ),
        )
        rows = [
            (key, participant, Outcome.INVITE, invite, None)
            for participant, invite in shown.invites.items()
        ]
        for start in range(0, len(rows), CHUNK):
            store.insert(
                "planned (plan_id, participant_id, outcome, detail, mailbox)",
                rows[start : start + CHUNK],
            )
        entry = Entry("plan", study.id, after="locked", detail=MARK + shown.hash)
        ledger.append(store, study.connection_id, by, [entry, frozen.seal_of(store, key)])


def named(store: Store, connection_id: int, digits: str) -> ReminderList:
    """The newest stored list whose hash begins with these digits. Raises UnknownPlan."""
    wanted = digits.strip().lower()
    if len(wanted) < FEWEST or not set(wanted) <= set(hexdigits):
        raise UnknownPlan(
            f"{plain(digits, 80)!r} is not the hash of a reminder. Give at least {FEWEST} of its"
            " digits as they were printed."
        )
    begins = MARK + wanted
    rows = store.rows(
        "SELECT p.id, p.study_id, p.options, p.letter, p.hash,"
        " EXISTS (SELECT 1 FROM run r WHERE r.plan_id = p.id)"
        " FROM plan p JOIN study s ON s.id = p.study_id"
        " WHERE s.connection_id = ? AND substr(p.hash, 1, ?) = ? ORDER BY p.id DESC",
        (connection_id, len(begins), begins),
    )
    if not rows:
        raise UnknownPlan(
            f"No reminder has the hash {wanted}. An unsent reminder is kept for a day. Make"
            " a new reminder."
        )
    if len({row[4] for row in rows}) > 1:
        raise UnknownPlan(
            f"Several reminders have a hash that begins with {wanted}. Give more digits."
        )
    key, study, options, letter, found, sent = rows[0]
    invites = {row[0]: row[2] for some in frozen.planned(store, key) for row in some}
    delivery = Delivery(**stored_json(options)["delivery"])
    digest = found.removeprefix(MARK)
    return ReminderList(study, from_json(letter), delivery, invites, digest, key, bool(sent))


def difference(store: Store, shown: ReminderList, delivery: Delivery) -> ReminderDrift:
    """Compare a list with the current data. ``delivery``: how the reminder would leave now. Raises
    StudyProblem and DatabaseProblem."""
    now = current(store, get(store, shown.study_id), delivery)
    terms = changed_fields(shown.template, now.template)
    if delivery != shown.delivery:
        terms.append(f"the channel of the reminders: {shown.delivery.words}{ARROW}{delivery.words}")
    before, after = set(shown.invites.values()), set(now.invites.values())
    return ReminderDrift(
        now, tuple(terms), tuple(sorted(after - before)), tuple(sorted(before - after))
    )


def approve(
    store: Store,
    shown: ReminderList,
    delivery: Delivery,
    by: str,
    *,
    only_planned: bool = False,
    undo: int | None = None,
    schedule: Schedule = AT_ONCE,
) -> QueuedReminder | ReminderDrift:
    """Queue a reminder that a person confirmed, without those who fell out since. Returns only the
    drift if they must be asked again: then nothing is queued. ``delivery``: how it leaves now.
    ``only_planned``: they were told that others could be reminded, too, and chose the list that
    they saw. Raises StudyProblem if nothing can be sent, and DatabaseProblem."""
    if shown.sent:
        raise StudyProblem(
            "This reminder was already sent. Nothing was sent again. Make a new reminder"
            " for the others."
        )
    with store.transaction():
        check_active(locked(store, shown.study_id))
        drift = difference(store, shown, delivery)
        if drift.terms or (drift.added and not only_planned):
            return drift
        left = set(shown.invites.values()) - set(drift.dropped)
        if shown.invites and not left:
            raise StudyProblem("No one in this reminder can still be reminded. Nothing was sent.")
        batch = reminders.queue(
            store,
            shown.study_id,
            delivery.channel,
            len(left),
            by,
            undo=undo,
            schedule=schedule,
            server=delivery.server,
            only=left,
            plan=shown.key,
        )
    return QueuedReminder(batch, drift)


def named_changes(store: Store, invites: Collection[int], sign: str) -> list[NamedChange]:
    """Who was added to a list (``sign`` is PLUS) or fell out of it, by name, for the row ids of
    their invites. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT p.stripe_id, p.name, p.email, i.state, i.reminder, p.deleted, i.address IS NULL,"
        " EXISTS (SELECT 1 FROM opt_out o WHERE o.mailbox = i.mailbox)"
        " FROM invite i JOIN participant p ON p.id = i.participant_id"
        f" WHERE {store.among('i.id')} ORDER BY i.id",
        (store.values(sorted(invites)),),
    )
    return [
        NamedChange(sign, stripe_id, name, email, "" if sign == PLUS else _why(*why))
        for stripe_id, name, email, *why in rows
    ]


def _why(state: str, reminder: str | None, deleted: bool, gone: bool, out: bool) -> str:
    if state in RESPONDED:
        return f"{state_words(state)} since"
    if out or gone:
        return "do not contact"
    if deleted:
        return "no longer a participant"
    if reminder is not None:
        return "has a reminder"
    return state_words(state)
