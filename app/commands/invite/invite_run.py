"""``panelist invite``: makes a plan, and sends what a person confirmed."""

from __future__ import annotations

import argparse

from app import log
from app.commands.batch_sending import send_batch
from app.commands.console import say
from app.commands.context import Context, find_study, open_context
from app.commands.exit_codes import DONE, FAILED
from app.commands.invite.plan_output import show_plan
from app.credentials.factory import open_credentials
from app.invites.errors import StudyProblem
from app.invites.housekeeping import tidy
from app.invites.operator import by
from app.invites.plan import frozen, plan
from app.invites.plan.options import Options, new_seed
from app.invites.plan.outcomes import Outcome
from app.invites.restore_guard import RestoreGuard
from app.invites.sending import outbox, runs
from app.invites.sending.factory import default_channel
from app.invites.sending.trial_mail import rehearse
from app.invites.studies import Study
from app.panel.overview import overview


def plan_and_send(options: argparse.Namespace) -> int:
    """Plan and send what a person confirmed, or manage queued batches. Returns the exit code."""
    context = open_context(options.account)
    settings, store, _ = context
    log.start(settings.home)
    tidy(store, settings.home)
    if options.resume:
        return _resume(context, options)
    if options.stop:
        return _stop(context, options)
    study = find_study(context, options.study)
    if options.test is not None:
        say(rehearse(settings, open_credentials(settings), study, options.test))
        return DONE
    wanted = _options(study, options)
    if options.yes:
        _check_sending(context, options)
    made = plan.make(store, study, wanted)
    kept = frozen.freeze(store, made, by())
    show_plan(store, study, made, kept, options)
    if not options.yes:
        return DONE
    number = made.counts()[Outcome.INVITE]
    if number != options.expect:
        say(
            f"{number:,} would be invited, not the {options.expect:,} that you expect. Nothing was"
            " sent; look at the plan again."
        )
        return FAILED
    way = options.way or default_channel(settings)
    queued = outbox.queue(store, kept, way, by(), undo=0 if options.now else None)
    return send_batch(context, queued.run, as_json=options.json)


def _options(study: Study, options: argparse.Namespace) -> Options:
    number = options.batch or options.sample or 0
    take = "batch" if options.batch else "random" if options.sample else "all"
    return Options(
        segments=tuple(study.segments if options.segment is None else options.segment),
        excluded=tuple(study.excluded if options.exclude is None else options.exclude),
        take=take,
        number=number,
        seed=(options.seed or new_seed()) if take == "random" else "",
        strata=options.strata,
        again=tuple(options.again or ()),
        overrides=tuple(options.override or ()),
        reason=options.reason,
    )


def _check_sending(context: Context, options: argparse.Namespace) -> None:
    """Raise StudyProblem or RestoreSuspected if nothing may be sent."""
    if options.expect is None:
        raise StudyProblem("Say with --expect how many you expect to invite. Nothing was sent.")
    RestoreGuard(context.store, context.connection, context.settings.home).check()
    view = overview(context.store, context.connection).connection
    if view is not None and view.status != "complete" and not options.while_filling:
        raise StudyProblem(
            f"The first sync is not complete ({view.status}): segments are still filling. Nothing"
            " was sent; wait, or say --while-filling."
        )


def _resume(context: Context, options: argparse.Namespace) -> int:
    code, found = DONE, runs.open_runs(context.store, context.connection)
    for run in found:
        runs.resume(context.store, run.id, by())
        code = max(code, send_batch(context, run.id, as_json=options.json))
    if not found:
        say("Nothing is queued.")
    return code


def _stop(context: Context, options: argparse.Namespace) -> int:
    _, store, connection = context
    only = find_study(context, options.study).id if options.study else None
    found = [run for run in runs.open_runs(store, connection) if only in (None, run.study_id)]
    number = sum(runs.stop(store, run.id, by()) for run in found)
    say(f"{number:,} invites were withdrawn. What was handed over before stays so.")
    return DONE
