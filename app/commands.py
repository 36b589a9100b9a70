"""What each command does. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import platform
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from app import __version__, log, paths
from app.cli import FAILED, NOT_CONNECTED
from app.db import connections
from app.db.store import Store, open_store
from app.panel.overview import Overview, overview, status_json
from app.panel.participants import participants as people
from app.panel.segments import segments as all_segments
from app.settings import load
from app.text import csv_cell, plain, when


def app(_: argparse.Namespace) -> int:
    """The app."""
    settings = load()
    from app.tui import run

    store = open_store(settings)
    log.start(settings.home)
    return run(store, settings)


def demo(options: argparse.Namespace) -> int:
    """A sandbox and a throw-away home."""
    from app.demo import run

    return run(options.customers, options.seed, headless=options.headless)


def connect(options: argparse.Namespace) -> int:
    """Check a key and record its account."""
    settings = load()
    key = settings.stripe_key
    if options.key_stdin:
        key = sys.stdin.readline()
    if not key:
        _say("Give a restricted key: panelist connect --key-stdin, or set PANELIST_STRIPE_KEY.")
        return 2
    from app.sync.connect import check_key, connect

    store = open_store(settings)
    report = check_key(settings, key)
    connection = connect(store, report)
    if options.json:
        print(json.dumps(status_json(overview(store, connection))))
        return 0
    mode = "LIVE" if report.livemode else "TEST"
    print(f"Connected: {plain(report.account_name or report.account)} ({report.account}), {mode}.")
    for one in report.permissions:
        print(f"  {'yes' if one.granted else 'NO '}  {one.label}" + _cost(one.granted, one.cost))
    for warning in report.warnings:
        print(warning)
    print("The key was not kept. Fetch the customers with PANELIST_STRIPE_KEY set: panelist sync")
    return 0


def _cost(granted: bool, cost: str) -> str:
    return "" if granted else f": {cost}"


def sync(options: argparse.Namespace) -> int:
    """Fetch what is new, once or for as long as it runs."""
    settings = load()
    store = open_store(settings)
    if not settings.stripe_key:
        _say_no_key(overview(store))
        return NOT_CONNECTED
    log.start(settings.home)
    from app.sync.connect import KeyProblem, check_key, connect
    from app.sync.engine import ENDINGS, Engine, end_by_stripe
    from app.sync.stripe_api import Kind, StripeProblem

    # Here no keys wait for an answer, and the writer need not wait long for its turn.
    sys.setswitchinterval(0.0005)
    started = time.monotonic()
    try:
        report = check_key(settings, settings.stripe_key)
    except KeyProblem as problem:
        if problem.kind not in (Kind.REVOKED, Kind.EXPIRED):
            raise
        for connected, _, _ in connections.connected(store):
            end_by_stripe(store, connected, problem.kind)
        _say(f"{ENDINGS[problem.kind][1]} What was fetched stays usable.")
        return NOT_CONNECTED
    connection = connect(store, report)
    progress = Progress(store, connection, as_json=options.json)
    engine = Engine(store, settings, settings.stripe_key, connection, progress.on_change)
    stopped = False
    try:
        stopped = _run_until_signalled(engine.run(once=not options.follow, full=options.full))
    except StripeProblem as problem:
        if problem.kind not in ENDINGS:
            raise
        _say(f"{ENDINGS[problem.kind][1]} What was fetched stays usable.")
        return NOT_CONNECTED
    finally:
        progress.end()
    seconds = round(time.monotonic() - started, 2)
    _print_finished(overview(store, connection), engine.requests, seconds, options.json)
    if stopped:
        _say("Stopped. Everything fetched so far is kept; the next sync goes on from there.")
    return FAILED if stopped and not options.follow else 0


def _run_until_signalled(work: Any) -> bool:
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


class Progress:
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
                f"{step.name} {_progress(step.state, step.done, step.total)}"
                for step in view.steps
                if step.state not in ("pending", "skipped")
            )
            print("\r\x1b[2K" + " · ".join(parts), end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._terminal:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def _progress(state: str, done: int, total: int | None) -> str:
    if state == "running" and total is not None:
        return f"{done:,} of ≈ {total:,}"
    return f"{done:,}" + (" ✓" if state == "done" else "")


def status(options: argparse.Namespace) -> int:
    """Where the sync stands."""
    view = overview(open_store(load()))
    if options.json:
        print(json.dumps(status_json(view)))
        return 0
    connection = view.connection
    if connection is None:
        print("Not connected. Connect a Stripe account in the app, or try: panelist demo")
        return 0
    name = plain(connection.account_name or connection.account)
    print(f"{name} ({plain(connection.account)}), {connection.mode.upper()}: {connection.status}")
    print(
        f"{view.participants:,} participants, {view.with_email:,} with an email,"
        f" {view.deleted:,} deleted; {view.segments} segments"
    )
    for step in view.steps:
        print(f"  {step.name:<14}{step.state:<9}{_progress(step.state, step.done, step.total)}")
    print(
        f"Last look at Stripe: {when(connection.last_polled_at)}; {view.reads_30d:,} reads in"
        " 30 days"
    )
    for message in view.messages:
        print(f"{when(message.at)} {message.level}: {plain(message.text, 1000)}")
    return 0


def segments(options: argparse.Namespace) -> int:
    """Every segment with its count."""
    store = open_store(load())
    connection = overview(store).connection
    if connection is None:
        return _not_connected()
    views = all_segments(store, connection.id)
    if options.json:
        print(json.dumps([view.__dict__ for view in views]))
        return 0
    for view in views:
        print(f"{view.count:>11,}  {plain(view.name, 40):<40}  {plain(view.rule)}")
    return 0


def participants(options: argparse.Namespace) -> int:
    """The people, one a line."""
    store = open_store(load())
    connection = overview(store).connection
    if connection is None:
        return _not_connected()
    if options.segment is not None and options.segment not in {
        view.key for view in all_segments(store, connection.id)
    }:
        _say(f"There is no segment {plain(options.segment)!r}; panelist segments lists them.")
        return 2
    found = people(
        store,
        connection.id,
        segment=options.segment,
        search=options.search,
        deleted=options.deleted,
    )
    if options.json:
        for person in found:
            sys.stdout.write(json.dumps(person) + "\n")
    elif options.csv:
        _write_csv(found)
    else:
        for person in found:
            statuses = ", ".join(one["status"] for one in person["subscriptions"])
            print(
                f"{plain(person['stripe_id']):<20} {plain(person['name'], 28):<28}"
                f" {plain(person['email'], 32):<32} {plain(statuses, 40)}"
            )
    return 0


CSV_COLUMNS = ("stripe_id", "email", "name", "phone", "currency", "created", "deleted")


def _write_csv(found: Iterable[dict[str, Any]]) -> None:
    """A file gets the exact values; a terminal must not obey what stands in them."""
    writer = csv.writer(sys.stdout)
    terminal = sys.stdout.isatty()
    writer.writerow([*CSV_COLUMNS, "metadata", "subscriptions"])
    for person in found:
        cells = [csv_cell(person[column]) for column in CSV_COLUMNS]
        nested = (person["metadata"], person["subscriptions"])
        cells += [json.dumps(value, ensure_ascii=False) for value in nested]
        writer.writerow([plain(cell) for cell in cells] if terminal else cells)


def info(options: argparse.Namespace) -> int:
    """What somebody who is asked for help needs to know; no secret, no name, no email."""
    from importlib.metadata import version

    settings = load()
    store = open_store(settings)
    view = overview(store)
    facts: dict[str, Any] = {
        "panelist": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "textual": version("textual"),
        "home": str(settings.home),
        "settings_file": str(paths.settings_file(settings.home)),
        "log": str(paths.log_file(settings.home)),
        "database": store.where,
        "stripe_api": settings.stripe_api_base,
        "key": "from PANELIST_STRIPE_KEY, not stored" if settings.stripe_key else "none",
        "status": view.connection.status if view.connection else "not connected",
        "quarantined": [
            {"listing": listing, "id": plain(key), "reason": plain(reason)}
            for listing, key, reason in store.rows(
                "SELECT listing, stripe_id, reason FROM quarantine ORDER BY 1, 2 LIMIT 100"
            )
        ],
    }
    if options.json:
        print(json.dumps(facts))
        return 0
    for name, value in facts.items():
        print(f"{name:<14} {plain(value) if name != 'quarantined' else len(value)}")
    for bad in facts["quarantined"]:
        print(f"  {bad['listing']} {bad['id']}: {bad['reason']}")
    return 0


def _not_connected() -> int:
    _say("Not connected. Connect a Stripe account in the app, or try: panelist demo")
    return NOT_CONNECTED


def _say_no_key(view: Overview) -> None:
    if view.connection and view.connection.status != "disconnected":
        name = plain(view.connection.account_name or view.connection.account)
        _say(f"{name} is connected, but there is no key here. Set PANELIST_STRIPE_KEY.")
    else:
        _say("Not connected. Set PANELIST_STRIPE_KEY to a restricted key, or try: panelist demo")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
