"""``panelist invites mark``, ``resolve`` and ``opt-out``: record what a researcher heard.

A list is shown with its counts before anything is stored.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict

from app.commands.invites.invite_targets import find_invites
from app.commands.shared.console import confirmed, print_json, say
from app.commands.shared.context import find_study, open_context
from app.commands.shared.exit_codes import DONE, FAILED, WrongUse
from app.commands.shared.list_argument import named
from app.invites import contact_lists, lifecycle, opt_outs
from app.invites.housekeeping import follow
from app.invites.lists.list_columns import read_list
from app.invites.lists.list_status import by_status, status_words
from app.invites.operator import by, read_text
from app.text import plain


def mark_invites(options: argparse.Namespace) -> int:
    """Mark the invites of a list."""
    context = open_context(options.account)
    settings, store, connection = context
    if not options.file.strip():
        raise WrongUse(
            "No list was given. Nothing was changed. Give a file, or - for standard input."
        )
    study = find_study(context, options.study).id if options.study else None
    listed = read_list(read_text(options.file, guess=True), options.where)
    listed.check()
    others = Counter[str]()
    names = listed.values
    if options.where is None:
        names, others = by_status(listed, options.state)
    found = contact_lists.match(store, connection, names, study)
    stays = lifecycle.staying(store, connection, found.invites, options.state)
    if not options.json:
        say(listed.words)
        for said in status_words(listed, others) if options.where is None else ():
            say(said)
        _print_rest(ambiguous=found.ambiguous, unknown=found.unknown)
    ambiguous = f"{len(found.ambiguous):,} {'is' if len(found.ambiguous) == 1 else 'are'} ambiguous"
    question = (
        f"{len(found.invites) - sum(stays.values()):,} would be marked {options.state}."
        f" {lifecycle.staying_words(stays, would=True)} {ambiguous},"
        f" {len(found.unknown):,} unknown."
    )
    agreed = confirmed(question, yes=options.yes, dry_run=options.dry_run)
    moved = 0
    if agreed:
        moved = lifecycle.mark(
            store, connection, found.invites, options.state, by(), "marked from a list"
        )
        follow(store, settings.folders)
    stayed = len(found.invites) - moved
    if options.json:
        left_out = {"column": listed.column, "left_out": dict(others), "confirmed": agreed}
        counts = {"marked": moved, "stayed": stayed, "stayed_by_state": stays}
        print_json({**asdict(found), **counts, "unread": listed.unread, **left_out})
    elif agreed:
        say(f"{moved:,} marked {options.state}. {lifecycle.staying_words(stays)}")
    if options.dry_run:
        return DONE
    whole = not found.ambiguous and not found.unknown and not {*stays} - {options.state}
    return DONE if moved and whole else FAILED


def _print_rest(**kinds: tuple[str, ...]) -> None:
    for kind, values in kinds.items():
        for value in values:
            print(f"{kind}: {plain(value, 200)}")


def resolve_invite(options: argparse.Namespace) -> int:
    """Record whether an uncertain invite arrived."""
    context = open_context(options.account)
    _, store, connection = context
    invites, _ = find_invites(context, str(options.invite), None)
    moved = lifecycle.resolve(store, connection, invites, options.what == "arrived", by())
    if not moved:
        say(f"Invite {options.invite} is not uncertain. Nothing was changed.")
        return FAILED
    say(
        "It arrived."
        if options.what == "arrived"
        else "It did not arrive. The participant can be invited again."
    )
    return DONE


def opt_out(options: argparse.Namespace) -> int:
    """Never invite these mailboxes again, to any study of any account. Every address in the text
    counts, wherever it stands."""
    settings, store, connection = open_context(options.account)
    text, typed = named(options.who)
    found = contact_lists.opt_out_list(store, text, options.where)
    boxes, unknown = found.boxes, found.unknown
    facts = {"unknown": unknown, "notes": found.said[1:]}
    if not options.json:
        for said in found.said[1:] if typed else found.said:
            say(said)
        for value in () if typed else unknown:
            print(f"no address: {plain(value, 200)}")
    number = "1 mailbox" if len(boxes) == 1 else f"{len(boxes):,} mailboxes"
    question = f"{number} would be opted out of all studies."
    if not confirmed(question, yes=options.yes or typed, dry_run=options.dry_run):
        if options.json:
            print_json({"opted_out": 0, "new": 0, **facts, "confirmed": False})
        return DONE if options.dry_run else FAILED
    new = opt_outs.record(
        store, connection, boxes, "opted_out", by(), None if typed else "from a list"
    )
    follow(store, settings.folders)
    if options.json:
        print_json({"opted_out": len(boxes), "new": new, **facts, "confirmed": True})
    else:
        say(opt_outs.opted_out_words(len(boxes), new))
        if typed and new:
            say("To undo a mistake, run panelist invites lift opt-out ADDRESS --reason TEXT.")
        for value in unknown if typed else ():
            print(f"no address: {plain(value, 200)}")
    return FAILED if unknown else DONE
