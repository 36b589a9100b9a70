"""``panelist connect --oauth``: approved, denied, attacked, stopped."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.approved_home import TOKEN, decide, once_asked, said
from tests.helpers.callback_client import free_port
from tests.helpers.command import Home
from tests.helpers.oauth_process import (
    PERMITTED,
    approve,
    connected,
    connecting,
    is_free,
    nothing_came_of_it,
    office,
    port_of,
    status,
    stripe,
    waits_on,
)
from tests.helpers.sandbox_client import Clock
from tests.helpers.sandbox_oauth import web


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def sandbox(port: int, clock: Clock) -> Iterator[Sandbox]:
    with stripe(port, clock=clock) as running:
        yield running


@pytest.fixture
def home(sandbox: Sandbox, tmp_path: Path, port: int) -> Home:
    return office(sandbox, tmp_path, port)


def test_approved_synced_and_left(home: Home, sandbox: Sandbox) -> None:
    with connecting(home) as waiting:
        approve(waiting)
        ended = waiting.end()
    assert ended.code == 0
    assert PERMITTED in ended.err
    assert "The credentials are stored in: UNENCRYPTED FILE\n" in ended.err
    assert f"({sandbox.world.account_id}), TEST." in ended.out
    assert "yes  Customers Read" in ended.out
    assert is_free(port_of(home))
    now = status(home)
    assert (now["status"], now["method"], now["mode"]) == ("pending", "oauth", "test")
    assert home.run("sync", "--json").lines[-1]["status"] == "complete"
    asked = home.run("disconnect")
    assert asked.code == 2
    assert "panelist disconnect --yes" in asked.said
    assert status(home)["status"] == "complete"
    left = home.run("disconnect", "--yes")
    assert (left.code, left.err) == (0, "")
    assert "Stripe revoked the access.\n" in left.out
    now = status(home)
    assert (now["status"], now["disconnect_reason"]) == ("disconnected", "by you")
    assert len(home.run("participants", "--jsonl").lines) == 6
    assert home.run("sync").code == 3


def test_live_by_https(tmp_path: Path, port: int) -> None:
    """With a certificate of its own, which the browser is told to take."""
    with stripe(port, live=True) as sandbox:
        home = office(sandbox, tmp_path, port)
        with connecting(home) as waiting:
            location = decide(waiting.url)
            assert location.startswith(f"https://127.0.0.1:{port}/")
            assert httpx.get(location, verify=False).status_code == 200
            ended = waiting.end()
        assert ended.code == 0
        assert f"({sandbox.world.account_id}), LIVE." in ended.out
        assert status(home)["mode"] == "live"


def test_as_json(home: Home, sandbox: Sandbox) -> None:
    process = home.start("connect", "--oauth", "--no-browser", "--json")
    assert process.stdout
    page = json.loads(process.stdout.readline())
    assert page["type"] == "authorize"
    web.get(decide(page["url"]))
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(out)["connection"]["account"] == sandbox.world.account_id


def test_denied(home: Home, sandbox: Sandbox) -> None:
    with connecting(home) as waiting:
        answer = web.get(decide(waiting.url, "deny"))
        ended = waiting.end()
    assert "You denied access.</h1><p>Nothing was connected" in answer.text
    assert ended.code == 1
    assert ended.out == ""
    assert "Access was denied at Stripe. Nothing was connected" in ended.err
    assert sandbox.requests[TOKEN] == 0
    nothing_came_of_it(home)


def test_a_code_that_expired(home: Home, clock: Clock) -> None:
    with connecting(home) as waiting:
        location = decide(waiting.url)
        clock.now += 301
        web.get(location)
        ended = waiting.end()
    assert (ended.code, ended.out) == (1, "")
    assert "expired or was used already. Nothing was connected" in ended.err
    nothing_came_of_it(home)
    connected(home)


def test_a_code_used_twice(home: Home, sandbox: Sandbox) -> None:
    code = connected(home)
    with connecting(home) as waiting:
        waiting.give(code)
        ended = waiting.end()
    assert ended.code == 1
    assert "was used already" in ended.err
    assert code not in ended.out + ended.err
    assert home.run("sync").code == 0, "what was connected before still is"


def test_a_state_that_is_wrong(home: Home, sandbox: Sandbox) -> None:
    with connecting(home) as waiting:
        location = decide(waiting.url)
        state = said(location)["state"]
        for other in (f"{state}x", state[:-1], state.swapcase(), ""):
            assert web.get(location.replace(state, other)).status_code == 403
        assert sandbox.requests[TOKEN] == 0
        waits_on(waiting)


def test_a_state_from_another_run(home: Home, sandbox: Sandbox) -> None:
    with connecting(home) as waiting:
        before = decide(waiting.url)
        waiting.stop(signal.SIGINT)
    with connecting(home) as waiting:
        assert web.get(before).status_code == 403
        waiting.give(before)
        waiting.hears("belongs to another attempt")
        assert sandbox.requests[TOKEN] == 0
        waits_on(waiting)


def test_the_callback_twice(home: Home, sandbox: Sandbox) -> None:
    """The second comes while the first's code is exchanged, which is done once."""
    again: list[int] = []
    with connecting(home) as waiting:
        location = decide(waiting.url)
        visit = partial(web.get, location)
        once_asked(sandbox, "/v1/oauth/token", lambda: again.append(visit().status_code))
        assert visit().status_code == 200
        ended = waiting.end()
    assert (ended.code, again) == (0, [409])
    assert sandbox.requests[TOKEN] == 1


# The port


def test_a_port_that_is_taken(home: Home, sandbox: Sandbox, port: int) -> None:
    """It says so and never listens elsewhere; pasting goes on to work."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with connecting(home) as waiting:
            assert quote(f"http://127.0.0.1:{port}/", safe="") in waiting.url
            line = waiting.hears(f"Port {port} of this computer")
            assert "is used by another program" in line
            assert "paste the address" in line
            waiting.give(decide(waiting.url))
            assert waiting.end().code == 0


def test_a_port_that_is_taken_and_nobody_who_could_paste(home: Home, port: int) -> None:
    """Nothing can come any more, so it does not wait for ten minutes."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with connecting(home, stdin=subprocess.DEVNULL) as waiting:
            ended = waiting.end()
    assert (ended.code, ended.out) == (1, "")
    assert f"Port {port} of this computer" in ended.err
    nothing_came_of_it(home)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_stopped_while_it_waits(home: Home, sandbox: Sandbox, number: signal.Signals) -> None:
    with connecting(home) as waiting:
        waiting.hears("Waiting for approval")
        assert not is_free(port_of(home))
        waiting.process.send_signal(number)
        assert waiting.process.wait(timeout=5) == 1
        assert waiting.end().err.endswith("\nStopped. Nothing was connected.\n")
    nothing_came_of_it(home)
    connected(home)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_stopped_while_new_access_is_tried(
    home: Home, sandbox: Sandbox, number: signal.Signals
) -> None:
    """Tokens are stored before they are tried. Left behind, they would be valid for a year."""
    with connecting(home) as waiting:
        once_asked(sandbox, "/v1/customers", lambda: waiting.process.send_signal(number))
        sandbox.options.latency = 0.2
        approve(waiting)
        assert waiting.end().code != 0
        sandbox.options.latency = 0.0
    nothing_came_of_it(home)


# Installs that no one here asked for


def dashboard(sandbox: Sandbox, port: int) -> str:
    """Somebody installs the app in Stripe's Dashboard; where their browser is sent."""
    redirect = f"http://127.0.0.1:{port}/stripe/callback"
    asked = web.post(f"{sandbox.url}/_sandbox/install", json={"redirect_uri": redirect})
    url: str = asked.json()["url"]
    return url


def test_an_uninvited_install_is_accepted(home: Home, sandbox: Sandbox, port: int) -> None:
    with connecting(home) as waiting:
        assert "choose whether to accept it" in web.get(dashboard(sandbox, port)).text
        assert sandbox.world.account_id in waiting.hears("Accept it? (y or n)")
        assert sandbox.requests[TOKEN] == 0
        waiting.give("y")
        assert waiting.end().code == 0
    assert status(home)["account"] == sandbox.world.account_id


def test_an_install_that_lies_about_its_account(home: Home, sandbox: Sandbox, port: int) -> None:
    """Any web page can send a browser to the listener with the code of its own account."""
    with connecting(home) as waiting:
        web.get(dashboard(sandbox, port).replace(sandbox.world.account_id, "acct_1YouKnow"))
        assert "acct_1YouKnow" in waiting.hears("Accept it? (y or n)")
        waiting.give("y")
        ended = waiting.end()
    assert ended.code == 1
    assert "for a different account from the one you accepted. Nothing was connected." in ended.err
    nothing_came_of_it(home)


def test_an_uninvited_install_is_refused(home: Home, sandbox: Sandbox, port: int) -> None:
    with connecting(home) as waiting:
        web.get(dashboard(sandbox, port))
        waiting.hears("Accept it? (y or n)")
        waiting.give("perhaps", "n")
        waiting.hears("The install was rejected and its code was not used")
        assert sandbox.requests[TOKEN] == 0
        waits_on(waiting)


def test_an_answer_is_never_taken_for_another_install(
    home: Home, sandbox: Sandbox, port: int
) -> None:
    """One that comes between the question and its answer is asked about afterwards."""
    with connecting(home) as waiting:
        web.get(dashboard(sandbox, port))
        waiting.hears("Accept it? (y or n)")
        evil = f"http://127.0.0.1:{port}/stripe/callback?code=ac_Evil&account_id=acct_1Evil"
        waiting.give(evil, "n")
        waiting.hears("The install was rejected")
        assert "acct_1Evil" in waiting.hears("Accept it? (y or n)")
        waiting.give("n")
        waiting.hears("The install was rejected")
        waits_on(waiting)
    assert home.run("disconnect", "--yes").code == 0
    sandbox.requests.clear()
    with connecting(home) as waiting:
        web.get(dashboard(sandbox, port))
        waiting.hears("Accept it? (y or n)")
        waiting.give(evil, "y")
        assert waiting.end().code == 0, "the code of the first was exchanged"
    assert sandbox.requests[TOKEN] == 1
