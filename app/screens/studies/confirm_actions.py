"""What the dialog that sends a batch does in threads: comparing the plan, and queueing it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from textual import work
from textual.message import Message

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.delivery import Delivery
from app.invites.errors import RestoreSuspected, StudyProblem
from app.invites.plan import frozen
from app.invites.plan.drift import PlanDrift, ResultChange, difference
from app.invites.plan.drift_words import MINUS, PLUS, named
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.plan import Plan
from app.invites.plan.summary import Summary, summarise
from app.invites.sending.approval import AskAgain, approve
from app.invites.sending.schedule import Schedule
from app.invites.studies import Study
from app.screens.base import host_of
from app.screens.studies.ticket_rows import PlanChange, who
from app.widgets.dialog import DecisionDialog

NAMES = 8  # of each kind of change
MAY_BE_COPY = "This database may be a copy. Nothing was sent. Press V in Studies to answer."


@dataclass(frozen=True)
class ConfirmedBatch:
    """What was queued. ``dropped``: who fell out, by name. ``start_at``: the start time that the
    person gave."""

    run: int
    number: int
    dropped: tuple[str, ...]
    start_at: int | None


@dataclass(frozen=True)
class Choice:
    """What a number that a person types would send. A plan that is not locked yet is locked then.
    ``only_planned``: others could be invited, too, as the dialog said."""

    plan: LockedPlan | Plan
    only_planned: bool = False


class ConfirmActions(DecisionDialog["ConfirmedBatch | None"]):
    """The part of :class:`app.screens.studies.confirm_dialog.ConfirmSendDialog` that reads and
    writes."""

    _store: Store
    _study: Study
    _delivery: Delivery
    _masking: bool

    class Checked(Message):
        """The batch was queued, a person must be asked again, or there was a problem. ``copied``:
        the database may be a copy."""

        def __init__(
            self, batch: ConfirmedBatch | None = None, summary: Summary | None = None,
            changed: PlanChange | None = None, problem: str = "", copied: bool = False,
        ) -> None:  # fmt: skip
            super().__init__()
            self.batch, self.summary = batch, summary
            self.changed, self.problem, self.copied = changed, problem, copied

    class Followed(Message):
        """The plan ``shown`` was compared with the current data."""

        def __init__(self, shown: Summary, changed: PlanChange | None, pause: float) -> None:
            super().__init__()
            self.shown, self.changed, self.pause = shown, changed, pause

    @work(thread=True)
    def _compare(self, shown: Summary) -> None:
        began, changed = time.monotonic(), None
        try:
            drift = difference(self._store, shown.plan, delivery=self._delivery)
            if drift:
                changed = self._named(drift, drift.added, drift.dropped)
        except (StudyProblem, DatabaseProblem):
            pass  # it is said when the person confirms
        finally:
            self._store.close()
        self.post_message(self.Followed(shown, changed, 2 * (time.monotonic() - began)))

    @work(thread=True)
    def _queue(self, choice: Choice, schedule: Schedule) -> None:
        store, sending = self._store, host_of(self).sending
        by, plan = sending.user, choice.plan
        try:
            sending.guard(self._study.connection_id).check()
            if isinstance(plan, Plan):
                plan = frozen.freeze(store, plan, by, self._delivery)
            found = approve(
                store,
                plan,
                self._delivery,
                by,
                only_planned=choice.only_planned,
                schedule=schedule,
            )
            if isinstance(found, AskAgain):
                again = summarise(store, found.plan, found.drift.plan)
                changed = self._named(found.drift, *found.drift.exchanged)
                self.post_message(self.Checked(summary=again, changed=changed))
                return
            fell = self._named(found.drift, (), found.dropped)
            said = [f"{one.sign} {who(one, self._masking)} ({one.why})" for one in fell.named]
            more = [f"… and {fell.more:,} more"] if fell.more else []
            queued = found.queued
            batch = ConfirmedBatch(queued.run, queued.number, (*said, *more), schedule.start_at)
            self.post_message(self.Checked(batch))
        except (StudyProblem, DatabaseProblem) as problem:
            self.post_message(self.Checked(problem=str(problem)))
        except RestoreSuspected:
            self.post_message(self.Checked(problem=MAY_BE_COPY, copied=True))
        finally:
            store.close()

    def _named(
        self, drift: PlanDrift, added: Sequence[ResultChange], dropped: Sequence[ResultChange]
    ) -> PlanChange:
        some = [
            *named(self._store, drift, added, PLUS, NAMES),
            *named(self._store, drift, dropped, MINUS, NAMES),
        ]
        return PlanChange(drift, tuple(some), len(added) + len(dropped) - len(some))
