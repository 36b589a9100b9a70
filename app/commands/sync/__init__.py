"""``panelist sync``: fetch what is new, once or for as long as it runs."""

from __future__ import annotations

import argparse

from app.commands.arguments import add_json


def declare(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="until all is applied (the default)")
    how.add_argument("--follow", action="store_true", help="go on and keep the panel current")
    parser.add_argument("--full", action="store_true", help="list everything anew first")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Sync; 0 too for a followed sync that was stopped."""
    from app.commands.sync.sync_run import run_sync

    return run_sync(options)
