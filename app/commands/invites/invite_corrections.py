"""``panelist invites unmark``, ``withdraw`` and ``lift``: take back what was said by mistake."""

from __future__ import annotations

import argparse

from app.commands.invites.invite_targets import find_invites, names_of
from app.commands.shared.console import confirmed, print_json, say
from app.commands.shared.context import Context, open_context
from app.commands.shared.exit_codes import DONE, FAILED, WrongUse
from app.commands.shared.list_argument import named
from app.invites import contact_lists, corrections
from app.invites.housekeeping import follow
from app.invites.lists.list_columns import read_list
from app.invites.operator import by
from app.text import plain


def unmark_invites(options: argparse.Namespace) -> int:
    """Undo the last mark of invites."""
    context = open_context(options.account)
    invites, rest = find_invites(context, options.who, options.study)
    if not confirmed(
        f"Undo the last mark of {names_of(context.store, invites)}?",
        yes=options.yes or len(invites) < 2,
        dry_run=options.dry_run,
    ):
        return DONE if options.dry_run else FAILED
    moved = corrections.undo_marks(context.store, context.connection, invites, by(), options.reason)
    return _ended(context, options, "undone", moved, len(invites) - moved, rest)


def withdraw_invites(options: argparse.Namespace) -> int:
    """Withdraw single invites."""
    context = open_context(options.account)
    invites, rest = find_invites(context, options.who, options.study)
    may = corrections.can_withdraw(context.store, context.connection, invites)
    if may and not confirmed(
        f"Withdraw {names_of(context.store, invites)}? You cannot undo this, but a new plan"
        " can invite them again.",
        yes=options.yes,
        dry_run=options.dry_run,
    ):
        return DONE if options.dry_run else FAILED
    moved = corrections.withdraw(context.store, context.connection, invites, by(), options.reason)
    return _ended(context, options, "withdrawn", moved, len(invites) - moved, rest)


def lift_exclusion(options: argparse.Namespace) -> int:
    """Write to mailboxes again that bounced or opted out."""
    if options.what == "opt-out" and not options.reason.strip():
        raise WrongUse(
            "To lift an opt-out, give a reason (--reason). It is kept. Nothing was changed."
        )
    context = open_context(options.account)
    text, typed = named(options.who)
    listed = read_list(text)
    listed.check()
    boxes, rest = contact_lists.mailboxes(context.store, listed.values)
    if not boxes:
        raise WrongUse(
            f"No address was found in {plain(options.who, 80)!r}. Nothing was changed. Give an"
            " address, or a list of addresses."
        )
    number = "1 mailbox" if len(boxes) == 1 else f"{len(boxes):,} mailboxes"
    question = f"Contact {number} again?"
    if not confirmed(question, yes=options.yes or typed, dry_run=options.dry_run):
        return DONE if options.dry_run else FAILED
    kind = {"bounce": "bounced", "opt-out": "opted_out"}[options.what]
    moved = corrections.lift(context.store, context.connection, boxes, kind, by(), options.reason)
    return _ended(context, options, "lifted", moved, len(boxes) - moved, rest)


def _ended(
    context: Context,
    options: argparse.Namespace,
    done: str,
    moved: int,
    stayed: int,
    unknown: list[str],
) -> int:
    """Report a correction. Returns the exit code."""
    follow(context.store, context.settings.folders)
    if options.json:
        print_json({done: moved, "stayed": stayed, "unknown": unknown})
    else:
        stay = "1 is unchanged" if stayed == 1 else f"{stayed:,} are unchanged"
        say(f"{moved:,} {done}. {stay}.")
        for value in unknown:
            print(f"unknown or ambiguous: {plain(value, 200)}")
    return DONE if moved and not stayed and not unknown else FAILED
