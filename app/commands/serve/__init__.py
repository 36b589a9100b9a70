"""``panelist serve``: receives Stripe's webhooks and keeps the panel current."""

from __future__ import annotations

import argparse
import signal

from app.commands.shared.arguments import JSON_LINES, add_json, add_quiet
from app.commands.shared.exit_codes import DONE
from app.commands.shared.signals import interrupt_on

EXAMPLES = {
    "serve": ("serve", "serve --host 0.0.0.0 --port 8080"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Receives Stripe's webhooks at /stripe/webhook and keeps syncing. Webhooks must be"
        " signed with a secret in PANELIST_WEBHOOK_SECRET or a stored one."
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="The address to listen on (default: 127.0.0.1, this computer only)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=4574,
        metavar="P",
        help="The port to listen on (default: 4574; 0 for any free port)",
    )
    parser.add_argument(
        "--secret-stdin",
        action="store_true",
        help="Read an endpoint's secret (whsec_) from standard input and store it",
    )
    parser.add_argument(
        "--no-sync", action="store_true", help="Only receive webhooks while another Panelist syncs"
    )
    add_json(parser, JSON_LINES)
    add_quiet(parser)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 65_536:
        raise argparse.ArgumentTypeError("use a number from 0 to 65535")
    return number


def run(options: argparse.Namespace) -> int:
    """Receive until SIGTERM or SIGINT. Then the exit code is 0, whenever it comes."""
    interrupt_on(signal.SIGTERM)
    try:
        from app.commands.serve.webhook_service import receive

        receive(options)
    except KeyboardInterrupt:
        pass
    return DONE
