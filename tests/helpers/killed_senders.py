"""Processes that send, and are killed at any moment; what must hold afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from app import cli
from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.invites import ledger
from app.invites.sending import runs
from app.settings import Settings
from tests.helpers.mail_server import FAULTS, MailServer
from tests.helpers.study_world import BY, send, sender
from tests.helpers.warm_process import WarmProcess

READY = "sending"
MOMENT = 0.03  # seconds; a mail takes about as long
ODD = [fault for fault in FAULTS if fault not in ("ok", "ok, quit hangs")]


class FaultyServer(MailServer):
    """A mail server that fails at random, and knows how many mails were begun."""

    def __init__(self, seed: int, share: float) -> None:
        chance = random.Random(seed)
        self._begun, self._more = 0, threading.Condition()

        def fault(_: str) -> str:
            with self._more:
                self._begun += 1
                self._more.notify_all()
            return chance.choice(ODD) if chance.random() < share else "ok"

        super().__init__(fault)

    def wait_for(self, more: int, process: subprocess.Popen[str]) -> None:
        """Until so many more mails were begun, or the process has ended."""
        with self._more:
            until = self._begun + more
            while self._begun < until and process.poll() is None:
                self._more.wait(0.01)


def start(settings: Settings, here: int, url: str) -> subprocess.Popen[str]:
    """A process that sends until nothing is left; it says when it begins."""
    given = json.dumps([str(settings.home), settings.database_url, here, url])
    return WarmProcess(__name__, given, env=dict(os.environ), stdout=subprocess.PIPE)


def start_send(settings: Settings, url: str) -> subprocess.Popen[str]:
    """``panelist send``; it says when it begins."""
    given = {
        "PANELIST_HOME": str(settings.home),
        "PANELIST_DATABASE_URL": settings.database_url or "",
        "PANELIST_SMTP_SERVER": url,
        "PANELIST_MAIL_RATE": "0",
        "PANELIST_TOKEN_STORE": "plain",
    }
    return WarmProcess(__name__, "send", env={**os.environ, **given}, stdout=subprocess.PIPE)


def kill_until_done(
    store: Store,
    run: int,
    server: FaultyServer,
    begin: Callable[[], subprocess.Popen[str]],
    *,
    seed: int,
    mails: int = 6,
) -> int:
    """Two processes at a time, which ``begin`` starts. Each is killed at any moment of one of the
    first ``mails`` after it began, or before them, until nothing is left to be sent; how many were
    killed. So they get on however slow the computer is."""
    chance, kills = random.Random(seed), 0
    going: list[subprocess.Popen[str]] = []
    while True:
        while len(going) < 2:
            going.append(begin())
        one = going.pop(0)
        assert one.stdout is not None
        if one.stdout.readline().strip() == READY:
            server.wait_for(chance.randint(0, mails), one)
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(chance.uniform(0, MOMENT))
        else:
            one.wait()
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
    if sys.argv[1] == "send":
        print(READY, flush=True)
        sys.exit(cli.run(["send"]))
    home, database, here, url = json.loads(sys.argv[1])
    settings = Settings(home=Path(home), database_url=database)
    sends = sender(open_store(settings), here, Path(home), url)
    print(READY, flush=True)
    with contextlib.suppress(Exception):  # another one sends
        send(sends)


if __name__ == "__main__":
    main()
