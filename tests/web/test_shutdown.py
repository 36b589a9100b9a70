"""How the server ends, whatever is under way; and what is kept then."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.helpers.approved_home import until
from tests.helpers.command import Home
from tests.helpers.serve_process import kept, server
from tests.helpers.webhook_client import event, signed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_stopped_while_a_body_is_on_its_way(home: Home, number: signal.Signals) -> None:
    with server(home, "--no-sync") as here:
        place = here.url.removeprefix("http://").split(":")
        with (
            socket.create_connection((place[0], int(place[1])), timeout=20) as slow,
            socket.create_connection((place[0], int(place[1])), timeout=20),
        ):
            head = "POST /stripe/webhook HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            slow.sendall(f"{head}Content-Length: 500\r\n\r\n".encode())
            assert slow.recv(100).startswith(b"HTTP/1.1 100 ")
            slow.sendall(b"{")
            assert here.end(number).code == 0
            with contextlib.suppress(ConnectionError):
                assert b" 200 " not in slow.recv(1000)


def connections_of(process: subprocess.Popen[str], name: str) -> int:
    """How often it has a file of this name open."""
    count = 0
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed in between
            count += Path(os.readlink(link)).name == name
    return count


def test_stopped_while_the_database_is_held(home: Home) -> None:
    """It was not answered for, so Stripe sends it again, and then it is kept."""
    body = event()
    database = home.folder / "panelist.db"
    with server(home, "--no-sync") as here:
        before = connections_of(here.process, "panelist.db")
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            header = f"Stripe-Signature: {signed(body, at=int(time.time()))}"
            place = here.url.removeprefix("http://").split(":")
            with socket.create_connection((place[0], int(place[1])), timeout=20) as waiting:
                head = f"POST /stripe/webhook HTTP/1.1\r\nHost: x\r\n{header}\r\n"
                waiting.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                until(lambda: connections_of(here.process, "panelist.db") > before)
                assert here.end().code == 0
                with contextlib.suppress(ConnectionError):
                    assert b" 200 " not in waiting.recv(1000)
            other.execute("ROLLBACK")
    assert kept(home) == []
    with server(home, "--no-sync") as here:
        assert here.send(body).text == "Stored.\n"
        here.process.kill()
        here.process.wait()
    assert kept(home) == ["evt_1"], "permanent before it was answered"
