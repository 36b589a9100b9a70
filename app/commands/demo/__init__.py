"""``panelist demo``: runs with a sandbox Stripe and a temporary home, so that nothing can go wrong.

The home is deleted at the end. The app's demo is a company with 18 months behind it. A larger
account, or the demo without a terminal, begins with the first sync.
"""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import count

MOST_WITH_PAST = 2_000  # customers; more would take too long to play before the first frame
HEADLESS_CHANGES_A_MINUTE = 60  # no one watches, so it need not take long
POLL_SECONDS = 3.0  # the sandbox has no monthly allocation to save


EXAMPLES = {
    "demo": ("demo", "demo --headless"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "--customers",
        type=count,
        default=800,
        metavar="N",
        help=f"The number of customers (default: 800). Up to {MOST_WITH_PAST:,} have a past of 18"
        " months. More begin with the first sync",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="The same seed makes the same customers (default: 1)",
    )
    parser.add_argument(
        "--headless",
        action="store_true",
        help="Run the demo without the app, and print what happens",
    )


def run(options: argparse.Namespace) -> int:
    """Run the demo, in the app or without a terminal, and return the exit code."""
    import tempfile
    import time
    from pathlib import Path

    from app import log
    from app.commands.demo.preparation import Preparation
    from app.commands.demo.sandbox_process import CHANGES_A_MINUTE, running_sandbox
    from app.db.engines.store_factory import open_store
    from app.settings import RequestRate, Settings

    size, seed, now = options.customers, options.seed, int(time.time())
    has_past = not options.headless and size <= MOST_WITH_PAST
    changes = HEADLESS_CHANGES_A_MINUTE if options.headless else CHANGES_A_MINUTE
    with (
        tempfile.TemporaryDirectory(prefix="panelist-demo-") as home,
        running_sandbox(size, seed, now if has_past else None, changes) as started,
    ):
        sandbox = started()
        settings = Settings(
            home=Path(home),
            stripe_api_base=sandbox.url,
            stripe_client_id=sandbox.client_id,
            stripe_client_secret=sandbox.client_secret,
            stripe_authorize_url=sandbox.authorize_url,
            token_store="session",
            rate=RequestRate(None, None),
            poll_seconds=POLL_SECONDS,
        )
        store = open_store(settings)
        log.start(settings.home)
        if options.headless:
            from app.commands.demo.headless_demo import run_headless

            return run_headless(store, settings, sandbox.url, sandbox.key)
        from app.tui import Demo
        from app.tui import run as run_app

        past = Preparation(settings, size, seed, now) if has_past else None
        try:
            return run_app(store, settings, Demo(sandbox.key, sandbox.url, size, past))
        finally:
            if past is not None:
                past.leave()
