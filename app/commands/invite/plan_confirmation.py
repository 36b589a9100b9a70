"""``panelist invite --plan HASH``: shows a plan that was made, or sends it."""

from __future__ import annotations

import argparse
from typing import Any

from app.commands.invite.plan_output import plan_json, show_locked
from app.commands.invite.plan_timing import planned_timing
from app.commands.shared.arguments import schedule_of
from app.commands.shared.batch_sending import send_batch
from app.commands.shared.console import print_json, say
from app.commands.shared.context import Context, find_study
from app.commands.shared.drift_output import Shown, drift_json, print_drift
from app.commands.shared.exit_codes import DONE, FAILED, WrongUse
from app.db.store import Store
from app.invites.delivery import Delivery
from app.invites.errors import StudyProblem
from app.invites.operator import by
from app.invites.plan import frozen
from app.invites.plan.drift import PlanDrift, ResultChange, difference
from app.invites.plan.drift_words import MINUS, MOST, PLUS, named
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.outcomes import Outcome
from app.invites.restore_guard import RestoreGuard
from app.invites.sending.approval import AskAgain, approve
from app.invites.sending.factory import delivery_by
from app.invites.studies import get
from app.panel.overview import overview
from app.text import plain


def show_stored_plan(context: Context, options: argparse.Namespace) -> int:
    """Print a plan, and what changed since it was made. Sends nothing."""
    locked, store = _find(context, options), context.store
    delivery = _delivery(context, locked, options)
    drift = difference(store, locked, delivery=delivery)
    study = get(store, locked.study_id)
    timing = planned_timing(context.settings, study, delivery, options)
    counts = frozen.counts(store, locked.id)
    words = _Words(store, drift, as_json=options.json)
    if options.json:
        changed = words.json(drift.added, drift.dropped) if drift else None
        print_json({**plan_json(study, locked, counts, timing), "drift": changed})
        return DONE
    show_locked(study, locked, counts, timing, as_json=False)
    if drift:
        words.print(drift.added, drift.dropped)
    return DONE


def confirm_plan(context: Context, options: argparse.Namespace) -> int:
    """Send the plan, if its number is the expected one and no one would be added to what was
    shown. Returns the exit code."""
    locked, store = _find(context, options), context.store
    number = frozen.counts(store, locked.id)[Outcome.INVITE]
    if number != options.expect:
        say(
            f"The plan {locked.short} has {number:,} invites, not the {options.expect:,}"
            " that you expect. Nothing was sent. Check the plan again."
        )
        return FAILED
    _check_sending(context, options)
    delivery = _delivery(context, locked, options)
    found = approve(
        store,
        locked,
        delivery,
        by(),
        only_planned=options.only_planned,
        undo=0 if options.now else None,
        schedule=schedule_of(options),
    )
    if isinstance(found, AskAgain):
        return _ask_again(context, locked, found, as_json=options.json)
    if found.dropped or options.json:
        words = _Words(store, found.drift, as_json=options.json)
        words.print((), found.dropped, plan=locked.hash, queued=found.queued.number)
        say_dropped(number, found.queued.number, as_json=options.json)
    return send_batch(context, found.queued.run, as_json=options.json)


def say_dropped(planned: int, queued: int, *, as_json: bool) -> None:
    """Say how many of the planned invites were queued."""
    if not as_json and queued < planned:
        say(
            f"{queued:,} of at most {planned:,} planned invitees are invited. The others can"
            " no longer be invited."
        )


def _find(context: Context, options: argparse.Namespace) -> LockedPlan:
    locked = frozen.named(context.store, context.connection, options.plan)
    if options.study and find_study(context, options.study).id != locked.study_id:
        title = plain(get(context.store, locked.study_id).title, 80)
        raise WrongUse(f"The plan {locked.short} belongs to the study “{title}”. Nothing was sent.")
    return locked


def _delivery(context: Context, locked: LockedPlan, options: argparse.Namespace) -> Delivery:
    """How the invites would be sent now. Uses the plan's channel unless another is named."""
    planned = locked.delivery.channel if locked.delivery else None
    return delivery_by(context.settings, options.way or planned)


def _check_sending(context: Context, options: argparse.Namespace) -> None:
    """Raise StudyProblem or RestoreSuspected if nothing may be sent."""
    RestoreGuard(context.store, context.connection, context.settings.folders).check()
    view = overview(context.store, context.connection).connection
    if view is not None and view.status != "complete" and not options.while_filling:
        raise StudyProblem(
            f"The first sync is not complete ({view.status}), so segments are still filling."
            " Nothing was sent. Wait, or use --while-filling."
        )


def _ask_again(context: Context, locked: LockedPlan, found: AskAgain, *, as_json: bool) -> int:
    """Print what changed, and how to send the new plan or the one that was shown."""
    store, drift, new = context.store, found.drift, found.plan
    number = frozen.counts(store, new.id)[Outcome.INVITE]
    added, dropped = drift.exchanged
    _Words(store, drift, as_json=as_json).print(
        added, dropped, plan=locked.hash, new_plan=new.hash, number=number
    )
    if as_json:
        say(f"The plan {locked.short} has changed since you saw it. Nothing was sent.")
        return FAILED
    say(
        f"The plan {locked.short} has changed since you saw it. Nothing was sent. To send"
        f" all of this: panelist invite --plan {new.short} --expect {number}"
    )
    if not drift.terms:
        say("To send only to the invitees you saw, add --only-planned.")
    return FAILED


class _Words:
    """Prints a drift with names: lines for a person, or one JSON value."""

    def __init__(self, store: Store, drift: PlanDrift, *, as_json: bool) -> None:
        self._store, self._drift, self._json = store, drift, as_json

    def print(
        self,
        added: tuple[ResultChange, ...],
        dropped: tuple[ResultChange, ...],
        **facts: Any,
    ) -> None:
        """Print who would be invited now, who fell out, and what else changed."""
        print_drift(self._drift.terms, *self._named(added, dropped), as_json=self._json, **facts)

    def json(
        self, added: tuple[ResultChange, ...], dropped: tuple[ResultChange, ...]
    ) -> dict[str, object]:
        """The same for a program."""
        return drift_json(self._drift.terms, *self._named(added, dropped))

    def _named(
        self, added: tuple[ResultChange, ...], dropped: tuple[ResultChange, ...]
    ) -> tuple[Shown, Shown]:
        most = max(len(added), len(dropped)) if self._json else MOST
        plus = named(self._store, self._drift, added, PLUS, most)
        minus = named(self._store, self._drift, dropped, MINUS, most)
        return (plus, len(added)), (minus, len(dropped))
