"""``panelist serve`` as a process that runs."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from app.db.engines.store_factory import open_store
from app.settings import Settings
from tests.helpers.command import Ended, Home
from tests.helpers.webhook_client import hints, http, signed

LEAST = 5.0  # seconds for what takes a tenth of one on a computer with nothing else to do


@dataclass
class Server:
    """It runs, and has said where."""

    process: subprocess.Popen[str]
    home: Home
    first: str
    url: str

    def send(self, body: bytes, header: str | None = None) -> httpx.Response:
        header = header or signed(body, at=int(time.time()))
        return http.post(
            self.url + "/stripe/webhook", content=body, headers={"Stripe-Signature": header}
        )

    def health(self) -> Any:
        return http.get(self.url + "/healthz").json()

    def end(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Stop it; it does so cleanly and soon."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=LEAST)
        assert "Traceback" not in out + err
        assert "Panelist crashed" not in err
        return Ended(self.process.returncode, self.first + out, err)


@contextlib.contextmanager
def server(home: Home, *options: str, given: str = "") -> Iterator[Server]:
    """Start it at any free port; it is killed at the end if it still runs."""
    process = home.start("serve", "--port", "0", *options)
    with process:
        try:
            assert process.stdin
            assert process.stdout
            if given:
                process.stdin.write(given)
            process.stdin.close()
            process.stdin = None
            first = process.stdout.readline()
            assert first, process.stderr and process.stderr.read()
            url = json.loads(first)["url"] if "--json" in options else first.split()[4]
            yield Server(process, home, first, url.partition("/stripe")[0])
        finally:
            process.kill()


def kept(home: Home) -> list[str]:
    """The ids of the events that wait."""
    store = open_store(Settings(home=home.folder))
    try:
        return [row[1] for row in hints(store)]
    finally:
        store.close()
