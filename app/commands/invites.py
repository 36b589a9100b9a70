"""``panelist invites``: who was invited, what became of it, and who is never to be asked again."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from app.cli import FAILED, NOT_CONNECTED
from app.commands.common import say
from app.commands.progress import counted
from app.commands.studies import find_study, here
from app.db.store import open_store
from app.invites import contact_lists as listed
from app.invites import erasure
from app.invites import lifecycle as life
from app.invites import opt_outs as optouts
from app.invites.errors import StudyProblem
from app.invites.exports import of_invites
from app.invites.housekeeping import tidy
from app.invites.invite_log import invite_ids
from app.invites.operator import by, read_text
from app.invites.restore_guard import RestoreGuard
from app.invites.sending import reminders
from app.invites.sending.factory import default_channel
from app.panel.export.writer import Line, write, writing
from app.settings import load
from app.text import plain, when


def invites(options: argparse.Namespace) -> int:
    """The log, the newest first."""
    settings = load()
    store = open_store(settings)
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    if options.trust:
        RestoreGuard(store, connection, settings.home).accept(by())
        say("This database is trusted: it may send again.")
        return 0
    tidy(store, settings.home)
    for state in options.state or ():
        if state not in life.MOVES:
            raise StudyProblem(f"There is no state {plain(state)}; say {', '.join(life.MOVES)}.")
    study = find_study(store, connection, options.study).id if options.study else None
    ids = invite_ids(
        store, connection, study_id=study, states=options.state or (), text=options.search
    )
    with writing(options.output) as out:
        source = of_invites(store, ids)
        lines = counted(source.lines(False), source.number, options.output)
        if options.json or options.csv:
            write(out, source.columns, lines, "json" if options.json else "csv")
            return 0
        for line in lines:
            out.write(_words(line) + "\n")
    return 0


def _words(line: Line) -> str:
    at = line["sent_at"] or line["queued_at"]
    more = plain(line["reason"] or line["answer"] or "", 60)
    return (
        f"{line['id']:>7} {when(at):<12} {plain(line['state'], 12):<12}"
        f" {plain(line['address'] or 'erased', 34):<34} {plain(line['study'], 30)}  {more}".rstrip()
    )


def invites_mark(options: argparse.Namespace) -> int:
    """Say what became of those in a list."""
    store = open_store(load())
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    study = find_study(store, connection, options.study).id if options.study else None
    found = listed.match(store, connection, read_text(options.file), study)
    moved = life.mark(store, connection, found.invites, options.state, by(), "marked from a list")
    stayed = len(found.invites) - moved
    if options.json:
        told = {**asdict(found), "marked": moved, "stayed": stayed}
        print(json.dumps(told))
    else:
        say(
            f"{moved:,} marked {options.state}; {stayed:,} stay as they are;"
            f" {len(found.ambiguous):,} ambiguous, {len(found.unknown):,} unknown."
        )
        for kind in ("ambiguous", "unknown"):
            for line in getattr(found, kind):
                print(f"{kind}: {plain(line, 200)}")
    return FAILED if found.ambiguous or found.unknown else 0


def invites_resolve(options: argparse.Namespace) -> int:
    """Say whether an uncertain one arrived."""
    store = open_store(load())
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    moved = life.resolve(store, connection, [options.invite], options.what == "arrived", by())
    if not moved:
        say(f"Invite {options.invite} is not uncertain. Nothing was changed.")
        return FAILED
    say("It arrived." if options.what == "arrived" else "It did not arrive; it may be asked again.")
    return 0


def invites_opt_out(options: argparse.Namespace) -> int:
    """Never write to these mailboxes again, in any study."""
    settings = load()
    store = open_store(settings)
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    said = options.who
    text = said if "@" in said and not Path(said).exists() else read_text(said)
    boxes, unknown = listed.mailboxes(store, connection, text)
    new = optouts.record(store, connection, boxes, "opted_out", by(), "from a list")
    RestoreGuard(store, connection, settings.home).follow()
    if options.json:
        print(json.dumps({"opted_out": len(boxes), "new": new, "unknown": unknown}))
    else:
        say(f"{len(boxes):,} mailboxes are not written to any more, {new:,} of them from now on.")
        for line in unknown:
            print(f"no address: {plain(line, 200)}")
    return FAILED if unknown else 0


def invites_remind(options: argparse.Namespace) -> int:
    """One reminder to those who have not answered."""
    from app.commands.invite import send_run

    settings = load()
    store = open_store(settings)
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    tidy(store, settings.home)
    study = find_study(store, connection, options.study)
    number = reminders.waiting(store, study.id)
    if not options.yes:
        say(f"A reminder would go to {number:,} people. Say --yes --expect {number} to send it.")
        return 0
    if options.expect is None:
        say("Say with --expect how many you expect to remind. Nothing was sent.")
        return FAILED
    RestoreGuard(store, connection, settings.home).check()
    way = options.way or default_channel(settings)
    undo = 0 if options.now else None
    queued = reminders.queue(store, study.id, way, options.expect, by(), undo=undo)
    return send_run(store, settings, connection, queued.run, options)


def erase(options: argparse.Namespace) -> int:
    """Erase a person in four hours, or let them stay."""
    settings = load()
    store = open_store(settings)
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    tidy(store, settings.home)
    if options.undo:
        erasure.take_back(store, connection, options.person, by())
        say("They stay. Invites that ended with it stay ended.")
        return 0
    due = erasure.request(store, connection, options.person, by())
    RestoreGuard(store, connection, settings.home).follow()
    say(
        f"Their invites ended, and they are erased at {when(due.due_at)}, as soon as a Panelist"
        " runs then; until then --undo takes it back. The customer in Stripe is not touched."
    )
    return 0
