"""``panelist serve`` as a process: what it prints, keeps, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import pytest

from app.commands.serve.webhook_service import watch_sync
from app.db.engines.store_factory import open_store
from app.db.indexes import search_index
from app.db.lease import Lease
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.engine import Activity, Engine
from tests.helpers.approved_home import until
from tests.helpers.command import Home, at
from tests.helpers.serve_process import kept, server
from tests.helpers.webhook_client import CANARY, OTHER, SECRET, event, http, signed

# Start


def test_it_says_where_it_listens_and_takes_events(home: Home) -> None:
    with server(home, "--no-sync") as here:
        hook = f"{here.url}/stripe/webhook"
        assert here.first == (
            f"Listening for Stripe at {hook}. To forward events to it: stripe listen --forward-to"
            f" {hook}\n"
        )
        assert here.url.startswith("http://127.0.0.1:")
        assert here.send(event()).text == "Stored.\n"
        assert here.send(event(), "t=1,v1=2").status_code == 400
        assert here.health() == {"status": "pending", "last_polled_at": None, "who": None}
        ended = here.end()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == here.first
    assert kept(home) == ["evt_1"]


def test_as_json(home: Home) -> None:
    with server(home, "--no-sync", "--json") as here:
        hook = f"{here.url}/stripe/webhook"
        assert json.loads(here.first) == {
            "schema_version": 1,
            "type": "listening",
            "url": here.url,
            "webhook": hook,
            "forward": f"stripe listen --forward-to {hook}",
            "syncing": False,
        }
        assert here.end(signal.SIGINT).code == 0


def test_without_a_secret(home: Home) -> None:
    del home.variables["PANELIST_WEBHOOK_SECRET"]
    ended = home.run("serve", "--port", "0")
    assert ended.code == 1
    assert "stripe listen --forward-to" in ended.said


def test_a_secret_that_cannot_be_one(home: Home) -> None:
    home.variables["PANELIST_WEBHOOK_SECRET"] = "hunter2secret"
    ended = home.run("serve", "--port", "0")
    assert ended.code == 1
    assert "hunter2" not in ended.said
    ended = home.run("serve", "--port", "0", "--secret-stdin", given="hunter3secret\n")
    assert ended.code == 1
    assert "hunter3" not in ended.said
    assert not (home.folder / "credentials").exists()


def test_not_connected_is_what_sync_says(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {"PANELIST_WEBHOOK_SECRET": SECRET})
    ended = home.run("serve", "--port", "0")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == home.run("sync").err
    assert ended.err.startswith("Not connected.")
    with server(home, "--no-sync") as here:
        assert here.send(event()).text == "Ignored.\n"
        ended = here.end()
    assert ended.code == 0
    assert ended.err.startswith("No account is connected.")


def test_connected_and_no_access(home: Home) -> None:
    ended = home.run("serve", "--port", "0")
    assert ended.code == 3
    assert ended.said == home.run("sync").said
    assert "is connected, but there is no key here" in ended.said


def test_a_port_that_is_taken(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = home.run("serve", "--port", port, "--no-sync")
    assert ended.code == 1
    assert f"Port {port} of 127.0.0.1" in ended.said
    assert "Nothing was started" in ended.said


@pytest.mark.parametrize("host", ["no such host", "203.0.113.7", "x" * 300])
def test_an_address_that_is_not_ours(home: Home, host: str) -> None:
    ended = home.run("serve", "--port", "0", "--host", host, "--no-sync")
    assert ended.code == 1
    assert "Nothing was started" in ended.said


def test_an_address_for_others_is_warned_of(home: Home) -> None:
    with server(home, "--no-sync", "--host", "0.0.0.0") as here:
        assert here.url.startswith("http://127.0.0.1:")
        assert here.send(event()).text == "Stored.\n"
        ended = here.end()
    assert ended.err.count("\n") == 1
    assert "TLS" in ended.err


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_wrong_use(home: Home, port: str) -> None:
    ended = home.run("serve", "--port", port)
    assert (ended.code, ended.out) == (2, "")


# Secrets


def written(folder: Path) -> bytes:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return b"".join(file.read_bytes() for file in files)


def test_a_secret_is_kept_and_the_one_before_stays_good(home: Home) -> None:
    del home.variables["PANELIST_WEBHOOK_SECRET"]
    with server(home, "--no-sync", "--secret-stdin", given=f"{SECRET}\n") as here:
        assert here.send(event()).text == "Stored.\n"
        assert "The secret is stored in: UNENCRYPTED FILE\n" in here.end().err
    with server(home, "--no-sync", "--secret-stdin", given=OTHER) as here:
        assert here.end().code == 0
    with server(home, "--no-sync") as here:
        now = int(time.time())
        for secret in (SECRET, OTHER):
            body = event(id=f"evt_of_{secret[18]}")
            assert here.send(body, signed(body, secret, at=now)).text == "Stored.\n"
        assert here.send(event(), signed(event(), "whsec_third", at=now)).status_code == 400
        assert here.end().code == 0


def test_secrets_and_bodies_are_nowhere(home: Home) -> None:
    home.variables["PANELIST_WEBHOOK_SECRET"] = f"{SECRET},{OTHER}"
    now = int(time.time())
    bodies = [event(), event("invoice.paid"), event(livemode=True), b"{}", CANARY.encode()]
    with server(home, "--no-sync") as here:
        for body in bodies:
            for secret in (SECRET, OTHER, "whsec_NotKnownHere"):
                here.send(body, signed(body, secret, at=now))
            here.send(body, signed(body, at=now - 400))
            here.send(body, CANARY)
        http.get(f"{here.url}/{CANARY}?{SECRET}", headers={"X": SECRET})
        ended = here.end()
    assert ended.code == 0
    everywhere = (ended.out + ended.err).encode() + written(home.folder)
    assert b"Webhook refused" in everywhere
    assert b"cus_1" in everywhere
    for text in (SECRET, OTHER, CANARY, "NotKnownHere", signed(event(), at=now)[-64:]):
        assert text.encode() not in everywhere


# The sync beside it


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=30, seed=78) as running:
        yield running


def test_it_keeps_the_panel_current_beside(tmp_path: Path, sandbox: Sandbox) -> None:
    home = at(sandbox, tmp_path / "home")
    home.variables["PANELIST_WEBHOOK_SECRET"] = SECRET
    with server(home, "--json") as here:
        assert json.loads(here.first)["syncing"] is True
        until(lambda: here.health()["status"] == "complete")
        health = here.health()
        assert abs(health["last_polled_at"] - time.time()) < 60
        assert f"process {here.process.pid}" in health["who"]
        assert here.send(event(about="cus_x")).text == "Stored.\n"
        with contextlib.closing(open_store(Settings(home=home.folder))) as store:
            until(lambda: search_index.ready(store))
        assert here.end().code == 0
    status = home.run("status", "--json").json
    assert status["participants"]["total"] == 30


def test_another_one_that_syncs_is_left_to_it(tmp_path: Path, sandbox: Sandbox) -> None:
    home = at(sandbox, tmp_path / "home")
    home.variables["PANELIST_WEBHOOK_SECRET"] = SECRET
    assert home.run("sync").code == 0
    store = open_store(Settings(home=home.folder))
    with Lease(store), server(home) as here:
        assert here.send(event()).text == "Stored.\n"
        assert here.end().code == 0
    store.close()


async def test_a_sync_that_ends_by_itself_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    class Ended:
        running = False
        activity = Activity("Disconnected. Existing data is still available.", problem=True)

    await watch_sync(cast(Engine, Ended()))
    said = capsys.readouterr().err
    assert said == (
        "Disconnected. Existing data is still available. Panelist still receives webhooks."
        " Start it again to sync.\n"
    )


def test_an_account_that_is_left_meanwhile(tmp_path: Path, sandbox: Sandbox) -> None:
    home = at(sandbox, tmp_path / "home")
    home.variables["PANELIST_WEBHOOK_SECRET"] = SECRET
    with server(home) as here:
        until(lambda: here.health()["status"] == "complete")
        assert home.run("disconnect", "--yes").code == 0
        assert here.send(event()).text == "Ignored.\n"
        assert here.end().code == 0


def test_nobody_reads_where_it_listens(home: Home) -> None:
    read, write = os.pipe()
    os.close(read)
    with contextlib.ExitStack() as stack:
        gone: IO[str] = stack.enter_context(os.fdopen(write, "w"))
        ended = home.run("serve", "--port", "0", "--no-sync", stdout=gone)
    assert ended.code != 0
    assert ended.err == ""
