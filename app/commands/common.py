"""What each command does. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterator
from typing import Any

from app import __version__, log, paths
from app.cli import FAILED, NOT_CONNECTED
from app.credentials.factory import open_credentials
from app.db.store import Store, open_store
from app.db.subscription_indexes import left_out
from app.panel.export.writer import Line, write, writing
from app.panel.lists.selection import Condition
from app.panel.overview import accounts, overview, status_json
from app.panel.participants import participants as people
from app.panel.segments.memberships import place_json, place_words, places
from app.panel.segments.views import segments as all_segments
from app.settings import load, sources
from app.text import plain, when


def app(_: argparse.Namespace) -> int:
    """The app."""
    settings = load()
    from app.tui import run

    store = open_store(settings)
    log.start(settings.home)
    return run(store, settings)


def demo(options: argparse.Namespace) -> int:
    """A sandbox and a throw-away home."""
    from app.commands.demo import run

    return run(options.customers, options.seed, headless=options.headless)


def status(options: argparse.Namespace) -> int:
    """Where the sync stands."""
    settings = load()
    store = open_store(settings)
    view = overview(store, find_account(store, options.account))
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
        print(f"  {step.name:<14}{step.state:<9}{progress(step.state, step.done, step.total)}")
    print(
        f"Last look at Stripe: {when(connection.last_polled_at)}; {view.reads_30d:,} reads in"
        " 30 days"
    )
    print(f"Access is kept in: {plain(open_credentials(settings).described())}")
    for message in view.messages:
        print(f"{when(message.at)} {message.level}: {plain(message.text, 1000)}")
    return 0


def progress(state: str, done: int, total: int | None) -> str:
    if state == "running" and total is not None:
        return f"{done:,} of ≈ {total:,}"
    return f"{done:,}" + (" ✓" if state == "done" else "")


def segments(options: argparse.Namespace) -> int:
    """Every segment with its count."""
    store = open_store(load())
    connection = overview(store, find_account(store, options.account)).connection
    if connection is None:
        return not_connected()
    views = all_segments(store, connection.id)
    if options.json:
        promised = ("key", "name", "kind", "rule", "count", "with_email")
        print(json.dumps([{name: getattr(view, name) for name in promised} for view in views]))
        return 0
    for view in views:
        print(f"{view.count:>11,}  {plain(view.name, 40):<40}  {plain(view.rule)}")
    return 0


def participants(options: argparse.Namespace) -> int:
    """The people, one a line."""
    store = open_store(load())
    connection = overview(store, find_account(store, options.account)).connection
    if connection is None:
        return not_connected()
    if not is_segment(store, connection.id, options.segment):
        return 2
    if options.filter is not None and options.deleted:
        say("A filter never finds the deleted; leave out --deleted.")
        return 2
    if options.csv and options.history:
        say("History is a list for each person; leave out --csv, or ask for --json.")
        return 2
    where = None if options.filter is None else find_filter(store, connection.id, options.filter)
    if isinstance(where, int):
        return where
    found = people(
        store,
        connection.id,
        segment=options.segment,
        search=options.search,
        where=where,
        deleted=options.deleted,
    )
    with writing(None) as out:
        if options.csv:
            write(out, CSV_COLUMNS, found, "csv")
        elif options.json:
            lines = _with_history(store, connection.id, found) if options.history else found
            write(out, (), lines, "json")
        else:
            for person in found:
                had = places(store, connection.id, person["stripe_id"]) if options.history else []
                print(
                    _person_words(person), *(f"    {place_words(place)}" for place in had), sep="\n"
                )
    return 0


CSV_COLUMNS = (
    *("stripe_id", "email", "name", "phone", "currency", "created", "deleted"),
    *("metadata", "subscriptions"),
)


def _with_history(store: Store, connection_id: int, found: Iterator[Line]) -> Iterator[Line]:
    for person in found:
        had = places(store, connection_id, person["stripe_id"])
        yield {**person, "segments": [place_json(place) for place in had]}


def _person_words(person: Line) -> str:
    statuses = ", ".join(one["status"] for one in person["subscriptions"])
    return (
        f"{plain(person['stripe_id']):<20} {plain(person['name'], 28):<28}"
        f" {plain(person['email'], 32):<32} {plain(statuses, 40)}"
    )


def is_segment(store: Store, connection_id: int, key: str | None) -> bool:
    """Whether there is a segment with this key, or none is asked for; else a person is told."""
    if key is None or key in {view.key for view in all_segments(store, connection_id)}:
        return True
    say(f"There is no segment {plain(key)!r}; panelist segments lists them.")
    return False


def find_filter(store: Store, connection_id: int, text: str) -> Condition | int:
    """What ``--filter`` says; or, when it cannot be used, the exit code after saying why."""
    from app.panel.filters.compile import compiled
    from app.panel.filters.errors import FilterError, pointed

    try:
        condition = compiled(text, store, connection_id, time.time())
    except FilterError as error:
        say(f"{plain(error.sentence, 1000)}\n{pointed(error)}")
        return 2
    if left_out(store):  # each person's would be looked for in all of them
        say("Subscriptions are still being fetched. Use a filter when Status says they are here.")
        return FAILED
    return condition


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
        "settings": sources(),
        "database": store.where,
        "stripe_api": settings.stripe_api_base,
        "key": "from PANELIST_STRIPE_KEY, not stored" if settings.stripe_key else "none",
        "credentials": open_credentials(settings).described(),
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
        if name == "settings":
            value = ", ".join(f"{one} ({where})" for one, where in value.items()) or "none set"
        print(f"{name:<14} {plain(value) if name != 'quarantined' else len(value)}")
    for bad in facts["quarantined"]:
        print(f"  {bad['listing']} {bad['id']}: {bad['reason']}")
    return 0


class UnknownAccount(Exception):
    """``--account`` names nobody; the text says who there is."""


def find_account(store: Store, named: str | None) -> int | None:
    """The connection that ``--account`` names; None for the newest."""
    if named is None:
        return None
    known = accounts(store)
    for one in known:
        if named in (one.account, f"{one.account}/{one.mode}"):
            return one.id
    names = ", ".join(f"{plain(one.account)}/{one.mode}" for one in known) or "none yet"
    raise UnknownAccount(f"There is no account {plain(named)!r} here. Those known: {names}.")


def not_connected() -> int:
    """Say so; the exit code."""
    say("Not connected. Connect a Stripe account in the app, or try: panelist demo")
    return NOT_CONNECTED


def say(text: str) -> None:
    """Tell a person, and not the reader of the results."""
    print(text, file=sys.stderr)
