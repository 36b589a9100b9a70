"""``panelist demo``: a sandbox Stripe and a throw-away home, so that nothing can go wrong.

The sandbox is a process of its own that ends with this one; the home is a temporary folder
that is deleted at the end.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path

from app import log
from app.db.store import Store, open_store
from app.panel.overview import Overview, RecentChange, overview, recent_changes
from app.panel.segments.views import segments
from app.settings import RequestRate, Settings
from app.text import plain

CHANGES_A_MINUTE = 20
POLL_SECONDS = 3.0  # the sandbox has no read allocation to save
HEADLESS_CHANGES = 3
HEADLESS_SECONDS = 120.0
INVITED = 5
BY = "the demo"
LETTER = {
    "link": "https://interviews.example/pricing?guest={{token}}",
    "sender_name": "Rosa Researcher",
    "sender_address": "research@example.com",
}


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: where it is, the restricted key it knows, and the OAuth app that is
    registered there."""

    url: str
    key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str


class SandboxProblem(Exception):
    """The sandbox did not start; the text says why."""


def run(customers: int, seed: int, *, headless: bool) -> int:
    """Run the demo, in the app or without a terminal; the exit code."""
    with (
        tempfile.TemporaryDirectory(prefix="panelist-demo-") as home,
        _sandbox(customers, seed) as sandbox,
    ):
        settings = Settings(
            home=Path(home),
            stripe_api_base=sandbox.url,
            stripe_client_id=sandbox.client_id,
            stripe_client_secret=sandbox.client_secret,
            stripe_authorize_url=sandbox.authorize_url,
            token_store="session",
            rate=RequestRate(None, None),
            poll_seconds=POLL_SECONDS,
        )
        store = open_store(settings)
        log.start(settings.home)
        if headless:
            return _headless(store, settings, sandbox)
        from app.tui import Demo
        from app.tui import run as run_app

        return run_app(store, settings, Demo(sandbox.key, sandbox.url, customers))


@contextlib.contextmanager
def _sandbox(customers: int, seed: int) -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "app", "sandbox", "--json", "--with-parent"]
    command += ["--customers", str(customers), "--seed", str(seed)]
    command += ["--live-changes", str(CHANGES_A_MINUTE)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise SandboxProblem("The sandbox did not start; run “panelist sandbox” to see why.")
        started = json.loads(line)
        yield Sandbox(**{one.name: started[one.name] for one in fields(Sandbox)})
    finally:
        process.terminate()
        process.wait()


def _headless(store: Store, settings: Settings, sandbox: Sandbox) -> int:
    """Connect, sync, wait for a few live changes, and print what was done."""
    from app.sync.auth.connect import check_key, connect, offered
    from app.sync.engine import Engine

    print(f"A sandbox Stripe listens on {sandbox.url}.", flush=True)
    report = check_key(settings, sandbox.key)
    connection = connect(store, report)
    print(f"Connected its account {plain(report.account)} in TEST mode.", flush=True)
    shown: list[str] = []
    committed: queue.SimpleQueue[None] = queue.SimpleQueue()
    engine = Engine(
        store, settings, offered(sandbox.key).access, connection, lambda _: committed.put(None)
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
                print("Its folder is deleted now. Without --headless you do this in the app.")
                return 0
            if not engine.running:
                break
    finally:
        engine.stop()
    print(f"The demo did not get to its end: {plain(engine.activity.doing)}", file=sys.stderr)
    return 1


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
    """Invite a few of the active subscribers to a study, into the local mailbox."""
    from app.credentials.factory import open_credentials
    from app.invites import studies
    from app.invites.plan import frozen, plan
    from app.invites.plan.options import Options
    from app.invites.plan.outcomes import Outcome
    from app.invites.sending import outbox, runs
    from app.invites.sending.factory import open_sender

    key = studies.create(store, connection, "Pricing page", BY, **LETTER)
    studies.attach(store, key, ["active"], [], BY)
    studies.move(store, key, "active", BY)
    sample = Options(("active",), take="random", number=INVITED, seed="7f3a")
    made = plan.make(store, studies.get(store, key), sample)
    print(f"A study asks {INVITED} of the {len(made):,} active subscribers, drawn by a seed:")
    for outcome in Outcome:
        if number := made.counts()[outcome]:
            print(f"{number:>9,}  {outcome.words}")
    queued = outbox.queue(store, frozen.freeze(store, made, BY), "eml", BY)
    sender = open_sender(store, settings, open_credentials(settings), connection)
    sender.work(threading.Event(), lambda: (queued.run,))
    now = runs.view(store, queued.run)
    print(f"{now.words.capitalize()}, as files in {settings.home / 'mailbox'}.")
