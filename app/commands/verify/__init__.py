"""``panelist verify``: proves from the ledger that no one was invited twice, or compares the panel
with Stripe."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import add_list_json, add_quiet, count
from app.commands.shared.exit_codes import WrongUse

EXAMPLES = {
    "verify": ("verify", "verify --stripe --all"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("--stripe", action="store_true", help="Compare the panel with Stripe")
    parser.add_argument(
        "--against",
        metavar="EXPORT.csv",
        help="Compare the panel with a customer export from Stripe's Dashboard",
    )
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--sample",
        type=_some,
        metavar="N",
        help="Compare N objects at random (default: 500)",
    )
    part.add_argument("--all", action="store_true", help="Compare every object")
    add_list_json(parser)
    add_quiet(parser)


def _some(text: str) -> int:
    number = count(text)
    if number == 0:
        raise argparse.ArgumentTypeError("use a number of 1 or more")
    return number


def run(options: argparse.Namespace) -> int:
    """Compare with Stripe or an export, or prove from the ledger. Returns 0 if nothing is
    wrong."""
    if options.against is not None:
        if options.stripe or options.all:
            raise WrongUse(
                "--against compares with a file. Nothing was compared. Omit --stripe and --all."
            )
        from app.commands.verify.export_comparison import compare_with_export

        return compare_with_export(options)
    if options.stripe:
        from app.commands.verify.stripe_comparison import compare_with_stripe

        return compare_with_stripe(options)
    from app.commands.verify.ledger_report import prove_ledger

    return prove_ledger(options)
