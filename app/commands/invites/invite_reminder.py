"""``panelist invites remind``: sends one reminder to participants who have not responded."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from app.commands.shared.arguments import schedule_of
from app.commands.shared.batch_sending import send_batch
from app.commands.shared.console import print_json, say
from app.commands.shared.context import Context, find_study, open_context
from app.commands.shared.drift_output import print_drift
from app.commands.shared.exit_codes import DONE, FAILED, WrongUse
from app.db.store import Store
from app.invites.housekeeping import tidy
from app.invites.operator import by
from app.invites.plan.drift_words import MINUS, MOST, PLUS
from app.invites.restore_guard import RestoreGuard
from app.invites.sending import reminder_list
from app.invites.sending.factory import delivery_by
from app.invites.sending.reminder_list import ReminderDrift, ReminderList, approve, named_changes
from app.invites.studies import check_active, get
from app.text import plain


def send_reminder(options: argparse.Namespace) -> int:
    """Show the reminder and its hash, or send the one that is named by its hash."""
    context = open_context(options.account)
    tidy(context.store, context.settings.folders)
    if options.plan is not None:
        return _confirm(context, options)
    if options.yes or options.expect is not None or options.only_planned:
        raise WrongUse(
            "You can only send a reminder that you have seen. Nothing was sent. Run the"
            " command without --yes and --expect to print its hash. Then use --plan HASH"
            " --expect N."
        )
    study = find_study(context, options.study)
    check_active(study)
    delivery = delivery_by(context.settings, options.way)
    shown = reminder_list.current(context.store, study, delivery)
    if shown.invites:
        reminder_list.keep(context.store, shown, by())
    if options.json:
        print_json({"type": "reminder", **_facts(shown)})
    elif shown.invites:
        say(
            f"A reminder would go to {len(shown.invites):,} participants by {delivery.words}."
            f" To send it: {_how(shown)}"
        )
    else:
        say("No one needs a reminder. Everyone has replied or already had one.")
    return DONE


def _confirm(context: Context, options: argparse.Namespace) -> int:
    store = context.store
    shown = reminder_list.named(store, context.connection, options.plan)
    if options.study and find_study(context, options.study).id != shown.study_id:
        title = plain(get(store, shown.study_id).title, 80)
        raise WrongUse(
            f"The reminder {shown.short} belongs to the study “{title}”. Nothing was sent."
        )
    number = len(shown.invites)
    if options.expect is None:
        raise WrongUse(
            "--plan HASH needs --expect with the number of recipients. Nothing was sent."
        )
    if options.expect != number:
        say(
            f"The reminder {shown.short} is for {number:,} participants, but --expect is"
            f" {options.expect:,}. Nothing was sent. Check it again."
        )
        return FAILED
    RestoreGuard(store, context.connection, context.settings.folders).check()
    delivery = delivery_by(context.settings, options.way or shown.delivery.channel)
    found = approve(
        store,
        shown,
        delivery,
        by(),
        only_planned=options.only_planned,
        undo=0 if options.now else None,
        schedule=schedule_of(options),
    )
    if isinstance(found, ReminderDrift):
        return _ask_again(store, shown, found, as_json=options.json)
    queued = found.batch.number
    if found.drift.dropped or options.json:
        facts = {"plan": shown.hash, "queued": queued}
        _print(store, found.drift, (), as_json=options.json, **facts)
        if not options.json:
            say(
                f"{queued:,} of at most {number:,} planned recipients are reminded. The"
                " others can no longer be reminded."
            )
    return send_batch(context, found.batch.run, as_json=options.json)


def _ask_again(store: Store, shown: ReminderList, drift: ReminderDrift, *, as_json: bool) -> int:
    """Print what changed, and how to send the new list or the one that was shown."""
    now = drift.now
    if now.invites:
        reminder_list.keep(store, now, by())
    facts = {"plan": shown.hash, "new_plan": now.hash, "number": len(now.invites)}
    _print(store, drift, drift.added, as_json=as_json, **facts)
    said = f"The reminder {shown.short} has changed since you saw it. Nothing was sent."
    if as_json or not now.invites:
        say(said)
        return FAILED
    say(f"{said} To send all of this: {_how(now)}")
    if not drift.terms:
        say("To send only to the recipients you saw, add --only-planned.")
    return FAILED


def _how(shown: ReminderList) -> str:
    return f"panelist invites remind --plan {shown.short} --expect {len(shown.invites)}"


def _facts(shown: ReminderList) -> dict[str, object]:
    return {"plan": shown.hash, "number": len(shown.invites), "channel": shown.delivery.channel}


def _print(
    store: Store, drift: ReminderDrift, added: Sequence[int], *, as_json: bool, **facts: Any
) -> None:
    """Print who fell out and what else changed, and who of ``added`` would be reminded."""
    most = max(len(added), len(drift.dropped)) if as_json else MOST
    plus = named_changes(store, added[:most], PLUS)
    minus = named_changes(store, drift.dropped[:most], MINUS)
    shown = (plus, len(added)), (minus, len(drift.dropped))
    print_drift(drift.terms, *shown, as_json=as_json, **facts)
