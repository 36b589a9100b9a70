"""What has changed since a plan was frozen: who would be invited now that was not to be, who would
not any more, and who at another address."""

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
    """One member of whom a plan says something else now. ``before``: None for who joined the
    segments since; ``after``: None for who left them."""

    participant: int
    before: tuple[Outcome, int] | None
    after: tuple[Outcome, int] | None
    address: bool = False  # is another one now; both times to be invited


@dataclass(frozen=True)
class PlanDrift:
    """A frozen plan beside the data now. ``added`` and ``dropped``: who would be invited now and
    was not to be, and the other way round; ``address``: who would be written to elsewhere."""

    plan: Plan
    template: bool
    rules: bool
    changed: tuple[ResultChange, ...]

    @property
    def added(self) -> tuple[ResultChange, ...]:
        """Would be invited now."""
        return tuple(
            one for one in self.changed if _invited(one.after) and not _invited(one.before)
        )

    @property
    def dropped(self) -> tuple[ResultChange, ...]:
        """Would not be invited any more."""
        return tuple(
            one for one in self.changed if _invited(one.before) and not _invited(one.after)
        )

    @property
    def address(self) -> tuple[ResultChange, ...]:
        """Would be written to at another address."""
        return tuple(one for one in self.changed if one.address)

    @property
    def counts(self) -> Counter[tuple[Outcome | None, Outcome | None]]:
        """How many went from which outcome to which."""
        return Counter(
            (one.before[0] if one.before else None, one.after[0] if one.after else None)
            for one in self.changed
        )

    def __bool__(self) -> bool:
        """Whether what is sent would not be what was shown."""
        return self.template or self.rules or bool(self.added or self.dropped or self.address)


def difference(
    store: Store, plan: LockedPlan, now: int | None = None, checkpoint: Checkpoint = lambda: None
) -> PlanDrift:
    """The frozen plan beside what the same code makes of the data now. Raises StudyProblem and
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
