"""``panelist erase``: erases a participant in four hours, or undoes that."""

from __future__ import annotations

import argparse

from app.commands.console import say
from app.commands.context import open_context
from app.commands.exit_codes import DONE


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("person", metavar="STRIPE_ID", help="as panelist participants has it")
    parser.add_argument("--undo", action="store_true", help="within the four hours: let them stay")
    parser.add_argument("--account", metavar="ACCT", help="another account")


def run(options: argparse.Namespace) -> int:
    """Request an erasure, or undo it."""
    from app.invites import erasure
    from app.invites.housekeeping import follow, tidy
    from app.invites.operator import by
    from app.text import when

    settings, store, connection = open_context(options.account)
    tidy(store, settings.folders)
    if options.undo:
        erasure.take_back(store, connection, options.person, by())
        say("They stay. Invites that ended with it stay ended.")
        return DONE
    due = erasure.request(store, connection, options.person, by())
    follow(store, settings.folders)
    say(
        f"Their invites ended, and they are erased at {when(due.due_at)}, as soon as a Panelist"
        " runs then; until then --undo takes it back. The customer in Stripe is not touched."
    )
    return DONE
