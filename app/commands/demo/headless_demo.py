"""``panelist demo --headless``: runs the demo without a terminal."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time

from app.commands.shared.exit_codes import DONE, FAILED
from app.credentials.factory import open_credentials
from app.db.store import Store
from app.invites import studies
from app.invites.plan import frozen, plan
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from app.invites.sending import outbox, runs
from app.invites.sending.factory import open_sender
from app.panel.overview import Overview, RecentChange, overview, recent_changes
from app.panel.segments.views import segments
from app.settings import Settings
from app.sync.auth.connect import connect
from app.sync.auth.key_check import access_by_key, check_key
from app.sync.engine import Engine
from app.text import plain

HEADLESS_CHANGES = 3
HEADLESS_SECONDS = 120.0
INVITED = 5
BY = "the demo"
LETTER = {
    "link": "https://interviews.example/pricing?guest={{token}}",
    "sender_name": "Rosa Researcher",
    "sender_address": "research@example.com",
}


def run_headless(store: Store, settings: Settings, url: str, key: str) -> int:
    """Connect to the sandbox at ``url`` with its ``key``, sync, wait for a few live changes,
    invite, and print what was done. Returns the exit code."""
    print(f"The sandbox is listening on {url}.", flush=True)
    report = check_key(settings, key)
    connection = connect(store, report)
    print(f"Connected its account {plain(report.account)} in TEST mode.", flush=True)
    shown: list[str] = []
    committed: queue.SimpleQueue[None] = queue.SimpleQueue()
    engine = Engine(
        store, settings, access_by_key(key).access, connection, lambda _: committed.put(None)
    )
    engine.start()
    try:
        deadline = time.monotonic() + HEADLESS_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                committed.get(timeout=0.5)
            view = overview(store, connection)
            _show_status(view, shown)
            changes = recent_changes(store, connection)
            if shown[-1:] == ["complete"] and len(changes) >= HEADLESS_CHANGES:
                _show_panel(store, view, changes)
                engine.stop()
                _invite(store, settings, connection)
                print(
                    "The demo's folder is deleted now. Without --headless you do this in the app."
                )
                return DONE
            if not engine.running:
                break
    finally:
        engine.stop()
    print(f"The demo did not finish: {plain(engine.activity.doing)}", file=sys.stderr)
    return FAILED


def _show_status(view: Overview, shown: list[str]) -> None:
    status = view.connection.status if view.connection else ""
    if status not in shown:
        shown.append(status)
        print(f"{status}: {view.participants:,} participants", flush=True)


def _show_panel(store: Store, view: Overview, changes: list[RecentChange]) -> None:
    assert view.connection
    for segment in segments(store, view.connection.id):
        print(f"{segment.count:>9,}  {plain(segment.name, 50)}")
    print(f"Live changes since then ({len(changes)}):")
    for change in changes[:HEADLESS_CHANGES]:
        name = f" ({plain(change.name, 40)})" if change.name else ""
        print(f"  {plain(change.type)} {plain(change.object_id)}{name}")


def _invite(store: Store, settings: Settings, connection: int) -> None:
    """Invite a few active subscribers to a study, as local files."""
    key = studies.create(store, connection, "Pricing page", BY, **LETTER)
    studies.attach(store, key, ["active"], [], BY)
    studies.move(store, key, "active", BY)
    sample = Options(("active",), take="random", number=INVITED, seed="7f3a")
    made = plan.make(store, studies.get(store, key), sample)
    print(
        f"A study invites {INVITED} of the {len(made):,} active subscribers, selected at"
        " random with a seed:"
    )
    for outcome in Outcome:
        if number := made.counts()[outcome]:
            print(f"{number:>9,}  {outcome.words}")
    queued = outbox.queue(store, frozen.freeze(store, made, BY), "eml", BY)
    sender = open_sender(store, settings, open_credentials(settings))
    sender.work(threading.Event(), lambda run: run.id == queued.run)
    now = runs.view(store, queued.run)
    print(f"{now.words.capitalize()}, as files in {settings.home / 'mailbox'}.")
