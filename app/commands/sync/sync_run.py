"""Syncs in the foreground and prints the progress."""

from __future__ import annotations

import argparse
import signal
import time
from collections import Counter
from contextlib import nullcontext

from app import log
from app.commands.shared.console import print_json, say
from app.commands.shared.exit_codes import DONE, FAILED, NotConnected
from app.commands.shared.progress import Progress, step_words
from app.commands.shared.signals import interrupt_on, run_until_signalled
from app.commands.shared.stripe_access import reached_access, sync_access
from app.commands.shared.sync_trouble import SyncTrouble
from app.credentials.factory import open_credentials
from app.db.engines.store_factory import open_store, open_store_patiently
from app.db.errors import DatabaseProblem
from app.db.indexes.index_builder import IndexBuilder
from app.db.store import Store
from app.invites.housekeeping import Housekeeping
from app.notices.notice_loop import NoticeLoop
from app.panel.overview import Overview, overview
from app.runtime import tune_interpreter
from app.settings import Settings, load
from app.sync.ended_access import ENDINGS
from app.sync.engine import Change, Engine
from app.sync.service import SyncService
from app.sync.stripe.access import Access
from app.sync.stripe.client import StripeProblem
from app.text import plain


def run_sync(options: argparse.Namespace) -> int:
    """Fetch what is new and return the exit code."""
    settings = load()
    try:
        store, connection, access = _opened(settings, follow=options.follow)
    except KeyboardInterrupt:
        if not options.follow:
            raise
        say("Stopped. Nothing was synced.")
        return DONE
    tune_interpreter()
    started = time.monotonic()
    shown = SyncProgress(store, connection, as_json=options.json)
    stopped = False
    try:
        keeping = IndexBuilder(store) if options.follow else nullcontext()
        with (
            Housekeeping(store, settings.folders),
            NoticeLoop(store, settings),
            keeping as upkeep,
        ):

            def on_change(change: Change) -> None:
                shown.on_change(change)
                shown.on_activity(engine.activity)
                if upkeep is not None:
                    upkeep.wake()

            engine = Engine(store, settings, access, connection, on_change)
            stopped = run_until_signalled(engine.run(once=not options.follow, full=options.full))
    except StripeProblem as problem:
        if problem.kind not in ENDINGS:
            raise
        raise NotConnected(
            f"{ENDINGS[problem.kind][1]} Existing data is still available."
        ) from problem
    finally:
        shown.clear()
    seconds = round(time.monotonic() - started, 2)
    _print_finished(overview(store, connection), engine.requests, seconds, options.json)
    if stopped:
        say("Stopped. Everything synced so far is kept. The next sync continues from there.")
    return FAILED if stopped and not options.follow else DONE


def _opened(settings: Settings, *, follow: bool) -> tuple[Store, int, Access]:
    """The database, the connection to sync and its access. A sync that follows waits for all of
    them, because it may start before the network."""
    if follow:
        interrupt_on(signal.SIGTERM)
    store = open_store_patiently(settings, say) if follow else open_store(settings)
    log.start(settings.home)
    service = SyncService(store, settings, open_credentials(settings))
    connection, access = (reached_access if follow else sync_access)(service)
    return store, connection, access


def _print_finished(view: Overview, requests: Counter[str], seconds: float, as_json: bool) -> None:
    status = view.connection.status if view.connection else None
    if as_json:
        finished = {
            "type": "finished",
            "status": status,
            "participants": view.participants,
            "requests": dict(requests),
            "seconds": seconds,
        }
        print_json(finished)
        return
    total = sum(requests.values())
    print(
        f"{status}: {view.participants:,} participants ({view.with_email:,} with an email),"
        f" {view.segments} segments, {total:,} requests in {seconds:g} s."
    )
    for message in view.messages:
        if message.level != "info":
            print(f"{message.level}: {plain(message.text, 1000)}")
    if view.quarantined:
        print(f"{view.quarantined} objects could not be stored. To list them, run panelist info.")


class SyncProgress:
    """Shows the progress of a sync."""

    def __init__(self, store: Store, connection: int, *, as_json: bool) -> None:
        self._store = store
        self._connection = connection
        self._progress = Progress(as_json=as_json)
        self._began = time.monotonic()
        self._before: dict[str, tuple[int, float]] = {}  # objects of each step, and when
        self.clear = self._progress.clear
        self.on_activity = SyncTrouble(self.clear).see

    def on_change(self, _: object) -> None:
        """Called after every commit."""
        if not self._progress.due:
            return
        try:
            view = overview(self._store, self._connection)
        except DatabaseProblem:
            return  # the sync meets it as well, and tries again
        self._progress.show(
            self._parts(view),
            status=view.connection and view.connection.status,
            participants=view.participants,
            steps={
                step.name: {
                    "state": step.state,
                    "done": step.done,
                    "total": step.total,
                    "complete_since_at": step.back_to,
                }
                for step in view.steps
            },
        )

    def _parts(self, view: Overview) -> list[str]:
        """The parts of the progress line: running steps first, each with its count and rate."""
        now = time.monotonic()
        parts = []
        for step in sorted(view.steps, key=lambda step: step.state != "running"):
            if step.state in ("pending", "skipped"):
                continue
            words = f"{step.name} {step_words(step.state, step.done, step.total, step.back_to)}"
            before, at = self._before.get(step.name, (0, self._began))
            if step.state == "running" and now > at and step.done > before:
                words += f", {(step.done - before) / (now - at):,.0f}/s"
            self._before[step.name] = (step.done, now)
            parts.append(words)
        return parts
