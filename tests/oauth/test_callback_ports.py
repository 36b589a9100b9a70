"""Where the listener for Stripe's redirect listens: a port of its own, as long as it is wanted."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from app.oauth.callback import Callback
from app.oauth.errors import OAuthProblem
from tests.helpers.callback_client import (
    GOOD,
    STATE,
    Browser,
    free_port,
    listen,
    listening,
    still_good,
)

pytestmark = [
    pytest.mark.filterwarnings("error"),  # a socket left open, too
    pytest.mark.usefixtures("alone"),
]


def test_it_starts_and_closes_again_and_again(browser: Browser) -> None:
    for number in range(20):
        browser.callback.expect(f"state{number}")
        assert browser.get(f"/stripe?code=ac_{number}&state=state{number}").status == 200
        assert browser.next().code == f"ac_{number}"
        with browser.connect():  # and someone who says nothing
            begun = time.monotonic()
            browser.callback.close()
            assert time.monotonic() - begun < 0.5
        browser.callback.close()
        with pytest.raises(ConnectionRefusedError):
            browser.connect()
        with socket.socket() as strict, pytest.raises(OSError, match="in use"):
            strict.bind((browser.host, browser.port))  # TIME_WAIT is there, and does not matter
        browser.callback.start()
        browser.callback.start()
    browser.callback.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "callback"]


def test_nobody_else_can_listen_there(browser: Browser, tmp_path: Path) -> None:
    uri = f"http://{browser.place}/stripe"
    with pytest.raises(OAuthProblem) as caught:
        Callback(uri, tmp_path, lambda _: None).start()
    assert caught.value.kind == "setup"
    assert f"Port {browser.port} " in str(caught.value)
    assert "End that program" in str(caught.value)
    assert "paste the address" in str(caught.value)
    for option in (0, socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        for host in ("127.0.0.1", "0.0.0.0"):
            with socket.socket() as other:
                if option:
                    other.setsockopt(socket.SOL_SOCKET, option, 1)
                with pytest.raises(OSError, match="in use"):
                    listen(other, host, browser.port)
    still_good(browser)


def test_it_does_not_share_with_who_was_there_first(tmp_path: Path) -> None:
    port = free_port()
    for host in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as first:
            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                first.setsockopt(socket.SOL_SOCKET, option, 1)
            first.bind((host, port))
            first.listen()
            callback = Callback(f"http://127.0.0.1:{port}/stripe", tmp_path, lambda _: None)
            with pytest.raises(OAuthProblem, match=f"Port {port} "):
                callback.start()
            callback.close()
    callback.start()  # once it is free
    callback.close()


def test_a_port_that_may_not_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "listen", refuse)
    with pytest.raises(OAuthProblem, match=r"cannot be used.*paste") as caught:
        Callback(f"http://127.0.0.1:{free_port()}/x", tmp_path, lambda _: None).start()
    assert caught.value.kind == "setup"


@pytest.mark.parametrize(
    "uri", ["https://acme.example/x", "http://localhost:4/x", "http://[::", ""]
)
def test_an_address_elsewhere_is_for_pasting(uri: str, tmp_path: Path) -> None:
    callback = Callback(uri, tmp_path, lambda _: None)
    callback.expect(STATE)
    with pytest.raises(OAuthProblem, match="paste") as caught:
        callback.start()
    assert caught.value.kind == "setup"
    callback.close()


def test_it_listens_at_the_literal_address_only(browser: Browser) -> None:
    for host in ("127.0.0.2", "::1"):
        with pytest.raises(OSError, match=r"refused|unreachable|assign"):
            socket.create_connection((host, browser.port), timeout=1)


def test_the_other_literal_address(tmp_path: Path) -> None:
    try:
        free_port("::1")
    except OSError:
        pytest.skip("no IPv6 here")
    with listening(tmp_path, host="::1") as browser:
        head = f"GET {GOOD} HTTP/1.1\r\nHost: 127.0.0.1:{browser.port}\r\n\r\n"
        assert browser.send(head.encode()).status == 421
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", browser.port), timeout=1)
        still_good(browser)
