"""``panelist status``: prints the state of the sync."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from app.commands.shared.arguments import add_account, add_json
from app.commands.shared.console import print_json
from app.commands.shared.context import NO_CONNECTION, find_connection
from app.commands.shared.exit_codes import DONE
from app.commands.shared.progress import step_words

if TYPE_CHECKING:
    from app.panel.overview import ConnectionView, Overview


EXAMPLES = {
    "status": ("status", "status --json"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    add_account(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the state. An account that is not connected is not a failure."""
    from app.credentials.factory import open_credentials
    from app.db.engines.store_factory import open_store
    from app.invites.sending.runs import open_runs
    from app.invites.sending.send_queue import batch_line, queue_json
    from app.panel.overview import overview, status_json
    from app.settings import load

    settings = load()
    store = open_store(settings)
    connection = find_connection(store, options.account)
    view = overview(store, connection.id if connection else None)
    queue = queue_json(store, settings, connection.id) if connection else []
    if options.json:
        print_json({**status_json(view), "queue": queue})
    elif view.connection is None:
        print(NO_CONNECTION)
    else:
        _print_status(view, view.connection, open_credentials(settings).described())
        for run in open_runs(store, view.connection.id):
            print(batch_line(store, settings, run, time.time()))
    return DONE


def _print_status(view: Overview, connection: ConnectionView, token_store: str) -> None:
    from app.commands.shared.columns import styled
    from app.panel.overview import lost_words
    from app.text import plain, when

    account, name = plain(connection.account), plain(connection.account_name)
    named = f"{name} ({account})" if name else account
    line = f"{named}, {connection.mode.upper()}: {connection.status}"
    print(styled(sys.stdout, line, "bold"))
    print(
        f"{view.participants:,} participants, {view.with_email:,} with an email,"
        f" {view.deleted:,} deleted; {view.segments} segments"
    )
    if view.lost:
        print(lost_words(view))
    for step in view.steps:
        words = step_words(step.state, step.done, step.total, step.back_to)
        print(f"  {step.name:<14}{step.state:<9}{words}")
    print(f"Last checked: {when(connection.last_polled_at)}")
    print(f"API requests: {view.reads_30d:,} in 30 days")
    print(f"Credential storage: {plain(token_store)}")
    for message in view.messages:
        print(f"{when(message.at)} {message.level}: {plain(message.text, 1000)}")
