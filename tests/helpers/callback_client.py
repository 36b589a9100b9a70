"""A callback listener under test, and what a browser or an attacker says to it, byte by byte."""

from __future__ import annotations

import gc
import itertools
import os
import queue
import re
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from app.oauth import callback_connection
from app.oauth.callback import Callback, RedirectAnswer
from app.oauth.callback_rules import APPROVED

STATE = "test_kJ2-right_state"
CODE = "ac_GoodCode123"
GOOD = f"/stripe?code={CODE}&state={STATE}"

# Below the ports that clients get, so that no connection takes one between two starts.
_ports = itertools.cycle(range(20000 + os.getpid() % 1000 * 10, 32000))


def free_port(host: str = "127.0.0.1") -> int:
    """A port that no one uses now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = next(_ports)
        with socket.socket(family) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port


@dataclass
class Answer:
    """What came back until the connection was closed; status 0: nothing did."""

    status: int
    headers: dict[str, str]
    body: str
    raw: bytes = field(repr=False)

    @property
    def said(self) -> str:
        """The sentences that a person reads."""
        _, _, shown = self.body.partition("<h1>")
        return (
            unescape(re.sub("<[^>]+>", " ", shown.replace("</p>", ""))).strip().replace("  ", " ")
        )


def answer_in(raw: bytes) -> Answer:
    """One whole HTTP/1.1 answer, or nothing at all."""
    if not raw:
        return Answer(0, {}, "", raw)
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    version, status, _ = first.split(" ", 2)
    assert version == "HTTP/1.1"
    headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines)}
    return Answer(int(status), headers, body.decode(), raw)


@dataclass
class Browser:
    """Talks to a listener on this address."""

    port: int
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    heard: queue.Queue[RedirectAnswer] = field(default_factory=queue.Queue)
    callback: Callback = field(init=False)

    @property
    def place(self) -> str:
        """What a browser has in its Host header."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def connect(self) -> socket.socket:
        """A connection; with TLS when the listener has it."""
        plain = socket.create_connection((self.host, self.port), timeout=5)
        if self.tls is None:
            return plain
        return self.tls.wrap_socket(plain, server_hostname=self.host)

    def send(self, raw: bytes) -> Answer:
        """Everything at once."""
        with self.connect() as connection:
            connection.sendall(raw)
            return answer_in(everything(connection))

    def head(self, target: str, *headers: str, method: str = "GET") -> bytes:
        """A head as a browser's, with more headers."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.place}", *headers, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def get(self, target: str, *headers: str) -> Answer:
        """A navigation."""
        return self.send(self.head(target, *headers))

    def next(self) -> RedirectAnswer:
        """What was heard next."""
        return self.heard.get(timeout=5)


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@contextmanager
def listening(
    folder: Path,
    heard: Callable[[RedirectAnswer], None] | None = None,
    *,
    scheme: str = "http",
    host: str = "127.0.0.1",
    patience: float | None = None,
) -> Iterator[Browser]:
    """A listener that expects STATE; what is heard lands in the browser's queue first."""
    browser = Browser(free_port(host), host)

    def both(said: RedirectAnswer) -> None:
        browser.heard.put(said)
        if heard:
            heard(said)

    browser.callback = Callback(
        f"{scheme}://{browser.place}/stripe",
        folder,
        both,
        patience=callback_connection.PATIENCE if patience is None else patience,
    )
    browser.callback.expect(STATE)
    browser.callback.start()
    if scheme == "https":
        browser.tls = ssl.create_default_context(cafile=folder / "loopback.pem")
    try:
        yield browser
    finally:
        browser.callback.close()


def collect_what_others_left() -> None:
    """A socket that a test of another module left open is collected at any moment, and would be
    taken for one of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
    gc.freeze()  # the next test need not look through what is in use


def still_good(browser: Browser) -> None:
    """Whatever happened: nothing was heard of it, and Stripe's answer arrives."""
    assert browser.heard.empty()
    answer = browser.get(GOOD)
    assert (answer.status, answer.said) == (200, APPROVED)
    assert browser.next() == RedirectAnswer("approved", CODE)
    assert browser.heard.empty()


def listen(other: socket.socket, host: str, port: int) -> None:
    other.bind((host, port))
    other.listen()


def assert_free(port: int) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listen(other, "127.0.0.1", port)
