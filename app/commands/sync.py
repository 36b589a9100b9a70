"""``panelist sync``: fetch what is new, once or for as long as it runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import Counter
from contextlib import nullcontext
from typing import Any

from app import log
from app.cli import FAILED, NOT_CONNECTED
from app.commands.common import progress
from app.commands.stripe_access import NotConnected, kept_access
from app.credentials.factory import open_credentials
from app.db import connections
from app.db.index_builder import IndexBuilder
from app.db.store import Store, open_store
from app.invites.housekeeping import Housekeeping
from app.panel.overview import Overview, overview
from app.runtime import tune_interpreter
from app.settings import load
from app.sync.auth.connect import KeyProblem, check, connect, offered, recognised
from app.sync.engine import ENDINGS, Change, Engine, end_by_stripe
from app.sync.service import SyncService
from app.sync.stripe.access import Access
from app.sync.stripe.client import ProblemKind, StripeProblem
from app.text import plain


def sync(options: argparse.Namespace) -> int:
    """Fetch what is new, once or for as long as it runs."""
    settings = load()
    store = open_store(settings)
    log.start(settings.home)
    tune_interpreter()
    started = time.monotonic()
    try:
        connection, access = way_in(SyncService(store, settings, open_credentials(settings)))
    except NotConnected as why:
        print(why, file=sys.stderr)
        return NOT_CONNECTED
    shown = SyncProgress(store, connection, as_json=options.json)
    stopped = False
    try:
        keeping = IndexBuilder(store) if options.follow else nullcontext()
        with Housekeeping(store, settings.home), keeping as upkeep:

            def on_change(change: Change) -> None:
                shown.on_change(change)
                if upkeep is not None:
                    upkeep.wake()

            engine = Engine(store, settings, access, connection, on_change)
            stopped = run_until_signalled(engine.run(once=not options.follow, full=options.full))
    except StripeProblem as problem:
        if problem.kind not in ENDINGS:
            raise
        print(f"{ENDINGS[problem.kind][1]} What was fetched stays usable.", file=sys.stderr)
        return NOT_CONNECTED
    finally:
        shown.end()
    seconds = round(time.monotonic() - started, 2)
    _print_finished(overview(store, connection), engine.requests, seconds, options.json)
    if stopped:
        print(
            "Stopped. Everything fetched so far is kept; the next sync goes on from there.",
            file=sys.stderr,
        )
    return FAILED if stopped and not options.follow else 0


def way_in(service: SyncService) -> tuple[int, Access]:
    """The connection to sync, and the access to do it with: by the key in the environment, else
    what is kept for the account that is connected. Blocks for as long as Stripe and a keyring
    take. Raises NotConnected, and all of what service.PROBLEMS names."""
    return _by_key(service) or kept_access(service)


def _by_key(service: SyncService) -> tuple[int, Access] | None:
    """The account of the key in the environment, which is never kept; None without a key."""
    store, settings = service.store, service.settings
    if not settings.stripe_key:
        return None
    offer = offered(settings.stripe_key)
    try:
        known = recognised(settings, store, offer)
        if known is not None:
            return known, offer.access
        report = check(settings, offer)
    except KeyProblem as problem:
        if problem.kind not in (ProblemKind.REVOKED, ProblemKind.EXPIRED):
            raise
        for connected, _, _ in connections.connected(store):
            end_by_stripe(store, connected, problem.kind, offer.access)
        text = f"{ENDINGS[problem.kind][1]} What was fetched stays usable."
        raise NotConnected(text) from None
    return connect(store, report), offer.access


def run_until_signalled(work: Any) -> bool:
    """Run a coroutine to its end, or until SIGINT or SIGTERM; True if it was stopped."""

    async def main() -> bool:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return True
        return False

    return asyncio.run(main())


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
        print(json.dumps(finished), flush=True)
        return
    total = sum(requests.values())
    print(
        f"{status}: {view.participants:,} participants ({view.with_email:,} with an email),"
        f" {view.segments} segments; {total:,} requests in {seconds:g} s."
    )
    for message in view.messages:
        if message.level != "info":
            print(f"{message.level}: {plain(message.text, 1000)}")
    if view.quarantined:
        print(f"{view.quarantined} objects could not be stored (panelist info lists them).")


class SyncProgress:
    """Shows how far a sync is: a JSON object a line, or one line on a terminal."""

    def __init__(self, store: Store, connection_id: int, *, as_json: bool) -> None:
        self._store = store
        self._connection_id = connection_id
        self._json = as_json
        self._shown = 0.0
        self._terminal = sys.stderr.isatty() and not as_json

    def on_change(self, _: object) -> None:
        """Called after every commit; shows something twice a second at most."""
        now = time.monotonic()
        if now - self._shown < 0.5 or not (self._json or self._terminal):
            return
        self._shown = now
        view = overview(self._store, self._connection_id)
        if self._json:
            steps = {
                step.name: {"state": step.state, "done": step.done, "total": step.total}
                for step in view.steps
            }
            status = view.connection and view.connection.status
            line = {"type": "progress", "status": status, "participants": view.participants}
            print(json.dumps({**line, "steps": steps}), flush=True)
        else:
            parts = (
                f"{step.name} {progress(step.state, step.done, step.total)}"
                for step in view.steps
                if step.state not in ("pending", "skipped")
            )
            print("\r\x1b[2K" + " · ".join(parts), end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._terminal:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
