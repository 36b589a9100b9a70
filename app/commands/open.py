"""``panelist open``: opens a customer's page in Stripe's Dashboard."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import add_account, add_json
from app.commands.shared.named_person import add_person

EXAMPLES = {
    "open": ("open ada@example.com", "open cus_NffrFeUfNV2Hib --no-browser"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Opens the customer's page in Stripe's Dashboard, or prints its address if there is no"
        " browser here."
    )
    add_person(parser)
    parser.add_argument(
        "--no-browser", action="store_true", help="Print the address and do not open it"
    )
    add_account(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Open the page. Without a browser, printing its address is no failure."""
    import os

    from app.commands.shared.console import print_json, say
    from app.commands.shared.context import open_context
    from app.commands.shared.exit_codes import DONE, WrongUse
    from app.commands.shared.named_person import find_person
    from app.oauth.browser import open_browser
    from app.panel.person import person
    from app.text import plain

    context = open_context(options.account)
    one = person(context.store, find_person(context, options.person))
    if one is None:  # erased at this moment
        raise WrongUse("This participant is no longer in the panel.")
    why_not = "" if options.no_browser else open_browser(one.url, os.environ)
    opened = not (why_not or options.no_browser)
    if options.json:
        print_json({"stripe_id": one.stripe_id, "url": one.url, "opened": opened})
        return DONE
    print(plain(one.url, 2_000), flush=True)
    if opened:
        say("The page was opened in the browser.")
    elif why_not:
        say(f"The page was not opened here: {why_not}.")
    return DONE
