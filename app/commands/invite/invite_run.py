"""``panelist invite``: makes a plan, or goes on to what a person wants done with one."""

from __future__ import annotations

import argparse

from app import log
from app.commands.invite import ONLY_PLAN
from app.commands.invite.open_batches import resume_batches, stop_batches
from app.commands.invite.plan_confirmation import confirm_plan, show_stored_plan
from app.commands.invite.plan_output import show_plan
from app.commands.invite.plan_timing import planned_timing
from app.commands.shared.console import say
from app.commands.shared.context import Context, find_all_members, find_study, open_context
from app.commands.shared.exit_codes import DONE, WrongUse
from app.credentials.factory import open_credentials
from app.invites.housekeeping import tidy
from app.invites.operator import by
from app.invites.plan import frozen, plan
from app.invites.plan.options import Options, new_seed
from app.invites.sending.factory import delivery_by
from app.invites.sending.trial_mail import send_test_mail
from app.invites.studies import Study

# Options of a new plan, and of a plan's members.
_OF_PLANNING = ("segment", "exclude", "batch", "sample", "seed", "strata", "again", "override")
_OF_MEMBERS = ("outcome", "output")


def plan_and_send(options: argparse.Namespace) -> int:
    """Plan, send a plan that a person confirmed, or manage queued batches. Returns the exit
    code."""
    if options.plan is ONLY_PLAN:
        options.plan = None
    _check_combination(options)
    context = open_context(options.account)
    settings, store, _ = context
    log.start(settings.home)
    tidy(store, settings.folders)
    if options.resume:
        return resume_batches(context, options)
    if options.stop:
        return stop_batches(context, options)
    if options.plan and options.expect is None:
        return show_stored_plan(context, options)
    if options.plan:
        return confirm_plan(context, options)
    study = find_study(context, options.study)
    if options.test is not None:
        say(send_test_mail(settings, open_credentials(settings), study, options.test))
        return DONE
    return _plan(context, study, options)


def _check_combination(options: argparse.Namespace) -> None:
    """Raise WrongUse if the options do not say what to do."""
    if not options.plan and (options.yes or options.expect is not None):
        raise WrongUse(
            "You can only send a plan that you have seen. Nothing was sent. Run the command"
            " without --yes and --expect to print the plan's hash. Then use --plan HASH"
            " --expect N."
        )
    if options.plan and options.yes and options.expect is None:
        raise WrongUse(
            "--plan HASH needs --expect with the plan's number of invites. Nothing was sent."
        )
    for other in ("resume", "stop", "test", "plan"):
        for name in (*_OF_PLANNING, *_OF_MEMBERS) if getattr(options, other) else ():
            if getattr(options, name) is not None:
                raise WrongUse(
                    f"--{name} makes a new plan, and --{other} does not. Nothing was sent."
                    " Use one of them."
                )
    if options.batch_number is not None and not (options.resume or options.stop):
        raise WrongUse("--run needs --resume or --stop. Nothing was changed. Add one of them.")


def _plan(context: Context, study: Study, options: argparse.Namespace) -> int:
    """Make a plan, store it and print it with its hash."""
    options.segment = find_all_members(context, options.segment)
    options.exclude = find_all_members(context, options.exclude)
    delivery = delivery_by(context.settings, options.way)
    timing = planned_timing(context.settings, study, delivery, options)
    made = plan.make(context.store, study, _options(study, options))
    kept = frozen.freeze(context.store, made, by(), delivery)
    show_plan(context.store, study, made, kept, options, timing)
    return DONE


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
