"""Approving somewhere else than in a browser that comes back here: over ssh, in a container."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.approved_home import decide, said
from tests.helpers.callback_client import free_port
from tests.helpers.command import Ended, Home
from tests.helpers.oauth_process import (
    connecting,
    nothing_came_of_it,
    office,
    status,
    stripe,
    waits_on,
)
from tests.helpers.sandbox_oauth import web


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with stripe(free_port()) as running:
        yield running


@pytest.fixture
def home(sandbox: Sandbox, tmp_path: Path) -> Home:
    """Stripe redirects to the port that the sandbox was told of."""
    redirect = sandbox.world.oauth.redirect_uris[-1]
    return office(sandbox, tmp_path, int(redirect.split(":")[2].partition("/")[0]))


def broken(location: str) -> str:
    """As a terminal of 40 columns gives a long line back."""
    return " ".join(location[start : start + 40] for start in range(0, len(location), 40))


def bare(location: str) -> str:
    return said(location)["code"]


def quoted(location: str) -> str:
    return f"  <{location}> "


@pytest.mark.parametrize("form", [str, broken, bare, quoted])
def test_what_the_browser_arrived_at_is_pasted(home: Home, form: Callable[[str], str]) -> None:
    """Also after nonsense, which is not repeated."""
    with connecting(home) as waiting:
        waiting.give(
            "", "hunter2", "https://evil.example/stripe/callback?code=ac_1", "y", "\x1b[2J"
        )
        for _ in range(4):
            line = waiting.hears("Nothing was connected")
            assert not [word for word in ("hunter2", "evil", "\x1b") if word in line]
        waiting.give(form(decide(waiting.url)))
        ended = waiting.end()
    assert ended.code == 0
    assert status(home)["method"] == "oauth"


def test_a_denial_is_pasted(home: Home) -> None:
    with connecting(home) as waiting:
        waiting.give(decide(waiting.url, "deny"))
        assert waiting.end().code == 1
    nothing_came_of_it(home)


def test_bytes_that_are_no_text(home: Home) -> None:
    home.variables["PYTHONIOENCODING"] = "utf-8:strict"  # as where a locale is set
    with connecting(home) as waiting:
        assert waiting.process.stdin
        os.write(waiting.process.stdin.fileno(), b"\xff\xfe\x00\n")
        waiting.hears("Nothing was connected")
        waits_on(waiting)


def test_nobody_types(home: Home) -> None:
    with connecting(home, stdin=subprocess.DEVNULL) as waiting:
        waits_on(waiting)


def test_standard_input_is_closed(home: Home, sandbox: Sandbox) -> None:
    """Not even empty: the descriptor is not there."""
    process = subprocess.Popen(
        ["sh", "-c", '"$@" <&-', "sh", sys.executable, "-m", "app", "connect", "--oauth",
         "--no-browser"],
        env=home.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    process.stdout.readline()
    web.get(decide(process.stdout.readline().strip()))
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err


# The browser


def in_a_browser(home: Home, **variables: str) -> Ended:
    """Without --no-browser; someone approves elsewhere."""
    home.variables |= variables
    process = home.start("connect", "--oauth")
    assert process.stdout
    process.stdout.readline()
    web.get(decide(process.stdout.readline().strip()))
    out, err = process.communicate(timeout=30)
    return Ended(process.returncode, out, err)


def test_a_browser_gets_the_page_and_none_of_our_secrets(home: Home, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/page\nenv > {tmp_path}/environ\n')
    browser.chmod(0o700)
    ended = in_a_browser(home, BROWSER=f"{browser} %s")
    assert ended.code == 0
    assert "The link was opened in your browser.\n" in ended.err
    assert (tmp_path / "page").read_text().startswith(home.variables["PANELIST_STRIPE_API_BASE"])
    given = (tmp_path / "environ").read_text()
    assert "BROWSER=" in given
    assert "PANELIST" not in given
    assert home.variables["PANELIST_STRIPE_CLIENT_SECRET"] not in given


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"BROWSER": "/nonexistent/browser %s"}, "no browser could be started"),
        ({"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}, "no display is available"),
        ({"BROWSER": "", "SSH_CONNECTION": "203.0.113.1 2 203.0.113.3 22"}, "an ssh session"),
    ],
    ids=["missing", "no display", "ssh"],
)
def test_without_a_browser_the_page_is_there_to_be_opened_elsewhere(
    home: Home, variables: dict[str, str], why: str
) -> None:
    ended = in_a_browser(home, **variables)
    assert ended.code == 0
    assert f"The link was not opened: {why}" in ended.err.replace("this is ", "")
