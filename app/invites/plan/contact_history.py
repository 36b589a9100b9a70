"""Why a mailbox cannot be invited: it wants no invites, already has one, or had too many."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.db.store import Row, Store
from app.invites.mail.addresses import former_hashers, read
from app.invites.opt_outs import KINDS
from app.invites.plan.members import Checkpoint, Members, people
from app.invites.plan.options import Options
from app.invites.plan.outcomes import ALREADY, Outcome
from app.invites.rules import DAY, Rules
from app.panel.lists.selection import CHUNK

# When the mailbox may have got it. An invite that is not sent yet counts from when it was queued.
CONTACT = "coalesce(i.sent_at, CASE WHEN i.state IN ('queued', 'sending') THEN i.queued_at END)"
# The same with the invite's reminder. A cool-down begins with it. A cap counts invites only.
LAST_CONTACT = (
    "coalesce(i.reminded_at, CASE WHEN i.reminder IN ('queued', 'sending')"
    f" THEN (SELECT r.at FROM run r WHERE r.id = i.reminder_run_id) END, {CONTACT})"
)
CONTACTS = {"cool_down": LAST_CONTACT, "cap": CONTACT}  # what each rule counts

_OUTCOMES = {"cool_down": Outcome.COOL_DOWN, "cap": Outcome.CAP}


@dataclass(frozen=True)
class PlanContext:
    """The study, rules and time of a plan."""

    connection_id: int
    study_id: int
    rules: Rules
    options: Options
    now: int


def opted_out(store: Store, connection_id: int, members: Members, checkpoint: Checkpoint) -> None:
    """Settle members whose mailbox gets no more invites."""
    if not store.rows("SELECT 1 FROM opt_out LIMIT 1"):
        return
    for mailboxes in _chunks(members):
        checkpoint()
        rows = store.rows(
            f"SELECT mailbox, kind FROM opt_out WHERE {store.among('mailbox')}",
            (store.values(list(mailboxes)),),
        )
        kinds: dict[str, int] = {}
        for mailbox, kind in rows:
            place = KINDS.index(kind if kind in KINDS else "opted_out")  # damaged, but said
            kinds[mailbox] = min(place, kinds.get(mailbox, place))
        for mailbox, detail in kinds.items():
            members.settle(mailboxes[mailbox], Outcome.OPTED_OUT, detail)
    _opted_out_formerly(store, connection_id, members, checkpoint)


def _opted_out_formerly(
    store: Store, connection_id: int, members: Members, checkpoint: Checkpoint
) -> None:
    """Settle members whose mailbox opted out under a former key, when no address of it was known.
    There are few of these opt-outs, if any."""
    rows = store.rows("SELECT key_id, mailbox, kind FROM opt_out WHERE key_id > 1")
    if not rows:
        return
    formerly: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for key_id, mailbox, kind in rows:
        formerly[key_id, mailbox].append(KINDS.index(kind))
    hashers = former_hashers(store)
    ids = array("q", (members.ids[place] for place in members.open()))
    for start in range(0, len(ids), CHUNK):
        checkpoint()
        for key, _, email, _, _ in people(store, connection_id, ids[start : start + CHUNK]):
            box, place = read(email or ""), members.place(key)
            if not isinstance(box, str) or place is None:
                continue
            for key_id, hashes in hashers.items():
                if found := formerly.get((key_id, hashes.stored(box))):
                    members.settle(place, Outcome.OPTED_OUT, min(found))


def invited_before(
    store: Store,
    asked: PlanContext,
    members: Members,
    stands: dict[int, int],
    checkpoint: Checkpoint,
) -> None:
    """Settle members who have an invite for this study, or had one too recently, or had too many,
    at their current mailbox or at another address, from any account. ``stands``: see
    :func:`app.invites.plan.members.same_mailbox`. A member's invites count for their mailbox."""
    if not store.rows("SELECT 1 FROM invite LIMIT 1"):
        return
    had: defaultdict[int, dict[int, Row]] = defaultdict(dict)
    for mailboxes in _chunks(members):
        checkpoint()
        for row in _invites(store, asked, "mailbox", list(mailboxes)):
            had[mailboxes[row[1]]][row[0]] = row
    # Members who share a mailbox are settled, but their invites count for the one who stays.
    for start in range(0, len(members.ids), CHUNK):
        checkpoint()
        some = members.ids[start : start + CHUNK]
        for row in _invites(store, asked, "participant_id", list(some)):
            place = members.place(row[1])
            if place is None:
                continue
            place = stands.get(place, place)
            if not members.outcomes[place]:
                had[place].setdefault(row[0], row)
    for place, rows in had.items():
        found = _judged(rows.values(), asked, members.mailbox(place).hex())
        if found:
            members.settle(place, *found)


def _chunks(members: Members) -> Iterator[dict[str, int]]:
    """The places of open members by mailbox, a chunk at a time."""
    found: dict[str, int] = {}
    for place in members.open():
        found[members.mailbox(place).hex()] = place
        if len(found) == CHUNK:
            yield found
            found = {}
    yield found


def _invites(
    store: Store, asked: PlanContext, column: str, values: Sequence[int] | Sequence[str]
) -> list[Row]:
    """(id, value of ``column``, mailbox, of this study, state, contact, last contact) of each
    relevant invite."""
    window = max(asked.rules.cool_down_days or 0, asked.rules.cap_days or 0)
    return store.rows(
        f"SELECT i.id, i.{column}, i.mailbox, i.study_id = ?, i.state, {CONTACT},"
        f" {LAST_CONTACT} FROM invite i"
        f" WHERE {store.among(f'i.{column}')} AND (i.study_id = ? OR {LAST_CONTACT} >= ?)",
        (asked.study_id, store.values(values), asked.study_id, asked.now - window * DAY),
    )


def _judged(rows: Iterable[Row], asked: PlanContext, mailbox: str) -> tuple[Outcome, int] | None:
    rows = list(rows)
    states = [
        ALREADY.index(state)
        for _, _, to, this_study, state, *_ in rows
        if this_study
        and state in ALREADY
        and state not in asked.options.again
        # A bounce concerns only its own address.
        and not (state == "bounced" and to != mailbox)
    ]
    if states:
        return Outcome.ALREADY, min(states)
    for rule, nth, days in asked.rules.limits(asked.options.overrides):
        at = 5 if rule == "cap" else 6
        contacts = sorted((row[at] for row in rows if row[at] is not None), reverse=True)
        if len(contacts) >= nth and asked.now <= contacts[nth - 1] + days * DAY:
            return _OUTCOMES[rule], contacts[nth - 1] + days * DAY
    return None
