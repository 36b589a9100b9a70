"""``panelist invites remind``: sends one reminder to participants who have not responded."""

from __future__ import annotations

import argparse

from app.commands.batch_sending import send_batch
from app.commands.console import say
from app.commands.context import find_study, open_context
from app.commands.exit_codes import DONE, WrongUse
from app.invites.housekeeping import tidy
from app.invites.operator import by
from app.invites.restore_guard import RestoreGuard
from app.invites.sending import reminders
from app.invites.sending.factory import delivery_by


def send_reminder(options: argparse.Namespace) -> int:
    """Send one reminder to participants who have not responded."""
    context = open_context(options.account)
    settings, store, connection = context
    tidy(store, settings.home)
    study = find_study(context, options.study)
    number = reminders.waiting(store, study.id)
    if not options.yes:
        say(f"A reminder would go to {number:,} people. Say --yes --expect {number} to send it.")
        return DONE
    if options.expect is None:
        raise WrongUse("Say with --expect how many you expect to remind. Nothing was sent.")
    RestoreGuard(store, connection, settings.home).check()
    delivery = delivery_by(settings, options.way)
    queued = reminders.queue(
        store,
        study.id,
        delivery.channel,
        options.expect,
        by(),
        undo=0 if options.now else None,
        server=delivery.server,
    )
    return send_batch(context, queued.run, as_json=options.json)
