"""``panelist connect --oauth`` as a process that waits, with a person and a browser beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from app.sandbox.server.server import Sandbox
from tests.helpers.approved_home import decide, said
from tests.helpers.callback_client import free_port
from tests.helpers.command import Ended, Home, at
from tests.helpers.sandbox_oauth import web

PERMITTED = "Panelist reads customers, subscriptions, products, prices and events"


def stripe(port: int, **world: Any) -> Sandbox:
    """A sandbox that may redirect to a port."""
    place = f"127.0.0.1:{port}/stripe/callback"
    redirects = [f"http://{place}", f"https://{place}"]
    return Sandbox(**{"customers": 6, "seed": 71, "redirect_uris": redirects, **world})


def office(sandbox: Sandbox, folder: Path, port: int = 0, **variables: str) -> Home:
    """A home whose environment names the sandbox's app, and a store for its tokens."""
    home = at(sandbox, folder / "home", key=False)
    home.variables |= {
        "PANELIST_STRIPE_CONNECT_BASE": sandbox.url,
        "PANELIST_STRIPE_AUTHORIZE_URL": f"{sandbox.url}/oauth/v2/authorize",
        "PANELIST_STRIPE_CLIENT_ID": sandbox.world.client_id,
        "PANELIST_STRIPE_CLIENT_SECRET": sandbox.world.client_secret,
        "PANELIST_OAUTH_PORT": str(port or free_port()),
        "PANELIST_TOKEN_STORE": "plain",
        **variables,
    }
    return home


def port_of(home: Home) -> int:
    return int(home.variables["PANELIST_OAUTH_PORT"])


def is_free(port: int) -> bool:
    """Whether the next one can listen there at once."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@dataclass
class Waiting:
    """The command, which has printed its page. ``said``: what it has told since."""

    process: subprocess.Popen[str]
    url: str
    said: list[str] = field(default_factory=list)

    def hears(self, words: str) -> str:
        """The next line on standard error that has these words."""
        assert self.process.stderr
        while line := self.process.stderr.readline():
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"{words!r} was not said, but {self.said}")

    def give(self, *lines: str) -> None:
        """Type or paste."""
        assert self.process.stdin
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def end(self) -> Ended:
        """Wait for the end; nothing more is typed."""
        out, err = self.process.communicate(timeout=30)
        assert "Traceback" not in out + err
        assert "Panelist crashed" not in err
        return Ended(self.process.returncode, out, "".join(self.said) + err)

    def stop(self, number: signal.Signals) -> Ended:
        self.process.send_signal(number)
        return self.end()


@contextmanager
def connecting(home: Home, *options: str, stdin: int | IO[str] | None = None) -> Iterator[Waiting]:
    """Start it and read the page that it prints; it is killed at the end if it still runs."""
    given = {} if stdin is None else {"stdin": stdin}
    process = home.start("connect", "--oauth", "--no-browser", *options, **given)
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "Open this page and approve:\n"
            yield Waiting(process, process.stdout.readline().strip())
        finally:
            process.kill()


def approve(waiting: Waiting) -> str:
    """Press Approve and follow the redirect; the code."""
    location = decide(waiting.url)
    answer = web.get(location)
    assert answer.status_code == 200, answer.text
    return said(location)["code"]


def connected(home: Home, *options: str) -> str:
    """Connect; the code that was used."""
    with connecting(home, *options) as waiting:
        code = approve(waiting)
        ended = waiting.end()
    assert ended.code == 0, ended.err
    return code


def status(home: Home) -> dict[str, Any]:
    """What status says of the connection; nothing when there is none."""
    found: dict[str, Any] = home.run("status", "--json").json["connection"] or {}
    return found


def has_open(process: subprocess.Popen[str], name: str) -> bool:
    """Whether it has a file of this name open."""
    folder = Path(f"/proc/{process.pid}/fd")
    for link in folder.iterdir():
        try:
            if Path(os.readlink(link)).name == name:
                return True
        except OSError:  # closed in between
            continue
    return False


def nothing_came_of_it(home: Home) -> None:
    assert status(home) == {}
    folder = home.folder / "credentials"
    written = b"".join(one.read_bytes() for one in folder.glob("*.credentials"))
    assert written in (b"", b"{}")
    assert is_free(port_of(home))


def waits_on(waiting: Waiting) -> None:
    """Whatever happened changed nothing."""
    assert waiting.process.poll() is None
    approve(waiting)
    assert waiting.end().code == 0
