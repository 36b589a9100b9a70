"""The listener for Stripe's redirect, attacked over real sockets."""

from __future__ import annotations

import base64
import contextlib
import errno
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from app.oauth import callback_rules
from app.oauth.callback import CALLERS, Callback, RedirectAnswer
from app.oauth.callback_connection import CallbackRequest
from app.oauth.callback_rules import DENIED, INSTALLED, CallbackRules
from app.web_page import style_source
from tests.helpers.callback_client import (
    CODE,
    GOOD,
    STATE,
    Browser,
    assert_free,
    everything,
    free_port,
    listening,
    still_good,
)

INSTALL = "/stripe?code=ac_Install1&account_id=acct_1Abc&user_id=usr_1&install_signature=x"


pytestmark = [
    pytest.mark.filterwarnings("error"),  # a socket left open, too
    pytest.mark.usefixtures("alone"),
]


ATTACKS: dict[str, tuple[int, str]] = {  # {place} is the listener's; each line ends in CRLF
    "favicon": (404, "GET /favicon.ico HTTP/1.1\nHost: {place}\n"),
    "another path": (404, "GET /stripe/?code={code}&state={state} HTTP/1.1\nHost: {place}\n"),
    "path in capitals": (404, "GET /STRIPE?code={code}&state={state} HTTP/1.1\nHost: {place}\n"),
    "path encoded": (404, "GET /%73tripe?code={code}&state={state} HTTP/1.1\nHost: {place}\n"),
    "absolute form": (404, "GET http://{place}{good} HTTP/1.1\nHost: {place}\n"),
    "asterisk form": (404, "OPTIONS * HTTP/1.1\nHost: {place}\n"),
    "connect": (404, "CONNECT {place} HTTP/1.1\nHost: {place}\n"),
    "post": (405, "POST {good} HTTP/1.1\nHost: {place}\nContent-Length: 2\n\nab"),
    "post, then a good one": (
        405,
        "POST {good} HTTP/1.1\nHost: {place}\n\nGET {good} HTTP/1.1\nHost: {place}\n",
    ),
    "head": (405, "HEAD {good} HTTP/1.1\nHost: {place}\n"),
    "options": (405, "OPTIONS {good} HTTP/1.1\nHost: {place}\n"),
    "put": (405, "PUT {good} HTTP/1.1\nHost: {place}\nContent-Length: 0\n"),
    "foreign host": (421, "GET {good} HTTP/1.1\nHost: evil.example:{port}\n"),
    "localhost": (421, "GET {good} HTTP/1.1\nHost: localhost:{port}\n"),
    "host without port": (421, "GET {good} HTTP/1.1\nHost: 127.0.0.1\n"),
    "host of another port": (421, "GET {good} HTTP/1.1\nHost: 127.0.0.1:1\n"),
    "two hosts": (421, "GET {good} HTTP/1.1\nHost: {place}\nHost: evil.example\n"),
    "the same host twice": (421, "GET {good} HTTP/1.1\nHost: {place}\nhost: {place}\n"),
    "no host": (421, "GET {good} HTTP/1.1\nX: y\n"),
    "http 1.0 without host": (421, "GET {good} HTTP/1.0\n"),
    "http 0.9": (421, "GET {good}\n"),
    "no state": (403, "GET /stripe?code={code} HTTP/1.1\nHost: {place}\n"),
    "no query": (403, "GET /stripe HTTP/1.1\nHost: {place}\n"),
    "empty state": (403, "GET /stripe?code={code}&state= HTTP/1.1\nHost: {place}\n"),
    "wrong state": (403, "GET /stripe?code={code}&state={state}x HTTP/1.1\nHost: {place}\n"),
    "part of the state": (403, "GET /stripe?code={code}&state=test_ HTTP/1.1\nHost: {place}\n"),
    "non-ASCII state": (403, "GET /stripe?code={code}&state=%C3%A9 HTTP/1.1\nHost: {place}\n"),
    "broken UTF-8 state": (403, "GET /stripe?code={code}&state=%ff HTTP/1.1\nHost: {place}\n"),
    "surrogate state": (403, "GET /stripe?code={code}&state=%ED%A0%80 HTTP/1.1\nHost: {place}\n"),
    "account malformed": (
        403,
        "GET /stripe?code={code}&account_id=acct_%2e HTTP/1.1\nHost: {place}\n",
    ),
    "account twice": (
        403,
        "GET /stripe?code={code}&account_id=acct_1&account_id=acct_2 HTTP/1.1\nHost: {place}\n",
    ),
    "image": (403, "GET {good} HTTP/1.1\nHost: {place}\nSec-Fetch-Dest: image\n"),
    "iframe": (403, "GET {good} HTTP/1.1\nHost: {place}\nsec-fetch-dest: iframe\n"),
    "fetch": (403, "GET {good} HTTP/1.1\nHost: {place}\nSec-Fetch-Dest: empty\n"),
    "two uses": (
        403,
        "GET {good} HTTP/1.1\nHost: {place}\nSec-Fetch-Dest: document\nSec-Fetch-Dest: image\n",
    ),
    "error without state": (403, "GET /stripe?error=access_denied HTTP/1.1\nHost: {place}\n"),
    "error, wrong state": (
        403,
        "GET /stripe?error=access_denied&state=x HTTP/1.1\nHost: {place}\n",
    ),
    "two codes": (400, "GET {good}&code={code} HTTP/1.1\nHost: {place}\n"),
    "two states": (400, "GET {good}&state={state} HTTP/1.1\nHost: {place}\n"),
    "code and error": (400, "GET {good}&error=access_denied HTTP/1.1\nHost: {place}\n"),
    "neither code nor error": (400, "GET /stripe?state={state} HTTP/1.1\nHost: {place}\n"),
    "error of Stripe's": (
        400,
        "GET /stripe?error=invalid_scope&state={state} HTTP/1.1\nHost: {place}\n",
    ),
    "empty code": (400, "GET /stripe?code=&state={state} HTTP/1.1\nHost: {place}\n"),
    "code of 501": (400, "GET /stripe?state={state}&code={long} HTTP/1.1\nHost: {place}\n"),
    "code with a dot": (400, "GET /stripe?state={state}&code=ac_. HTTP/1.1\nHost: {place}\n"),
    "code with a newline": (
        400,
        "GET /stripe?state={state}&code={code}%0A HTTP/1.1\nHost: {place}\n",
    ),
    "code with NUL": (400, "GET /stripe?state={state}&code=ac_%00 HTTP/1.1\nHost: {place}\n"),
    "too many fields": (400, "GET {good}{many} HTTP/1.1\nHost: {place}\n"),
    "header of 20 kB": (400, "GET {good} HTTP/1.1\nHost: {place}\nX: {huge}\n"),
    "target of 20 kB": (400, "GET {good}&x={huge} HTTP/1.1\nHost: {place}\n"),
    "no HTTP": (400, "hello\n"),
    "http 2": (400, "PRI * HTTP/2.0\n\nSM\n"),
    "folded header": (400, "GET {good} HTTP/1.1\nHost:\n {place}\n"),
    "space before colon": (400, "GET {good} HTTP/1.1\nHost : {place}\n"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_answered_and_changes_nothing(browser: Browser, name: str) -> None:
    status, text = ATTACKS[name]
    raw = text.format(
        place=browser.place,
        port=browser.port,
        good=GOOD,
        code=CODE,
        state=STATE,
        long="a" * 501,
        huge="a" * 20_000,
        many="&a=b" * 70,
    )
    answer = browser.send(raw.replace("\n", "\r\n").encode() + b"\r\n")
    assert answer.status == status
    assert ("allow" in answer.headers) == (status == 405)
    still_good(browser)


def test_bytes_that_are_no_text(browser: Browser) -> None:
    hello = bytes.fromhex("16030100c8010000c40303") + os.urandom(180)  # TLS
    assert browser.send(hello).status == 400
    state = b"GET /stripe?code=ac_1&state=\xff\xfe HTTP/1.1\r\nHost: %s\r\n\r\n"
    assert browser.send(state % browser.place.encode()).status in (400, 403)
    still_good(browser)


def test_every_answer_is_plain_private_and_its_own(browser: Browser) -> None:
    targets = [*("/reflected", "/stripe?code=reflected", "/stripe?state=reflected"), GOOD]
    for target in targets:
        answer = browser.get(target, "X-Reflected: reflected", "Sec-Fetch-Dest: document")
        assert answer.headers == {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "content-security-policy": (
                f"default-src 'none'; style-src {style_source()}; img-src data:;"
                " frame-ancestors 'none'; base-uri 'none'"
            ),
            "x-content-type-options": "nosniff",
            "connection": "close",
            "content-length": str(len(answer.body.encode())),
        }
        assert b"reflected" not in answer.raw.lower()
        assert "<script" not in answer.body
    assert answer.status == 200
    assert "<h1>Panelist has received the approval.</h1>" in answer.body
    assert "<p>You can close this page and go back to the terminal.</p>" in answer.body
    assert CODE not in answer.body


def test_a_navigation_that_offers_another_protocol(browser: Browser) -> None:
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    assert browser.get(GOOD, *offer).status == 200
    assert browser.next() == RedirectAnswer("approved", CODE)


def test_only_the_first_request_of_a_connection_counts(browser: Browser) -> None:
    answer = browser.send(browser.head(GOOD) + browser.head("/stripe?x", "Host: evil.example"))
    assert answer.status == 200
    assert browser.next() == RedirectAnswer("approved", CODE)


def test_head_gets_no_body(browser: Browser) -> None:
    answer = browser.send(browser.head(GOOD, method="HEAD"))
    assert (answer.status, answer.body) == (405, "")


def test_a_state_is_accepted_once(browser: Browser) -> None:
    still_good(browser)
    for target in (GOOD, f"/stripe?error=access_denied&state={STATE}"):
        assert browser.get(target).status == 409
    browser.callback.expect("another")
    assert browser.get(GOOD).status == 409
    assert browser.get(f"/stripe?code=ac_2&state={STATE}x").status == 403
    assert browser.get("/stripe?code=ac_2&state=another").status == 200
    assert browser.next() == RedirectAnswer("approved", "ac_2")
    assert browser.heard.empty()


def test_only_the_newest_state_counts(browser: Browser) -> None:
    browser.callback.expect("newer")
    assert browser.get(GOOD).status == 403
    assert browser.get("/stripe?code=ac_2&state=newer").status == 200


def test_nothing_is_accepted_before_a_state_is_expected(tmp_path: Path) -> None:
    port, heard = free_port(), list[RedirectAnswer]()
    callback = Callback(f"http://127.0.0.1:{port}/stripe", tmp_path, heard.append)
    callback.start()
    for state in ("", "x", STATE):
        assert Browser(port).get(f"/stripe?code=ac_1&state={state}").status == 403
    callback.close()
    assert heard == []


def test_what_stripe_adds_is_ignored(browser: Browser) -> None:
    more = "&account_id=acct_1&account_id=acct_2&user_id=usr_1&install_signature=a%2Fb"
    answer = browser.get(f"{GOOD}{more}&livemode=false&scope=read_write&scope=x&=&&a")
    assert answer.status == 200
    assert browser.next() == RedirectAnswer("approved", CODE)


def test_a_person_says_no(browser: Browser) -> None:
    said = "error=access_denied&error_description=The%20user%20denied%20your%20request"
    answer = browser.get(f"/stripe?{said}&state={quote(STATE)}")
    assert (answer.status, answer.said) == (200, DENIED)
    assert browser.next() == RedirectAnswer("denied")
    assert browser.get(GOOD).status == 409


def test_an_install_from_the_dashboard_is_heard_as_uninvited(browser: Browser) -> None:
    assert browser.get(INSTALL, "Sec-Fetch-Dest: iframe").status == 403
    answer = browser.get(f"{INSTALL}&livemode=false", "Sec-Fetch-Dest: document")
    assert (answer.status, answer.said) == (200, INSTALLED)
    assert browser.next() == RedirectAnswer("uninvited", "ac_Install1", "acct_1Abc", livemode=False)
    assert browser.get(f"{INSTALL}&livemode=false").status == 200  # loaded again
    assert browser.get(INSTALL.replace("Install1", "Install2")).status == 429
    still_good(browser)


@pytest.mark.parametrize(
    ("said", "livemode"),
    [("", None), ("&livemode=true", True), ("&livemode=false", False), ("&livemode=1", None)],
)
def test_what_an_install_says_of_its_mode(
    browser: Browser, said: str, livemode: bool | None
) -> None:
    assert browser.get(INSTALL + said).status == 200
    assert browser.next().livemode is livemode


def test_uninvited_ones_are_few_and_slow() -> None:
    now, heard = 1000.0, list[RedirectAnswer]()
    rules = CallbackRules("http://127.0.0.1:4/stripe", heard.append, lambda: now)

    def install(number: int) -> int:
        target = f"/stripe?code=ac_{number}&account_id=acct_{number}".encode()
        return rules.judge(CallbackRequest(b"GET", target, ((b"HOST", b"127.0.0.1:4"),)))[0]

    assert callback_rules.APART == 5.0
    assert [install(1), install(1), install(2)] == [200, 200, 429]
    now += 4.9
    assert install(2) == 429
    now += 0.1
    assert install(2) == 200
    for number in range(3, 40):
        now += 60
        assert install(number) == (200 if number <= 20 else 429)
    assert [said.account for said in heard] == [f"acct_{number}" for number in range(1, 21)]


@pytest.mark.parametrize(
    ("uri", "host"), [("http://127.0.0.1:80/x", b"127.0.0.1"), ("https://[::1]:443/x", b"[::1]")]
)
def test_browsers_leave_a_default_port_out(uri: str, host: bytes) -> None:
    rules = CallbackRules(uri, lambda _: None)
    rules.expect(STATE)
    target = GOOD.replace("/stripe", "/x").encode()
    assert rules.judge(CallbackRequest(b"GET", target, ((b"Host", host),)))[0] == 200


def test_a_head_that_drips_in_is_cut_off(tmp_path: Path) -> None:
    with listening(tmp_path, patience=0.3) as browser, browser.connect() as slow:
        begun = time.monotonic()
        for byte in browser.head(GOOD):
            slow.send(bytes([byte]))
            if select.select([slow], [], [], 0.02)[0]:
                break
        else:
            pytest.fail("The whole head was heard.")
        assert everything(slow).startswith(b"HTTP/1.1 400 ")
        assert time.monotonic() - begun > 0.25
        still_good(browser)


def test_who_does_not_leave_is_cut_off(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.oauth.callback_connection.LINGER", 0.05)
    with browser.connect() as stays:
        stays.sendall(browser.head("/"))
        assert everything(stays).startswith(b"HTTP/1.1 404 ")
        until = time.monotonic() + 3
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < until:
                stays.send(b"more")
                select.select([], [], [], 0.005)
        assert time.monotonic() < until


def test_twenty_at_once(browser: Browser) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(browser.connect()) for _ in range(CALLERS + 15)]
        until = time.monotonic() + 3
        while len(held) > CALLERS and time.monotonic() < until:
            held = [one for one in held if one not in select.select(held, [], [], 0.01)[0]]
        assert CALLERS == 20
        assert select.select(held, [], [], 0.2)[0] == []
        assert len(held) == CALLERS
        assert len(browser.callback._callers) == CALLERS
        still_good(browser)


def test_a_flood_does_not_stop_stripes_answer(browser: Browser) -> None:
    over = threading.Event()

    def flood() -> None:
        held: list[socket.socket] = []
        while not over.is_set():
            try:
                held.append(socket.create_connection((browser.host, browser.port), timeout=0.5))
                held[-1].send(b"GET /stripe?co")
            except OSError:
                select.select([], [], [], 0.01)
            if len(held) > 200:
                held.pop(0).close()
        for one in held:
            one.close()

    flooding = [threading.Thread(target=flood, daemon=True) for _ in range(2)]
    for thread in flooding:
        thread.start()
    try:
        assert browser.get("/favicon.ico").status == 404
        still_good(browser)
    finally:
        over.set()
        for thread in flooding:
            thread.join()


def test_no_descriptor_left(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    failures, accept = iter([errno.EMFILE, errno.ENFILE]), socket.socket.accept

    def failing(self: socket.socket) -> tuple[socket.socket, Any]:
        if number := next(failures, None):
            raise OSError(number, "Too many open files")
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", failing)
    still_good(browser)
    assert next(failures, None) is None


def test_a_fault_of_the_hearer_does_not_end_the_listener(tmp_path: Path) -> None:
    def faulty(_: RedirectAnswer) -> None:
        raise RuntimeError(CODE)

    with listening(tmp_path, faulty) as browser:
        for state in ("one", "two"):
            browser.callback.expect(state)
            assert browser.get(f"/stripe?code={CODE}&state={state}").status == 200
            assert browser.next() == RedirectAnswer("approved", CODE)


def test_it_is_heard_in_the_listeners_thread_which_may_close_it(tmp_path: Path) -> None:
    names, closed = list[str](), threading.Event()

    def close(_: RedirectAnswer) -> None:
        names.append(threading.current_thread().name)
        running.callback.close()
        closed.set()

    with listening(tmp_path, close) as running:
        assert running.get(GOOD).status == 200
        assert closed.wait(5)
        assert_free(running.port)
    assert names == ["callback"]


def test_closing_does_not_wait_for_the_hearer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    over, heard = threading.Event(), threading.Event()

    def slow(_: RedirectAnswer) -> None:
        over.wait(20)
        heard.set()

    with listening(tmp_path, slow) as browser:
        assert browser.get(GOOD).status == 200
        browser.next()
        browser.callback.close()
        assert not heard.is_set()
        assert_free(browser.port)
        browser.callback.expect("again")
        browser.callback.start()  # while the old thread is still held
        over.set()
        assert browser.get("/stripe?code=ac_2&state=again").status == 200
        assert browser.next() == RedirectAnswer("approved", "ac_2")
    assert caplog.text == ""


def test_nothing_that_was_sent_is_logged_or_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def faulty(said: RedirectAnswer) -> None:
        raise ValueError(f"{said.code} {STATE}")

    shown = []
    caplog.set_level(logging.DEBUG)
    with listening(tmp_path, faulty) as browser:
        browser.callback._loop.call_soon_threadsafe(browser.callback._loop.set_debug, True)
        for target in ("/canary", "/stripe?code=canary&state=canary", "/stripe?code=ca.nary"):
            browser.get(target, "X-Canary: canary")
        for raw in (b"canary \xff\r\n\r\n", b"GET /\xffcanary HTTP/1.1\r\n\r\n", b"canary"):
            with browser.connect() as rude:
                rude.sendall(raw)
        browser.get(INSTALL)
        assert browser.get(GOOD).status == 200
        shown += [repr(browser.next()), repr(browser.next()), repr(browser.callback)]
        shown += [repr(thread) for thread in threading.enumerate()]
        shown += [repr(CallbackRequest(b"GET", GOOD.encode(), ((b"canary", b"canary"),)))]
    assert caplog.text.count("had an error: ValueError") == 2
    text = "\n".join([caplog.text, *capfd.readouterr(), *shown]).lower()
    for secret in ("canary", CODE, "ac_Install1", STATE):
        assert secret.lower() not in text
        assert base64.b64encode(secret.encode()).decode().lower() not in text


def test_plain_http_needs_no_cryptography() -> None:
    code = (
        "import sys; from pathlib import Path; from app.oauth.callback import Callback\n"
        f"one = Callback('http://127.0.0.1:{free_port()}/x', Path('nowhere'), print)\n"
        "one.start(); one.close()\n"
        "assert not {'cryptography', 'keyring', 'textual', 'h11'} & sys.modules.keys()\n"
        "assert not Path('nowhere').exists()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
