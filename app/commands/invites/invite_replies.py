"""``panelist invites mark``, ``resolve`` and ``opt-out``: record what a researcher heard."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from app.commands.console import print_json, say
from app.commands.context import find_study, open_context
from app.commands.exit_codes import DONE, FAILED
from app.invites import contact_lists, lifecycle, opt_outs
from app.invites.operator import by, read_text
from app.invites.restore_guard import RestoreGuard
from app.text import plain


def mark_invites(options: argparse.Namespace) -> int:
    """Mark the invites of a list."""
    context = open_context(options.account)
    _, store, connection = context
    study = find_study(context, options.study).id if options.study else None
    found = contact_lists.match(store, connection, read_text(options.file), study)
    moved = lifecycle.mark(
        store, connection, found.invites, options.state, by(), "marked from a list"
    )
    stayed = len(found.invites) - moved
    if options.json:
        print_json({**asdict(found), "marked": moved, "stayed": stayed})
    else:
        say(
            f"{moved:,} marked {options.state}; {stayed:,} stay as they are;"
            f" {len(found.ambiguous):,} ambiguous, {len(found.unknown):,} unknown."
        )
        for kind in ("ambiguous", "unknown"):
            for line in getattr(found, kind):
                print(f"{kind}: {plain(line, 200)}")
    return FAILED if found.ambiguous or found.unknown else DONE


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
    """Never invite these mailboxes again, to any study."""
    settings, store, connection = open_context(options.account)
    said = options.who
    text = said if "@" in said and not Path(said).exists() else read_text(said)
    boxes, unknown = contact_lists.mailboxes(store, connection, text)
    new = opt_outs.record(store, connection, boxes, "opted_out", by(), "from a list")
    RestoreGuard(store, connection, settings.home).follow()
    if options.json:
        print_json({"opted_out": len(boxes), "new": new, "unknown": unknown})
    else:
        say(f"{len(boxes):,} mailboxes are not written to any more, {new:,} of them from now on.")
        for line in unknown:
            print(f"no address: {plain(line, 200)}")
    return FAILED if unknown else DONE
