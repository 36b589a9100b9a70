"""``panelist why``: says why a participant is or is not in a segment, or can be invited or not."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import add_account, add_list_json
from app.commands.shared.named_person import add_person

EXAMPLES = {
    "why": ("why ada@example.com active", "why ada@example.com --study 'Pricing page'"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Says why a participant is in a segment or not, and since when. With --study it says why"
        " they can be invited or not. With neither, it explains every segment."
    )
    add_person(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("segment", nargs="?", metavar="SEGMENT", help="The segment's name or key")
    what.add_argument("--study", metavar="STUDY", help="The study's title or number")
    add_account(parser)
    add_list_json(parser)


def run(options: argparse.Namespace) -> int:
    """Explain."""
    from app.commands.why.explanation import explain

    return explain(options)
