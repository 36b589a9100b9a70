"""Who will be invited and who not: each member of the segments with exactly one outcome.

The reasons are checked in the order of :class:`Outcome`. Everything is read in ranges of row ids,
never member by member. Sending uses this too: a locked plan is made again before it is sent
(:mod:`app.invites.plan.frozen`), and any differences are shown.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Sequence

from app.db.store import Store
from app.invites.audience import check_segments
from app.invites.errors import StudyProblem
from app.invites.mail.addresses import hasher
from app.invites.mail.template import Template
from app.invites.plan import contact_history, sampling
from app.invites.plan.contact_history import PlanContext
from app.invites.plan.members import Checkpoint, Members, describe, leave_out, same_mailbox, union
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from app.invites.rules import Rules
from app.invites.studies import Study
from app.panel.filters.subscription_use import segment_asks
from app.panel.knowledge import Knowledge, knowledge, set_aside
from app.panel.lists.order import Ids


class Plan:
    """A plan at one moment: outcomes to count, filter and look up. ``now`` is that moment.
    ``follows_study``: its segments are the study's. A plan is not stored until it is locked."""

    def __init__(self, study: Study, options: Options, now: int, members: Members) -> None:
        self.study_id = study.id
        self.follows_study = _audience(study) == (set(options.segments), set(options.excluded))
        self.connection_id = study.connection_id
        self.template: Template = study.template
        self.rules: Rules = study.rules
        self.options = options
        self.now = now
        self.members = members
        self.doubts: tuple[str, ...] = ()  # what is not known about the segments, in sentences

    def __len__(self) -> int:
        """How many members the segments have together."""
        return len(self.members.ids)

    def counts(self) -> dict[Outcome, int]:
        """How many members have each outcome, in the order of the reasons. They add up to the
        size."""
        return {one: self.members.outcomes.count(one) for one in Outcome}

    def details(self, outcome: Outcome) -> Counter[int]:
        """How many members have each detail of an outcome, such as the state of an earlier
        invite."""
        members = self.members
        return Counter(members.details[place] for place in self._places(outcome))

    def ids(self, outcome: Outcome, details: Sequence[int] | None = None) -> Ids:
        """Row ids of the members with an outcome (and one of these details), ascending."""
        members = self.members
        return array(
            "q",
            (
                members.ids[place]
                for place in self._places(outcome)
                if details is None or members.details[place] in details
            ),
        )

    def of(self, row_id: int) -> tuple[Outcome, int] | None:
        """A member's outcome and its detail, or None if they are in none of the segments."""
        place = self.members.place(row_id)
        if place is None:
            return None
        return Outcome(self.members.outcomes[place]), self.members.details[place]

    def _places(self, outcome: Outcome) -> list[int]:
        found, place = [], self.members.outcomes.find(outcome)
        while place >= 0:
            found.append(place)
            place = self.members.outcomes.find(outcome, place + 1)
        return found


def _audience(study: Study) -> tuple[set[str], set[str]]:
    return set(study.segments), set(study.excluded)


def make(
    store: Store,
    study: Study,
    options: Options,
    now: int | None = None,
    checkpoint: Checkpoint = lambda: None,
) -> Plan:
    """Make a plan. It takes some seconds for a million members. ``checkpoint`` is called every few
    milliseconds and may raise any exception to end the work. Raises StudyProblem and
    DatabaseProblem."""
    options.check()
    check_segments(store, study.connection_id, options.segments, options.excluded)
    known = knowledge(store, study.connection_id)
    if options.strata in ("plan", "product") and known is not Knowledge.KNOWN:
        raise StudyProblem(f"{known.sentence} A sample by {options.strata} depends on them.")
    at = int(time.time()) if now is None else now
    here, seed = study.connection_id, options.seed if options.take == "random" else ""
    hashes = hasher(store)
    members = Members(union(store, here, options.segments, checkpoint))
    describe(store, here, members, hashes, seed, checkpoint)
    if options.excluded:
        leave_out(store, here, members, hashes, options.excluded, checkpoint)
    stands = same_mailbox(store, members)
    contact_history.opted_out(store, here, members, checkpoint)
    asked = PlanContext(here, study.id, study.rules, options, at)
    contact_history.invited_before(store, asked, members, stands, checkpoint)
    checkpoint()
    _sample(store, here, members, options, at)
    made = Plan(study, options, at, members)
    made.doubts = _doubts(store, here, options)
    return made


def _doubts(store: Store, here: int, options: Options) -> tuple[str, ...]:
    """What is not known about the segments of a plan."""
    asked = {*options.segments, *options.excluded}
    aside = set_aside(store, here)
    if not aside or not any(segment_asks(store, here, key) for key in asked):
        return ()
    people = "1 participant has" if aside == 1 else f"{aside:,} participants have"
    return (
        f"{people} a subscription that could not be stored. Segments that depend on it may"
        " be wrong. To list it, run panelist info.",
    )


def _sample(store: Store, here: int, members: Members, options: Options, now: int) -> None:
    """Settle all members who are still open."""
    places = array("q", members.open())
    taken: set[int] | None = None
    if options.take == "batch":
        ranked = sorted(places, key=lambda at: (members.created[at], members.lots[at]))
        taken = set(ranked[: options.number])
    elif options.take == "random":
        lots = {place: members.lots[place] for place in places}
        strata = _strata(store, here, members, places, options, now)
        taken = sampling.drawn(lots, options.number, strata)
    for place in places:
        chosen = taken is None or place in taken
        members.settle(place, Outcome.INVITE if chosen else Outcome.NOT_SAMPLED)


def _strata(
    store: Store, here: int, members: Members, places: Ids, options: Options, now: int
) -> dict[int, str] | None:
    if options.strata is None or options.number >= len(places):
        return None
    if options.strata == "tenure":
        return {place: sampling.tenure(members.known_created(place), now) for place in places}
    ids = [members.ids[place] for place in places]
    held = sampling.held(store, here, ids, options.strata)
    return {place: held[members.ids[place]] for place in places}
