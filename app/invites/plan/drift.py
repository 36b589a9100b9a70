"""What changed after a plan was locked, and whether a person must be asked again.

This is the one place that decides it, for the dialog, the commands and anything else that approves
a plan. A member who fell out is dropped, and named. The person is asked again about whoever else
would be invited now, and if the mail, the rules, the audience or the delivery is another one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from app.db.store import Store
from app.invites.delivery import Delivery
from app.invites.plan.changed_terms import ARROW, changed_fields, changed_rules, changed_segments
from app.invites.plan.frozen import LockedPlan, planned
from app.invites.plan.members import Checkpoint, Members
from app.invites.plan.outcomes import Outcome
from app.invites.plan.plan import Plan, make
from app.invites.studies import get


@dataclass(frozen=True)
class ResultChange:
    """A member whose result changed. ``before``: None if they joined the segments later. ``after``:
    None if they left them. ``address``: their address changed, and they could be invited before and
    now."""

    participant: int
    before: tuple[Outcome, int] | None
    after: tuple[Outcome, int] | None
    address: bool = False


@dataclass(frozen=True)
class PlanDrift:
    """A locked plan compared with the current data. ``plan``: the one that would be made now.
    ``terms``: what changed beside the members, for a person."""

    plan: Plan
    locked: LockedPlan
    terms: tuple[str, ...]
    changed: tuple[ResultChange, ...]

    @property
    def added(self) -> tuple[ResultChange, ...]:
        """Members who would only now be invited. A batch or a sample is drawn once: another draw
        adds no one to it."""
        if self.locked.options.take != "all":
            return ()
        return tuple(
            one for one in self.changed if _invited(one.after) and not _invited(one.before)
        )

    @property
    def dropped(self) -> tuple[ResultChange, ...]:
        """Members who may no longer be invited, or whose address is another one."""
        return tuple(
            one
            for one in self.changed
            if _invited(one.before) and (one.address or not _may_be_invited(one.after))
        )

    @property
    def counts(self) -> Counter[tuple[Outcome | None, Outcome | None]]:
        """How many members changed from one outcome to another."""
        return Counter(
            (one.before[0] if one.before else None, one.after[0] if one.after else None)
            for one in self.changed
        )

    @property
    def exchanged(self) -> tuple[tuple[ResultChange, ...], tuple[ResultChange, ...]]:
        """Who is invited by the new plan only, and who by the locked one only."""
        new = [one for one in self.changed if _invited(one.after)]
        old = [one for one in self.changed if _invited(one.before)]
        return (
            tuple(one for one in new if one.address or not _invited(one.before)),
            tuple(one for one in old if one.address or not _invited(one.after)),
        )

    def asks(self, *, only_planned: bool = False) -> bool:
        """Whether a person must be asked again. ``only_planned``: they were told that others could
        be invited, too, and chose the locked plan."""
        return bool(self.terms or (self.added and not only_planned))

    def __bool__(self) -> bool:
        """Whether the invites would differ from what was shown."""
        return bool(self.terms or self.added or self.dropped)


def difference(
    store: Store,
    plan: LockedPlan,
    now: int | None = None,
    checkpoint: Checkpoint = lambda: None,
    *,
    delivery: Delivery | None = None,
) -> PlanDrift:
    """Compare the locked plan with one that is made from the current data. ``delivery``: how the
    invites would leave now, None to compare it with nothing. Raises StudyProblem and
    DatabaseProblem."""
    study = get(store, plan.study_id)
    terms = list(changed_fields(plan.template, study.template))
    terms += changed_rules(plan.rules, study.rules)
    options = plan.options
    if plan.follows_study:
        options = replace(options, segments=study.segments, excluded=study.excluded)
        old = plan.options
        terms += changed_segments("the study's segments", old.segments, study.segments)
        terms += changed_segments("the excluded segments", old.excluded, study.excluded)
    if delivery is not None and delivery != plan.delivery:
        before = plan.delivery.words if plan.delivery else "not said"
        terms.append(f"the channel of the invites: {before}{ARROW}{delivery.words}")
    made = make(store, study, options, now, checkpoint)
    return PlanDrift(made, plan, tuple(terms), tuple(_changes(store, plan, made, checkpoint)))


def _changes(
    store: Store, plan: LockedPlan, made: Plan, checkpoint: Checkpoint
) -> list[ResultChange]:
    changed: list[ResultChange] = []
    members, place = made.members, 0
    for rows in planned(store, plan.id):
        checkpoint()
        for participant, outcome, detail, mailbox in rows:
            while place < len(made) and members.ids[place] < participant:
                changed.append(ResultChange(members.ids[place], None, _now(members, place)))
                place += 1
            before, after, moved = (Outcome(outcome), detail), None, False
            if place < len(made) and members.ids[place] == participant:
                after = _now(members, place)
                moved = _invited(before) and _may_be_invited(after)
                moved = moved and members.mailbox(place).hex() != mailbox
                place += 1
            if after != before or moved:
                changed.append(ResultChange(participant, before, after, moved))
    for rest in range(place, len(made)):
        changed.append(ResultChange(members.ids[rest], None, _now(members, rest)))
    return changed


def _now(members: Members, place: int) -> tuple[Outcome, int]:
    return Outcome(members.outcomes[place]), members.details[place]


def _invited(what: tuple[Outcome, int] | None) -> bool:
    return what is not None and what[0] is Outcome.INVITE


def _may_be_invited(what: tuple[Outcome, int] | None) -> bool:
    """Whether no reason excludes them. Who is not in a new draw may still be invited."""
    return what is not None and what[0] in (Outcome.INVITE, Outcome.NOT_SAMPLED)
