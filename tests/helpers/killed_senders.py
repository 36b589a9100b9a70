"""Processes that send, and are killed at any moment; what must hold afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from app.db.store import Store
from app.db.store_factory import open_store
from app.invites import ledger
from app.invites.sending import runs
from app.settings import Settings
from tests.helpers.mail_server import FAULTS, MailServer
from tests.helpers.study_world import BY, send, sender
from tests.helpers.warm_process import WarmProcess

READY = "sending"
ODD = [fault for fault in FAULTS if fault not in ("ok", "ok, quit hangs")]


def faulty(seed: int, share: float) -> MailServer:
    """A mail server that fails at random."""
    chance = random.Random(seed)

    def fault(_: str) -> str:
        return chance.choice(ODD) if chance.random() < share else "ok"

    return MailServer(fault)


def start(settings: Settings, here: int, url: str) -> subprocess.Popen[str]:
    """A process that sends until nothing is left; it says when it begins."""
    given = json.dumps([str(settings.home), settings.database_url, here, url])
    return WarmProcess(__name__, given, env=dict(os.environ), stdout=subprocess.PIPE)


def kill_until_done(
    store: Store, settings: Settings, here: int, run: int, url: str, *, seed: int, patience: float
) -> int:
    """Two processes at a time, each killed some moments after it began, until nothing is left to
    be sent; how many were killed."""
    chance, kills = random.Random(seed), 0
    going: list[subprocess.Popen[str]] = []
    while True:
        while len(going) < 2:
            going.append(start(settings, here, url))
        one = going.pop(0)
        assert one.stdout is not None
        begun = one.stdout.readline().strip() == READY
        with contextlib.suppress(subprocess.TimeoutExpired):
            one.wait(chance.uniform(0, patience) if begun else None)
        kills += one.poll() is None
        one.kill()
        one.communicate()
        now = runs.view(store, run)
        if now.state == "paused":
            runs.resume(store, run, BY)
        elif not now.left:
            break
        store.execute("UPDATE invite SET not_before = NULL WHERE state = 'queued'")
    for one in going:
        one.kill()
        one.communicate()
    return kills


def assert_nobody_twice(store: Store, here: int, run: int, accepted: Counter[str]) -> Counter[str]:
    """Nobody was accepted twice, and what is said of each is true; how many are in each state."""
    rows = store.rows("SELECT address, state FROM invite WHERE run_id = ?", (run,))
    said: dict[str, str] = dict(rows)
    assert max(accepted.values()) == 1
    sent = {address for address, state in said.items() if state == "sent"}
    uncertain = {address for address, state in said.items() if state == "uncertain"}
    assert sent <= accepted.keys() <= sent | uncertain
    assert ledger.broken_at(store, here) is None
    return Counter(said.values())


def main() -> None:
    home, database, here, url = json.loads(sys.argv[1])
    settings = Settings(home=Path(home), database_url=database)
    sends = sender(open_store(settings), here, Path(home), url)
    print(READY, flush=True)
    with contextlib.suppress(Exception):  # another one sends
        send(sends)


if __name__ == "__main__":
    main()
