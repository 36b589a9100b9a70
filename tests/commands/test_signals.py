"""The second Ctrl-C ends a command at once, whatever it waits for."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands.shared.batch_sending import AT_ONCE
from app.db.engines.store_factory import open_store
from app.settings import Settings
from tests.helpers.approved_home import until
from tests.helpers.command import Home
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import account, queued, states, study

# Names are never found. It says so in a file, because a test must know that it waits.
LOST = """
import os, socket, time
def lost(*_, **__):
    open(os.environ["TEST_ASKED"], "w").close()
    time.sleep(600)
socket.getaddrinfo = lost
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", {"PANELIST_MAIL_RATE": "0"})


def stop_twice(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Two signals. They would become one if the second came before the first was heard."""
    process.send_signal(signal.SIGINT)
    until(lambda: not is_pending(process, signal.SIGINT))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert "Traceback" not in err
    return out, err


def is_pending(process: subprocess.Popen[str], number: signal.Signals) -> bool:
    """Whether a process has not heard a signal yet (proc(5))."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (pending,) = (line.split()[1] for line in lines if line.startswith("ShdPnd:"))
    return bool(int(pending, 16) & 1 << number - 1)


@pytest.fixture
def silent() -> Iterator[MailServer]:
    """It takes an email and never says so."""
    with MailServer(lambda _: "silent at end, accepted") as server:
        yield server


def test_an_email_under_way_stays_uncertain(home: Home, silent: MailServer) -> None:
    store = open_store(Settings(home=home.folder))
    run = queued(store, study(store, account(store, 2)))
    home.variables["PANELIST_SMTP_SERVER"] = silent.url
    process = home.start("invite", "--resume", "--run", str(run.run))
    until(lambda: len(silent.accepted) == 1)
    out, err = stop_twice(process)
    assert (process.returncode, out) == (1, "")
    assert err.endswith(f"{AT_ONCE}\n")
    assert sorted(states(store, run.run).values()) == ["queued", "uncertain"]
    silent.fault = lambda _: "ok"  # and the next one sends only what is queued
    assert home.run("invite", "--resume", "--run", str(run.run)).code == 1
    assert sorted(states(store, run.run).values()) == ["sent", "uncertain"]
    assert set(silent.counts.values()) == {1}
    said = "2 invites, 1 invited: 1 uncertain, 1 sent"  # who is uncertain is not invited
    assert said in home.run("studies").out
    store.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_email_that_is_not_whole_is_left_at_once(home: Home, number: signal.Signals) -> None:
    """As systemd stops it with one SIGTERM, and as a closed terminal does."""
    store = open_store(Settings(home=home.folder))
    run = queued(store, study(store, account(store, 2)))
    with MailServer(lambda _: "data hangs") as server:
        home.variables["PANELIST_SMTP_SERVER"] = server.url
        process = home.start("invite", "--resume", "--run", str(run.run))
        until(lambda: bool(server.recipients))
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "0 sent, 2 left.\n")
    assert "Stopped. Invites that were not sent stay queued." in err
    assert set(states(store, run.run).values()) == {"queued"}
    assert store.rows("SELECT state, trouble FROM run") == [("running", None)]
    store.close()


@pytest.mark.parametrize(
    "arguments",
    [("sync",), ("verify", "--stripe"), ("connect", "--key-stdin")],
    ids=lambda arguments: arguments[0],
)
def test_a_name_that_is_never_found(home: Home, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "sitecustomize.py").write_text(LOST)
    asked = tmp_path / "asked"
    home.variables |= {
        "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}",
        "TEST_ASKED": str(asked),
        "PANELIST_STRIPE_API_BASE": "https://stripe.example",
        "PANELIST_STRIPE_KEY": "rk_test_1234567890123456",
    }
    process = home.start(*arguments)
    assert process.stdin
    process.stdin.write("rk_test_1234567890123456\n")
    process.stdin.flush()
    until(asked.exists)
    process.send_signal(signal.SIGINT)  # one is enough, because a thread of its own looks it up
    _, err = process.communicate()
    assert process.returncode == 1
    assert err.strip()
    assert "Traceback" not in err
