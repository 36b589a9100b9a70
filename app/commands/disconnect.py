"""``panelist disconnect``: disconnects the Stripe account."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import add_dry_run, add_quiet, add_yes
from app.commands.shared.console import YES, is_interactive, read_line, say
from app.commands.shared.exit_codes import DONE, FAILED, NotConnected, WrongUse

EXAMPLES = {
    "disconnect": ("disconnect", "disconnect --yes"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    add_yes(parser)
    add_dry_run(parser)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Disconnect the account after a confirmation."""
    from app import log
    from app.commands.shared.context import find_connection
    from app.credentials.factory import open_credentials
    from app.db.engines.store_factory import open_store
    from app.settings import load
    from app.sync.auth.disconnect import STAYS, disconnect
    from app.text import plain

    settings = load()
    store = open_store(settings)
    log.start(settings.home)
    connection = find_connection(store)
    if connection is None:
        raise NotConnected("Not connected. There is nothing to disconnect.")
    name = plain(connection.account_name or connection.account)
    if options.dry_run:
        print(f"This would disconnect {name}. {STAYS} Nothing was changed.")
        return DONE
    if not options.yes:
        if not is_interactive():
            raise WrongUse(
                f"This would disconnect {name}. {STAYS} Run panelist disconnect --yes to confirm."
            )
        print(f"Disconnect {name} ({connection.mode})? {STAYS} (y or n) ", end="", flush=True)
        if read_line().lower() not in YES:
            print("Nothing was changed.")
            return FAILED
    left = disconnect(store, settings, open_credentials(settings), connection)
    for sentence in left.said:
        print(sentence, flush=True)
    if not left.whole:
        say("The disconnect is not complete. Run panelist disconnect again.")
        return FAILED
    return DONE
