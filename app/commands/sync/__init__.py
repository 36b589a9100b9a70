"""``panelist sync``: fetches what is new, once or continuously."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import JSON_LINES, add_follow, add_json, add_quiet

EXAMPLES = {
    "sync": ("sync", "sync --follow"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--once", action="store_true", help="Stop when everything is up to date (the default)"
    )
    add_follow(how, "Keep syncing until you stop it")
    parser.add_argument("--full", action="store_true", help="List everything again first")
    add_json(parser, JSON_LINES)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Sync. A continuous sync that is stopped also returns 0."""
    from app.commands.sync.sync_run import run_sync

    return run_sync(options)
