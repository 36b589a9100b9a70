"""``panelist status``: prints the state of the sync."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from app.commands.arguments import add_account, add_json
from app.commands.console import print_json
from app.commands.context import NO_CONNECTION, find_connection
from app.commands.exit_codes import DONE
from app.commands.progress import step_words

if TYPE_CHECKING:
    from app.db.store import Store
    from app.invites.sending.runs import RunView
    from app.panel.overview import ConnectionView, Overview
    from app.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    add_account(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the state. An account that is not connected is not a failure."""
    from app.credentials.factory import open_credentials
    from app.db.store_factory import open_store
    from app.invites.sending.runs import open_runs
    from app.invites.sending.send_queue import queue_json
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
            _print_batch(store, settings, run)
    return DONE


def _print_batch(store: Store, settings: Settings, run: RunView) -> None:
    """Print a batch that is not finished, and what it waits for."""
    from app.invites.sending.factory import quiet_hours, refusal
    from app.invites.sending.schedule import timing_words
    from app.invites.sending.send_queue import batch_words
    from app.text import plain

    said = [run.state, run.words, timing_words(run, quiet_hours(settings), time.time())]
    if run.trouble:
        said.append(plain(run.trouble, 1000))
    elif run.state == "running" and refusal(settings, run) is not None:
        said.append(f"by {run.server}" if run.server else "on another computer")
    print(f"{batch_words(store, run)}: {'; '.join(part for part in said if part)}")


def _print_status(view: Overview, connection: ConnectionView, token_store: str) -> None:
    from app.text import plain, when

    name = plain(connection.account_name or connection.account)
    print(f"{name} ({plain(connection.account)}), {connection.mode.upper()}: {connection.status}")
    print(
        f"{view.participants:,} participants, {view.with_email:,} with an email,"
        f" {view.deleted:,} deleted; {view.segments} segments"
    )
    for step in view.steps:
        words = step_words(step.state, step.done, step.total, step.back_to)
        print(f"  {step.name:<14}{step.state:<9}{words}")
    print(
        f"Last look at Stripe: {when(connection.last_polled_at)}; {view.reads_30d:,} reads in"
        " 30 days"
    )
    print(f"Access is kept in: {plain(token_store)}")
    for message in view.messages:
        print(f"{when(message.at)} {message.level}: {plain(message.text, 1000)}")
