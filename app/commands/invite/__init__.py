"""``panelist invite``: plans who is invited and who not, and sends the invites."""

from __future__ import annotations

import argparse

from app.commands.arguments import add_exact, add_scope
from app.invites.sending.channels.registry import CHANNELS

ONLY_PLAN = object()  # --plan without a hash


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Plans who is invited, with the one reason why for everyone else, and prints the plan's"
        " hash. Sends a plan that you name by its hash and its number of invites."
    )
    _declare_plan(parser)
    _declare_sending(parser)
    add_scope(parser)


def _declare_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--study", metavar="STUDY", help="its title or number")
    parser.add_argument("--segment", action="append", metavar="KEY", help="instead of the study's")
    parser.add_argument("--exclude", action="append", metavar="KEY", help="instead of the study's")
    take = parser.add_mutually_exclusive_group()
    take.add_argument("--batch", type=_number, metavar="N", help="who are customers the longest")
    take.add_argument("--sample", type=_number, metavar="N", help="at random")
    parser.add_argument("--seed", metavar="TEXT", help="the same people for the same seed")
    parser.add_argument(
        "--strata", choices=("plan", "product", "tenure"), help="in the shares of the whole"
    )
    parser.add_argument(
        "--again",
        action="append",
        choices=("expired", "declined", "completed"),
        help="also those whose invite for this study has ended so",
    )
    parser.add_argument(
        "--override", action="append", choices=("cool_down", "cap"), help="pass by a rule"
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; it is kept")


def _declare_sending(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--plan",
        nargs="?",
        const=ONLY_PLAN,
        metavar="HASH",
        help="send the plan with this hash, which needs --expect. Without HASH: only plan (the"
        " default)",
    )
    what.add_argument("--resume", action="store_true", help="go on with what you queued")
    what.add_argument("--stop", action="store_true", help="withdraw what you queued")
    what.add_argument("--test", metavar="ADDRESS", help="one mail to yourself, never counted")
    parser.add_argument("--expect", type=int, metavar="N", help="how many invites the plan has")
    parser.add_argument(
        "--yes", action="store_true", help="send; only with --plan HASH, where it is not needed"
    )
    parser.add_argument(
        "--only-planned",
        action="store_true",
        help="send to those of the plan, although others could be invited by now",
    )
    parser.add_argument(
        "--run",
        type=_number,
        metavar="N",
        dest="batch_number",
        help="with --resume or --stop: this batch, by its number",
    )
    parser.add_argument(
        "--way",
        choices=tuple(CHANNELS),
        help="how: a mail server (if one is set), files, a table, or links to be copied",
    )
    parser.add_argument("--outcome", metavar="KEY", help="list those with this result of the plan")
    parser.add_argument("--output", metavar="FILE", help="write each member into a file")
    add_exact(parser)
    parser.add_argument("--now", action="store_true", help="without two minutes to undo it")
    parser.add_argument(
        "--while-filling", action="store_true", help="although the first sync is not complete"
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 10**9):
        raise argparse.ArgumentTypeError("a whole number, at least 1")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Plan, and send what a person confirmed."""
    from app.commands.invite.invite_run import plan_and_send

    return plan_and_send(options)
