"""A person's approval of a locked plan: the list that they saw is queued, or they are asked again.

The dialog and the commands both end here, so that a change of the data means the same in both.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.db.store import Store
from app.invites.delivery import Delivery
from app.invites.errors import StudyProblem
from app.invites.plan import frozen
from app.invites.plan.drift import PlanDrift, ResultChange, difference
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.members import Checkpoint
from app.invites.plan.outcomes import Outcome
from app.invites.sending import outbox
from app.invites.sending.outbox import QueuedBatch
from app.invites.sending.schedule import AT_ONCE, Schedule
from app.invites.studies import check_active, get


@dataclass(frozen=True)
class Approved:
    """The plan was queued. ``dropped``: its invitees who fell out."""

    queued: QueuedBatch
    drift: PlanDrift

    @property
    def dropped(self) -> tuple[ResultChange, ...]:
        known = {one.participant: one for one in self.drift.dropped}
        fine = (Outcome.INVITE, 0)  # until the moment in which it was queued
        return tuple(known.get(one) or ResultChange(one, fine, fine) for one in self.queued.dropped)


@dataclass(frozen=True)
class AskAgain:
    """Nothing was queued. ``drift`` says why, and ``plan`` is the new plan to confirm."""

    drift: PlanDrift
    plan: LockedPlan


def approve(
    store: Store,
    plan: LockedPlan,
    delivery: Delivery,
    by: str,
    *,
    only_planned: bool = False,
    undo: int | None = None,
    schedule: Schedule = AT_ONCE,
    checkpoint: Checkpoint = lambda: None,
) -> Approved | AskAgain:
    """Queue the invites of a plan that a person confirmed, without those who fell out since.
    ``delivery``: how invites leave now. ``only_planned``: see :meth:`PlanDrift.asks`. ``undo`` and
    ``schedule``: see :func:`app.invites.sending.outbox.queue`. Raises StudyProblem if nothing can
    be sent, and DatabaseProblem."""
    if plan.sent:
        raise StudyProblem(
            "This plan was already sent. Nothing was sent again. Make a new plan for the others."
        )
    check_active(get(store, plan.study_id))
    if not frozen.counts(store, plan.id)[Outcome.INVITE]:
        raise StudyProblem("This plan invites no one. Nothing was sent.")
    drift = difference(store, plan, checkpoint=checkpoint, delivery=delivery)
    if drift.asks(only_planned=only_planned):
        return AskAgain(drift, frozen.freeze(store, drift.plan, by, delivery, checkpoint))
    with store.transaction():
        queued = outbox.queue(
            store,
            plan,
            delivery.channel,
            by,
            undo=undo,
            schedule=schedule,
            server=delivery.server,
            without={one.participant for one in drift.dropped},
        )
        if not queued.number:
            raise StudyProblem(
                "No one in this plan can still be invited. Nothing was sent. Make a new plan."
            )
    return Approved(queued, drift)
