"""What changed after a plan was locked: who would be invited now, who would no longer be, and whose
address is another one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from app.db.store import Store
from app.invites.plan.frozen import LockedPlan, planned
from app.invites.plan.members import Checkpoint, Members
from app.invites.plan.outcomes import Outcome
from app.invites.plan.plan import Plan, make
from app.invites.studies import get


@dataclass(frozen=True)
class ResultChange:
    """A member whose result changed. ``before``: None if they joined the segments later. ``after``:
    None if they left them."""

    participant: int
    before: tuple[Outcome, int] | None
    after: tuple[Outcome, int] | None
    address: bool = False  # it changed, and both results are an invite


@dataclass(frozen=True)
class PlanDrift:
    """A locked plan compared with the current data. ``added`` and ``dropped``: members who would
    only now be invited, or no longer. ``address``: members whose invite would go to another
    address."""

    plan: Plan
    template: bool
    rules: bool
    changed: tuple[ResultChange, ...]

    @property
    def added(self) -> tuple[ResultChange, ...]:
        """Members who would only now be invited."""
        return tuple(
            one for one in self.changed if _invited(one.after) and not _invited(one.before)
        )

    @property
    def dropped(self) -> tuple[ResultChange, ...]:
        """Members who would no longer be invited."""
        return tuple(
            one for one in self.changed if _invited(one.before) and not _invited(one.after)
        )

    @property
    def address(self) -> tuple[ResultChange, ...]:
        """Members whose invite would go to another address."""
        return tuple(one for one in self.changed if one.address)

    @property
    def counts(self) -> Counter[tuple[Outcome | None, Outcome | None]]:
        """How many members changed from one outcome to another."""
        return Counter(
            (one.before[0] if one.before else None, one.after[0] if one.after else None)
            for one in self.changed
        )

    def __bool__(self) -> bool:
        """Whether the invites would differ from what was shown."""
        return self.template or self.rules or bool(self.added or self.dropped or self.address)


def difference(
    store: Store, plan: LockedPlan, now: int | None = None, checkpoint: Checkpoint = lambda: None
) -> PlanDrift:
    """Compare the locked plan with one that is made from the current data. Raises StudyProblem and
    DatabaseProblem."""
    study = get(store, plan.study_id)
    made = make(store, study, plan.options, now, checkpoint)
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
                moved = _invited(before) and _invited(after)
                moved = moved and members.mailbox(place).hex() != mailbox
                place += 1
            if after != before or moved:
                changed.append(ResultChange(participant, before, after, moved))
    for rest in range(place, len(made)):
        changed.append(ResultChange(members.ids[rest], None, _now(members, rest)))
    return PlanDrift(
        made, study.template != plan.template, study.rules != plan.rules, tuple(changed)
    )


def _now(members: Members, place: int) -> tuple[Outcome, int]:
    return Outcome(members.outcomes[place]), members.details[place]


def _invited(what: tuple[Outcome, int] | None) -> bool:
    return what is not None and what[0] is Outcome.INVITE
