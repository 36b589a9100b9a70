"""``panelist connect``: connect a Stripe account."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import JSON_LINES, add_json

EXAMPLES = {
    "connect": ("connect --oauth", "connect --key-stdin < key.txt"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--oauth", action="store_true", help="Approve access in your browser")
    way.add_argument(
        "--key-stdin", action="store_true", help="Read a restricted key from standard input"
    )
    way.add_argument(
        "--replace-key",
        action="store_true",
        help="Read a new key of the connected account from standard input",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="With --oauth: print the link and do not open it"
    )
    parser.add_argument(
        "--mode", choices=("live", "test"), help="With --oauth: choose the mode if both are set up"
    )
    parser.add_argument(
        "--token-store",
        choices=("keyring", "passphrase", "plain", "session"),
        help="Choose the credential storage. Stored credentials move there",
    )
    add_json(parser, JSON_LINES)


def run(options: argparse.Namespace) -> int:
    """Connect an account by OAuth or by a key, or only choose the credential storage."""
    from app.commands.connect.account_connection import connect_account

    return connect_account(options)
