"""``panelist invite --resume`` and ``--stop``: go on with queued batches, or withdraw them.

They act on the batches of the person at the keyboard. Those of other people, and those that a
person paused on purpose, must be named.
"""

from __future__ import annotations

import argparse

from app.commands.shared.batch_sending import send_batch
from app.commands.shared.console import print_json, say
from app.commands.shared.context import Context, find_study
from app.commands.shared.exit_codes import DONE, FAILED, WrongUse
from app.invites.operator import by
from app.invites.sending import runs
from app.invites.sending.factory import refusal, take_over
from app.invites.sending.runs import RunView
from app.invites.sending.send_queue import batch_words


def resume_batches(context: Context, options: argparse.Namespace) -> int:
    """Continue sending. A batch that cannot be sent from here stays as it is."""
    chosen, others = _chosen(context, options, "--resume")
    named = bool(options.study or options.batch_number)
    code = DONE
    for run in chosen:
        if run.on_purpose and not named:
            say(f"{_words(context, run)} was paused by hand. To resume it, use {_naming(run)}.")
            code = FAILED
        elif (why := refusal(context.settings, run)) and not options.batch_number:
            say(
                f"{_words(context, run)} waits. {why} To take it over:"
                f" panelist invite --resume {_naming(run)}"
            )
            code = FAILED
        else:
            if why:
                take_over(context.settings, run, context.store, by())
            runs.resume(context.store, run.id, by())
            code = max(code, send_batch(context, run.id, as_json=options.json))
    if not chosen and not others:
        say("Nothing is queued.")
    return code


def stop_batches(context: Context, options: argparse.Namespace) -> int:
    """Withdraw what is queued."""
    chosen, _ = _chosen(context, options, "--stop")
    number = sum(runs.stop(context.store, run.id, by()) for run in chosen)
    if options.json:
        print_json({"type": "stopped", "runs": [run.id for run in chosen], "withdrawn": number})
    elif not chosen:
        say("Nothing is queued.")
    else:
        say(f"{number:,} invites were withdrawn. Invites that were already sent are unchanged.")
    return DONE


def _chosen(
    context: Context, options: argparse.Namespace, action: str
) -> tuple[list[RunView], list[RunView]]:
    """The batches to act on, and other people's that remain. Raises WrongUse if there are only
    other people's, or if no open batch has this number."""
    study = find_study(context, options.study).id if options.study else None
    every = runs.open_runs(context.store, context.connection)
    wanted = [run for run in every if study in (None, run.study_id)]
    if options.batch_number is not None:
        found = [run for run in wanted if run.id == options.batch_number]
        if not found:
            raise WrongUse(f"No batch with the number {options.batch_number} is queued here.")
        return found, []
    own = [run for run in wanted if run.is_of(by(), context.store.login)]
    others = [run for run in wanted if run not in own]
    if others and not own:
        listed = "\n".join(f"  {_words(context, run)}: {_naming(run)}" for run in others)
        raise WrongUse(
            f"You have no queued batches. Other users queued these. To use {action}, add a "
            f"number:\n{listed}"
        )
    return own, others


def _words(context: Context, run: RunView) -> str:
    return f"{batch_words(context.store, run)} ({run.left:,} left)"


def _naming(run: RunView) -> str:
    return f"--run {run.id}"
