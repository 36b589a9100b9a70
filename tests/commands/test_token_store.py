"""Where the commands keep access, and what a kill at the worst moment leaves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.approved_home import TOKEN, decide, once_asked, until
from tests.helpers.callback_client import free_port
from tests.helpers.command import Home
from tests.helpers.oauth_process import (
    connected,
    connecting,
    has_open,
    is_free,
    office,
    port_of,
    status,
    stripe,
)
from tests.helpers.sandbox_client import Clock
from tests.helpers.sandbox_oauth import web

WORDS = {"plain": "UNENCRYPTED FILE", "passphrase": "file encrypted with a passphrase"}
PASSPHRASE = {"PANELIST_PASSPHRASE": "correct horse battery"}


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


@pytest.fixture
def nowhere(home: Home) -> Home:
    """Nobody chose a place, and there is no keyring here."""
    del home.variables["PANELIST_TOKEN_STORE"]
    home.variables["PYTHON_KEYRING_BACKEND"] = "keyring.backends.SecretService.Keyring"
    home.variables["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"
    return home


@pytest.mark.parametrize("options", [[], ["--token-store", "keyring"]], ids=["", "asked for"])
def test_without_a_keyring_no_page_is_printed(
    nowhere: Home, sandbox: Sandbox, options: list[str]
) -> None:
    ended = nowhere.run("connect", "--oauth", "--no-browser", *options)
    assert ended.code == 1
    assert "--token-store passphrase" in ended.said
    assert is_free(port_of(nowhere))
    assert not sandbox.requests
    assert [*(nowhere.folder / "credentials").glob("*.credentials")] == []


def test_a_keyring_that_is_not_trusted_is_named(nowhere: Home) -> None:
    nowhere.variables["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    ended = nowhere.run("connect", "--oauth", "--no-browser")
    assert ended.code == 1
    assert "PYTHON_KEYRING_BACKEND names 'keyring.backends.null.Keyring'" in ended.said


@pytest.mark.parametrize("place", WORDS)
def test_a_place_by_option(nowhere: Home, sandbox: Sandbox, place: str) -> None:
    nowhere.variables |= PASSPHRASE
    with connecting(nowhere, "--token-store", place) as waiting:
        web.get(decide(waiting.url))
        ended = waiting.end()
    assert ended.code == 0
    assert f"The credentials are stored in: {WORDS[place]}\n" in ended.err
    assert nowhere.run("sync").code == 0
    assert nowhere.run("info", "--json").json["credentials"] == WORDS[place]


def test_a_session_ends_with_the_command(nowhere: Home, sandbox: Sandbox) -> None:
    with connecting(nowhere, "--token-store", "session") as waiting:
        web.get(decide(waiting.url))
        ended = waiting.end()
    assert ended.code == 0
    assert "this session only, which ends with this command" in ended.err
    again = nowhere.run("sync")
    assert again.code == 3
    assert "Connect again" in again.said
    assert nowhere.run("disconnect", "--yes").code == 0
    assert sandbox.world.oauth.installed() is None


def test_a_passphrase_is_needed_again(nowhere: Home) -> None:
    nowhere.variables |= PASSPHRASE
    connected(nowhere, "--token-store", "passphrase")
    del nowhere.variables["PANELIST_PASSPHRASE"]
    for command in (["sync"], ["connect", "--oauth", "--no-browser"]):
        ended = nowhere.run(*command)
        assert ended.code == 1
        assert "PANELIST_PASSPHRASE" in ended.said
    left = nowhere.run("disconnect", "--yes")
    assert left.code == 1
    assert "could not be deleted" in left.out
    assert left.err == "The disconnect is not complete. Run panelist disconnect again.\n"
    assert status(nowhere)["status"] == "disconnected"
    nowhere.variables |= PASSPHRASE
    assert nowhere.run("disconnect", "--yes").code == 0


def test_without_a_passphrase_none_is_made_up(nowhere: Home, sandbox: Sandbox) -> None:
    ended = nowhere.run("connect", "--oauth", "--no-browser", "--token-store", "passphrase")
    assert ended.code == 1
    assert "PANELIST_PASSPHRASE" in ended.said
    assert not sandbox.requests


# A person at a terminal


def at_a_terminal(home: Home, *arguments: str, given: str) -> tuple[int, str]:
    """Run it with a terminal for everything; the exit code and what it showed."""
    mine, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        env=home.environ, umask=0o022, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(mine, given.encode())
    shown, approved = b"", False
    with contextlib.suppress(OSError), os.fdopen(mine, "rb", buffering=0) as terminal:
        while part := terminal.read(4096):
            shown += part
            if not approved and b"\nhttp" in shown and b"Waiting" in shown:
                approved = True
                url = shown.partition(b"\nhttp")[2].split()[0].decode()
                web.get(decide(f"http{url}"))
    return process.wait(timeout=30), shown.decode()


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("y", 0)])
def test_disconnecting_asks_first(home: Home, answer: str, code: int) -> None:
    connected(home)
    ended, shown = at_a_terminal(home, "disconnect", given=f"{answer}\n")
    assert ended == code
    assert "participants and segments stay on this computer" in shown
    assert "(y or n)" in shown
    assert ("Nothing was changed." in shown) == bool(code)
    assert (status(home)["status"] == "disconnected") == (not code)


def test_a_place_is_asked_for_before_the_page(nowhere: Home, sandbox: Sandbox) -> None:
    command = ("connect", "--oauth", "--no-browser")
    code, shown = at_a_terminal(nowhere, *command, given="\n")
    assert code == 1
    assert "An unencrypted file, which every program you run can read" in shown
    assert "approve:" not in shown
    code, shown = at_a_terminal(nowhere, *command, given="3\n")
    assert code == 0, shown
    assert shown.index("(1, 2 or 3") < shown.index("approve:")
    assert nowhere.run("sync").code == 0


# Killed between the arrival of tokens and their storage


@contextlib.contextmanager
def holding(file: Path) -> Iterator[Callable[[], None]]:
    """What it yields keeps everyone else from writing there, until the end."""
    held = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lambda: fcntl.flock(held, fcntl.LOCK_EX)
    finally:
        os.close(held)


def no_traceback(home: Home, *arguments: str) -> int:
    ended = home.run(*arguments)
    assert "Traceback" not in ended.out + ended.err
    assert "Panelist crashed" not in ended.err
    return ended.code


def test_killed_before_the_first_tokens_are_kept(home: Home, sandbox: Sandbox) -> None:
    with connecting(home) as waiting, holding(home.folder / "credentials/document.lock") as hold:
        asked = once_asked(sandbox, "/v1/oauth/token", hold)
        web.get(decide(waiting.url))
        assert asked.wait(20)
        until(lambda: has_open(waiting.process, "document.lock"))
        waiting.process.kill()
        waiting.process.wait(timeout=20)
    assert status(home) == {}
    assert no_traceback(home, "sync") == 3
    connected(home)
    assert no_traceback(home, "sync") == 0
    assert sandbox.requests[TOKEN] == 2


@pytest.mark.parametrize("moment", ["before the answer", "before it is kept"])
def test_killed_while_access_is_renewed(
    home: Home, sandbox: Sandbox, clock: Clock, moment: str
) -> None:
    """The old pair is worth nothing by then. That shows at the next try, as a disconnection."""
    connected(home)
    assert home.run("sync").code == 0
    clock.now += 3_601
    with holding(home.folder / "credentials/document.lock") as hold:
        late = moment == "before the answer"
        sandbox.options.token_delay = 600.0 if late else 0.0
        asked = once_asked(sandbox, "/v1/oauth/token", (lambda: None) if late else hold)
        process = home.start("sync", "--follow")
        assert asked.wait(20)
        if not late:
            until(lambda: has_open(process, "document.lock"))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
    sandbox.options.token_delay = 0.0
    ended = home.run("sync")
    assert ended.code == 3
    assert "Disconnected. Access was revoked in Stripe" in ended.said
    assert len(home.run("participants", "--jsonl").lines) == 6
    connected(home)
    assert no_traceback(home, "sync") == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_quitting_while_access_is_renewed_waits_for_the_new_pair(
    home: Home, sandbox: Sandbox, clock: Clock, number: signal.Signals
) -> None:
    connected(home)
    clock.now += 3_601
    sandbox.options.token_delay = 0.25
    asked = once_asked(sandbox, "/v1/oauth/token", lambda: None)
    process = home.start("sync", "--follow")
    assert asked.wait(20)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert err.startswith("Stopped. Everything synced so far is kept")
    assert home.run("sync").code == 0
    assert sandbox.requests[TOKEN] == 2


def test_another_account(home: Home, sandbox: Sandbox, tmp_path: Path) -> None:
    """Refused by command too; afterwards each is shown under its name."""
    connected(home)
    assert home.run("sync").code == 0
    port = free_port()
    with stripe(port, customers=3, seed=72) as other:
        there = office(other, tmp_path, port)
        with connecting(there) as waiting:
            web.get(decide(waiting.url))
            ended = waiting.end()
        assert (ended.code, ended.out) == (1, "")
        assert (
            "Nothing was changed. Disconnect it first. Its participants and segments are kept."
        ) in ended.err
        assert home.run("disconnect", "--yes").code == 0
        connected(there)
        assert there.run("sync").code == 0
        first, second = sandbox.world.account_id, other.world.account_id
    for account, people in ((first, 6), (f"{first}/test", 6), (second, 3)):
        asked = ("--jsonl", "--account", account)
        assert home.run("status", *asked).json["participants"]["total"] == people
    assert len(home.run("participants", *asked).lines) == people
    unknown = home.run("status", "--account", f"{first}/live")
    assert unknown.code == 2
    assert f"{second}/test" in unknown.said
