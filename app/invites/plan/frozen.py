"""A locked plan: either exactly what was shown is sent, or the person is asked again.

The hash covers the template, the options, the rules, how the invites leave, and a line for each
member: Stripe's id, the outcome with its detail and, for invitees, the mailbox. So the same plan
has the same hash on any machine, in whatever order its database got the participants. A person
confirms a plan by its hash, of which the first digits are enough.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from string import hexdigits

from app.db.store import Row, Store
from app.db.stored_json import stored_json
from app.invites import ledger
from app.invites.delivery import Delivery
from app.invites.errors import StudyProblem
from app.invites.ledger import Entry
from app.invites.mail import template
from app.invites.mail.addresses import AddressFault, hasher, read
from app.invites.mail.template import Template
from app.invites.plan import options
from app.invites.plan.members import Checkpoint, Members, people, stripe_ids
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from app.invites.plan.plan import Plan
from app.invites.rules import Rules
from app.invites.studies import get
from app.panel.lists.order import Ids
from app.panel.lists.selection import CHUNK
from app.problems import UnknownName
from app.text import plain

KEPT = 86_400  # seconds that an unsent plan is kept
SHORT = 12  # digits of a hash that are shown
FEWEST = 6  # digits that a person may give
_ALL = 2**256


@dataclass(frozen=True)
class LockedPlan:
    """A stored plan. ``delivery``: how its invites leave, None if it was not shown with that.
    ``follows_study``: its segments were the study's. ``sent``: a batch uses it already, so it
    cannot be sent again."""

    id: int
    study_id: int
    at: int
    by: str
    hash: str
    options: Options
    rules: Rules
    template: Template
    delivery: Delivery | None
    follows_study: bool
    sent: bool

    @property
    def short(self) -> str:
        """The short form of the hash, for a person."""
        return self.hash[:SHORT]


class UnknownPlan(StudyProblem, UnknownName):
    """No stored plan has this hash, or several have. The text says what to do."""


def freeze(
    store: Store,
    plan: Plan,
    by: str,
    delivery: Delivery | None = None,
    checkpoint: Checkpoint = lambda: None,
) -> LockedPlan:
    """Store a plan, and delete the study's unsent plans that are older than a day. Raises
    StudyProblem if the study was deleted, and DatabaseProblem."""
    found, members = plan_hash(store, plan, delivery, checkpoint), plan.members
    with store.transaction():
        study = get(store, plan.study_id)
        drop_old(store, plan.study_id)
        key = store.insert_one(
            'INSERT INTO plan (study_id, at, "by", options, letter, hash)'
            " VALUES (?, ?, ?, ?, ?, ?)",
            (plan.study_id, plan.now, by, _terms(plan, delivery), plan.template.json(), found),
        )
        digest = sha256()
        for start in range(0, len(plan), CHUNK):
            checkpoint()
            rows = [
                (members.ids[at], members.outcomes[at], members.details[at], to)
                for at, to in _mailboxes(members, start)
            ]
            store.insert(
                "planned (plan_id, participant_id, outcome, detail, mailbox)",
                [(key, *row) for row in rows],
            )
            digest.update(_lines(rows))
        entry = Entry("plan", plan.study_id, after="locked", detail=found)
        seal = _seal(store, key, digest.hexdigest())  # of what was stored, without reading it again
        ledger.append(store, study.connection_id, by, [entry, seal])
    return frozen(store, key)


def drop_old(store: Store, study_id: int) -> None:
    """Delete the study's unsent plans that are older than a day. Raises DatabaseProblem."""
    store.execute(
        "DELETE FROM plan WHERE study_id = ? AND at < ?"
        " AND NOT EXISTS (SELECT 1 FROM run WHERE run.plan_id = plan.id)",
        (study_id, store.now() - KEPT),
    )


def seal_of(store: Store, plan_id: int) -> Entry:
    """The entry of the ledger that shows whether a stored plan was changed."""
    digest = sha256()
    for rows in planned(store, plan_id):
        digest.update(_lines(rows))
    return _seal(store, plan_id, digest.hexdigest())


def _seal(store: Store, plan_id: int, digest: str) -> Entry:
    """``digest``: of its rows, as :func:`planned` reads them."""
    study, *stored = store.row(
        "SELECT study_id, options, letter, hash FROM plan WHERE id = ?", (plan_id,)
    )
    return ledger.seal(study, f"plan {plan_id}", [*stored, digest])


def _lines(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(list(row)) for row in rows).encode()


def _mailboxes(members: Members, start: int) -> Iterator[tuple[int, str | None]]:
    for place in range(start, min(start + CHUNK, len(members.ids))):
        invited = members.outcomes[place] == Outcome.INVITE
        yield place, members.mailbox(place).hex() if invited else None


def _terms(plan: Plan, delivery: Delivery | None) -> str:
    terms = {
        **json.loads(plan.options.json()),
        "rules": asdict(plan.rules),
        "delivery": asdict(delivery) if delivery else None,
        "follows_study": plan.follows_study,
    }
    return json.dumps(terms, ensure_ascii=False, sort_keys=True)


def plan_hash(
    store: Store,
    plan: Plan,
    delivery: Delivery | None = None,
    checkpoint: Checkpoint = lambda: None,
) -> str:
    """The hash of a plan, in hex."""
    members, total, number = plan.members, 0, 0
    same = {members.details[at] for at in _at(members, Outcome.SAME_MAILBOX)}
    names, hashes = stripe_ids(store, list(same)), hasher(store)
    for start in range(0, len(plan), CHUNK):
        checkpoint()
        some = members.ids[start : start + CHUNK]
        for key, stripe_id, email, _, _ in people(store, plan.connection_id, some):
            place = members.place(key)
            assert place is not None
            outcome, detail = Outcome(members.outcomes[place]), members.details[place]
            said = names[detail] if outcome is Outcome.SAME_MAILBOX else str(detail)
            to = read(email) if email and outcome is Outcome.INVITE else ""
            if to != "" and (
                isinstance(to, AddressFault) or hashes.digest(to) != members.mailbox(place)
            ):
                raise StudyProblem(
                    "An address changed while the plan was made. Nothing was sent. Make a new plan."
                )
            line = json.dumps([stripe_id, outcome.key, said, to])
            total += int.from_bytes(sha256(line.encode()).digest())
            number += 1
    whole = json.dumps([_terms(plan, delivery), plan.template.json(), number, total % _ALL])
    return sha256(whole.encode()).hexdigest()


def _at(members: Members, outcome: Outcome) -> Iterator[int]:
    return (place for place, one in enumerate(members.outcomes) if one == outcome)


def frozen(store: Store, plan_id: int) -> LockedPlan:
    """A stored plan. Raises StudyProblem if it was deleted."""
    rows = store.rows(
        'SELECT id, study_id, at, "by", hash, options, letter,'
        " EXISTS (SELECT 1 FROM run WHERE run.plan_id = plan.id) FROM plan WHERE id = ?",
        (plan_id,),
    )
    if not rows:
        raise StudyProblem("The plan no longer exists. Nothing was sent. Make a new plan.")
    key, study, at, by, found, terms, written, sent = rows[0]
    values = stored_json(terms)
    rules = Rules(**values.pop("rules"))
    delivery = values.pop("delivery", None)
    follows = values.pop("follows_study", False)
    chosen = options.from_json(json.dumps(values))
    wrote = template.from_json(written)
    leaves = Delivery(**delivery) if delivery else None
    return LockedPlan(key, study, at, by, found, chosen, rules, wrote, leaves, follows, bool(sent))


def named(store: Store, connection_id: int, digits: str) -> LockedPlan:
    """The newest plan whose hash begins with these digits, of any study of the account. Raises
    UnknownPlan."""
    wanted = digits.strip().lower()
    if len(wanted) < FEWEST or not set(wanted) <= set(hexdigits):
        raise UnknownPlan(
            f"{plain(digits, 80)!r} is not the hash of a plan. Give at least {FEWEST} of its digits"
            " as they were printed."
        )
    found = store.rows(
        "SELECT max(p.id), p.hash FROM plan p JOIN study s ON s.id = p.study_id"
        " WHERE s.connection_id = ? AND substr(p.hash, 1, ?) = ? GROUP BY p.hash LIMIT 2",
        (connection_id, len(wanted), wanted),
    )
    if not found:
        raise UnknownPlan(
            f"No plan has the hash {wanted}. An unsent plan is kept for a day. Make a new plan."
        )
    if len(found) > 1:
        raise UnknownPlan(f"Several plans have a hash that begins with {wanted}. Give more digits.")
    return frozen(store, found[0][0])


def counts(store: Store, plan_id: int) -> dict[Outcome, int]:
    """How many members have each outcome in a locked plan."""
    found: dict[int, int] = dict(
        store.rows(
            "SELECT outcome, count(*) FROM planned WHERE plan_id = ? GROUP BY outcome", (plan_id,)
        )
    )
    return {one: found.get(one, 0) for one in Outcome}


def ids(store: Store, plan_id: int, outcome: Outcome) -> Ids:
    """Row ids of the members with an outcome in a locked plan, ascending."""
    found = array("q")
    for rows in planned(store, plan_id):
        found.extend(row[0] for row in rows if row[1] == outcome)
    return found


def planned(store: Store, plan_id: int) -> Iterator[Sequence[Row]]:
    """(participant, outcome, detail, mailbox) by ascending participant, a chunk at a time."""
    last = 0
    while rows := store.rows(
        "SELECT participant_id, outcome, detail, mailbox FROM planned"
        " WHERE plan_id = ? AND participant_id > ? ORDER BY participant_id LIMIT ?",
        (plan_id, last, CHUNK),
    ):
        yield rows
        last = rows[-1][0]
