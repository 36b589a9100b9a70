"""``panelist invite``: plans who is invited and who not, and sends the invites."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import (
    add_exact,
    add_output,
    add_quiet,
    add_schedule,
    add_scope,
    add_yes,
    count,
)
from app.invites.sending.channels.registry import CHANNELS

ONLY_PLAN = object()  # --plan without a hash


EXAMPLES = {
    "invite": (
        "invite --study 'Pricing page' --batch 40",
        "invite --study 'Pricing page' --plan 59d8ab12c03f --expect 40",
    ),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Plans who will be invited, with one reason for everyone else, and prints the"
        " plan's hash. To send a plan, give its hash and its number of invites."
    )
    _declare_plan(parser)
    _declare_sending(parser)
    add_scope(parser)
    add_quiet(parser)


def _declare_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--study", metavar="STUDY", help="The study's title or number")
    parser.add_argument(
        "--segment",
        action="append",
        metavar="SEGMENT",
        help="Include this segment (its name or key) instead of the study's",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        metavar="SEGMENT",
        help="Exclude this segment instead of the study's",
    )
    take = parser.add_mutually_exclusive_group()
    take.add_argument(
        "--batch", type=_number, metavar="N", help="Invite the N longest-standing customers"
    )
    take.add_argument("--sample", type=_number, metavar="N", help="Invite a random sample of N")
    parser.add_argument(
        "--seed", metavar="TEXT", help="Select the same participants again with the same seed"
    )
    parser.add_argument(
        "--strata", choices=("plan", "product", "tenure"), help="Stratify the sample by this"
    )
    parser.add_argument(
        "--again",
        action="append",
        choices=("expired", "declined", "completed"),
        help="Invite participants again if their invite ended like this",
    )
    parser.add_argument(
        "--override", action="append", choices=("cool_down", "cap"), help="Override a rule"
    )
    parser.add_argument(
        "--reason",
        default="",
        metavar="TEXT",
        help="The reason for an override, which is kept in the ledger",
    )


def _declare_sending(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--plan",
        nargs="?",
        const=ONLY_PLAN,
        metavar="HASH",
        help="Send the plan with this hash (needs --expect). Without HASH, only plan, which is"
        " the default",
    )
    what.add_argument("--resume", action="store_true", help="Resume a batch")
    what.add_argument("--stop", action="store_true", help="Withdraw the queued invites of a batch")
    what.add_argument(
        "--test", metavar="ADDRESS", help="Send a test email to yourself. It is never counted"
    )
    parser.add_argument(
        "--expect", type=count, metavar="N", help="The number of invites that the plan shows"
    )
    add_yes(parser, "Not needed. Accepted with --plan HASH")
    parser.add_argument(
        "--only-planned",
        action="store_true",
        help="Send only to the planned invitees, even if others can be invited by now",
    )
    parser.add_argument(
        "--run",
        type=_number,
        metavar="N",
        dest="batch_number",
        help="With --resume or --stop: the number of the batch",
    )
    parser.add_argument(
        "--way",
        choices=tuple(CHANNELS),
        help="The channel: email (smtp), .eml files, CSV or personal links (default: email"
        " if a mail server is set, else .eml files)",
    )
    parser.add_argument("--outcome", metavar="KEY", help="List members with this result")
    add_output(parser)
    add_exact(parser)
    parser.add_argument(
        "--now", action="store_true", help="Send at once, without two minutes to undo"
    )
    add_schedule(parser)
    parser.add_argument(
        "--while-filling", action="store_true", help="Send even if the first sync is not complete"
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 10**9):
        raise argparse.ArgumentTypeError("use a whole number, at least 1")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Plan, and send what a person confirmed."""
    from app.commands.invite.invite_run import plan_and_send

    return plan_and_send(options)
