"""``panelist send``: sends what is queued, unattended."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import JSON_LINES, add_follow, add_json, add_quiet

EXAMPLES = {
    "send": ("send", "send --follow"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Sends every queued batch for your mail server, or for files on this computer, at its "
        "start time. Ends when nothing is queued."
    )
    add_follow(parser, "Keep running, and send what is queued later, too")
    parser.add_argument("--account", metavar="ACCT", help="Only for this account")
    add_json(parser, JSON_LINES)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Send the queue. With ``--follow``, being stopped is no failure."""
    from app.commands.send.queue_run import send_queue

    return send_queue(options)
