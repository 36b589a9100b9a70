"""``panelist show``: prints everything about one participant."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import add_account, add_json
from app.commands.shared.named_person import add_person

EXAMPLES = {
    "show": ("show ada@example.com", "show cus_NffrFeUfNV2Hib --json"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Prints everything about a participant: identity, subscriptions, invites,"
        " segments with their reasons, and metadata."
    )
    add_person(parser)
    add_account(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from app.commands.show.person_details import show_person

    return show_person(options)
