"""``panelist connect``: connect a Stripe account."""

from __future__ import annotations

import argparse

from app.commands.arguments import add_json


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--oauth", action="store_true", help="approve in a browser at Stripe")
    way.add_argument(
        "--key-stdin", action="store_true", help="read a restricted key from standard input"
    )
    way.add_argument(
        "--replace-key",
        action="store_true",
        help="read another key of the connected account from standard input",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="with --oauth: only print the page to open"
    )
    parser.add_argument(
        "--mode", choices=("live", "test"), help="with --oauth, when both are set up"
    )
    parser.add_argument(
        "--token-store",
        choices=("keyring", "passphrase", "plain", "session"),
        help="where to keep the access; what is kept moves there",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Connect an account by OAuth or by a key, or only choose the credential storage."""
    from app.commands.connect.account_connection import connect_account

    return connect_account(options)
