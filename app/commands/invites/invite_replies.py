"""``panelist invites mark``, ``resolve`` and ``opt-out``: record what a researcher heard.

A list is shown with its counts before anything is stored.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict

from app.commands.console import confirmed, print_json, say
from app.commands.context import find_study, open_context
from app.commands.exit_codes import DONE, FAILED
from app.commands.invites.invite_targets import named
from app.invites import contact_lists, lifecycle, opt_outs
from app.invites.housekeeping import follow
from app.invites.list_addresses import addresses_in
from app.invites.list_columns import read_list
from app.invites.list_status import by_status, status_words
from app.invites.operator import by, read_text
from app.text import plain


def mark_invites(options: argparse.Namespace) -> int:
    """Mark the invites of a list."""
    context = open_context(options.account)
    settings, store, connection = context
    study = find_study(context, options.study).id if options.study else None
    listed = read_list(read_text(options.file, guess=True), options.where)
    others = Counter[str]()
    names = listed.values
    if options.where is None:
        names, others = by_status(listed, options.state)
    found = contact_lists.match(store, connection, names, study)
    may = lifecycle.can_mark(store, connection, found.invites, options.state)
    if not options.json:
        say(listed.words)
        for said in status_words(listed, others) if options.where is None else ():
            say(said)
        _print_rest(ambiguous=found.ambiguous, unknown=found.unknown)
    question = (
        f"{may:,} would be marked {options.state}. {len(found.invites) - may:,} would stay as they"
        f" are. {len(found.ambiguous):,} are ambiguous, {len(found.unknown):,} unknown."
    )
    agreed = confirmed(question, yes=options.yes)
    moved = 0
    if agreed:
        moved = lifecycle.mark(
            store, connection, found.invites, options.state, by(), "marked from a list"
        )
        follow(store, settings.home)
    stayed = len(found.invites) - moved
    if options.json:
        left_out = {"column": listed.column, "left_out": dict(others), "confirmed": agreed}
        print_json({**asdict(found), "marked": moved, "stayed": stayed, **left_out})
    elif agreed:
        say(f"{moved:,} marked {options.state}; {stayed:,} stay as they are.")
    return DONE if agreed and not found.ambiguous and not found.unknown else FAILED


def _print_rest(**kinds: tuple[str, ...]) -> None:
    for kind, values in kinds.items():
        for value in values:
            print(f"{kind}: {plain(value, 200)}")


def resolve_invite(options: argparse.Namespace) -> int:
    """Record whether an uncertain invite arrived."""
    _, store, connection = open_context(options.account)
    moved = lifecycle.resolve(store, connection, [options.invite], options.what == "arrived", by())
    if not moved:
        say(f"Invite {options.invite} is not uncertain. Nothing was changed.")
        return FAILED
    say("It arrived." if options.what == "arrived" else "It did not arrive; it may be asked again.")
    return DONE


def opt_out(options: argparse.Namespace) -> int:
    """Never invite these mailboxes again, to any study of any account. Every address in the text
    counts, wherever it stands."""
    settings, store, connection = open_context(options.account)
    text, typed = named(options.who)
    listed = read_list(text, options.where)
    names = listed.values
    if options.where is None:
        names += addresses_in(text)
    boxes, unknown = contact_lists.mailboxes(store, names)
    if not options.json and not typed:
        say(listed.words)
        for value in unknown:
            print(f"no address: {plain(value, 200)}")
    question = f"{len(boxes):,} mailboxes would not be written to any more, in any study."
    if not confirmed(question, yes=options.yes or typed):
        if options.json:
            print_json({"opted_out": 0, "new": 0, "unknown": unknown, "confirmed": False})
        return FAILED
    new = opt_outs.record(
        store, connection, boxes, "opted_out", by(), None if typed else "from a list"
    )
    follow(store, settings.home)
    if options.json:
        print_json({"opted_out": len(boxes), "new": new, "unknown": unknown, "confirmed": True})
    else:
        say(f"{len(boxes):,} mailboxes are not written to any more, {new:,} of them from now on.")
        for value in unknown if typed else ():
            print(f"no address: {plain(value, 200)}")
    return FAILED if unknown else DONE
