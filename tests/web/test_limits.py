"""Too much, too slow, too many."""

from __future__ import annotations

import contextlib
import select
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.db.store import Store
from app.settings import Settings
from app.web import signatures, webhook
from app.web.webhook import BODY_LIMIT, PATH
from tests.helpers.approved_home import until
from tests.helpers.webhook_client import Serving, event, http, locked, serving, signed

TWO_MB = 2 * 2**20


def padded(size: int) -> bytes:
    """An event of this many bytes."""
    short = event(padding="")
    return event(padding="x" * (size - len(short)))


def rest(connection: socket.socket) -> bytes:
    """What comes until the other side closes, in whatever way."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def head(length: object = None, *more: str) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: here", *more]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


# Too much


def test_the_largest_that_is_taken(on_sqlite: Serving) -> None:
    body = padded(BODY_LIMIT)
    assert len(body) == BODY_LIMIT
    assert on_sqlite.send(body).text == "Stored.\n"
    refused = on_sqlite.send(padded(BODY_LIMIT + 1))
    assert refused.status_code == 413


def test_two_mb_with_a_length(on_sqlite: Serving) -> None:
    answer = on_sqlite.send(padded(TWO_MB))
    assert answer.status_code == 413
    assert "larger than 512 KB" in answer.text
    assert on_sqlite.hints == []


def test_two_mb_without_a_length(on_sqlite: Serving) -> None:
    body = padded(TWO_MB)
    parts = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
    answer = http.post(
        on_sqlite.url + PATH, content=parts, headers={"Stripe-Signature": signed(body)}
    )
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert on_sqlite.hints == []


def test_a_length_is_refused_before_anything_is_read(on_sqlite: Serving) -> None:
    """The sender waits for leave to send its body, and gets the refusal instead."""
    with on_sqlite.connect() as connection:
        connection.sendall(head(TWO_MB, "Expect: 100-continue"))
        answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer


def test_who_goes_on_sending_still_hears_why(
    on_sqlite: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing while bytes come would reset the connection, and the answer could be lost."""
    monkeypatch.setattr(webhook, "LINGER_SECONDS", 20.0)
    with on_sqlite.connect() as connection:
        connection.sendall(head(TWO_MB))
        answer = connection.recv(65536)
        connection.sendall(b"x" * TWO_MB)
        answer += rest(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"Nothing was stored.\n")


def test_a_body_without_end_is_given_up(on_sqlite: Serving) -> None:
    """It is not read on for long, and none of it is kept."""
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with on_sqlite.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(head(None, "Transfer-Encoding: chunked"))
        for _ in range(4_000):  # 250 MB
            connection.sendall(chunk)
        pytest.fail("it was read to the end")
    assert on_sqlite.send(event()).text == "Stored.\n"


@pytest.mark.parametrize(
    "raw",
    [
        head("many"),
        head("-5"),
        head("9" * 5_000),
        head("5, 6"),
        head(5, "Content-Length: 6"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\nnonsense\r\n\r\n",
        head(None, "X: " + "y" * 70_000),
        head(None, "Transfer-Encoding: chunked") + b"zz\r\n",
        head(5, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    ],
)
def test_what_is_no_request(on_sqlite: Serving, raw: bytes) -> None:
    with on_sqlite.connect() as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = rest(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
    assert b"Traceback" not in answer
    assert on_sqlite.send(event()).text == "Stored.\n"


def test_one_request_for_each_connection(on_sqlite: Serving) -> None:
    body = event()
    one = head(len(body), f"Stripe-Signature: {signed(body)}") + body
    with on_sqlite.connect() as connection:
        connection.sendall(one + one.replace(b"evt_1", b"evt_2"))
        answer = rest(connection)
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer.lower()


# Too slow


@pytest.mark.parametrize("sent", [b"", b"POST", head(5)[:-2]])
def test_a_head_that_does_not_end(opened: Store, sqlite_settings: Settings, sent: bytes) -> None:
    with (
        serving(opened, sqlite_settings, head_seconds=0.3) as here,
        here.connect() as slow,
    ):
        slow.sendall(sent)
        assert here.send(event()).text == "Stored.\n"
        assert rest(slow) == b""


def test_a_head_that_comes_byte_by_byte(opened: Store, sqlite_settings: Settings) -> None:
    """Each byte in time does not make the whole."""
    with serving(opened, sqlite_settings, head_seconds=0.3) as here, here.connect() as slow:
        with contextlib.suppress(ConnectionError):
            for byte in b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000:
                slow.sendall(bytes([byte]))
                if select.select([slow], [], [], 0.02)[0]:  # the server has closed it
                    break
        assert rest(slow) == b""


@pytest.mark.parametrize(
    "sent",
    [head(5) + b"1234", head(None, "Transfer-Encoding: chunked") + b"5\r\n123"],
    ids=["with a length", "chunked"],
)
def test_a_body_that_does_not_come(opened: Store, sqlite_settings: Settings, sent: bytes) -> None:
    with serving(opened, sqlite_settings, body_seconds=0.3) as here, here.connect() as slow:
        slow.sendall(sent)
        assert here.send(event()).text == "Stored.\n"
        answer = rest(slow)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"Nothing was stored" in answer


# Too many


def test_who_only_holds_the_line_goes_first(opened: Store, sqlite_settings: Settings) -> None:
    with serving(opened, sqlite_settings, callers=5) as here, contextlib.ExitStack() as held:
        lines = [held.enter_context(here.connect()) for _ in range(20)]
        for number in range(10):
            assert here.send(event(id=f"evt_{number}")).text == "Stored.\n"
        assert rest(lines[0]) == b"", "the oldest was let go"
        assert len(here.hints) == 10


def is_open(line: socket.socket) -> bool:
    line.setblocking(False)
    try:
        return line.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def test_a_crowd_that_comes_at_once_keeps_the_limit(
    opened: Store, sqlite_settings: Settings
) -> None:
    """All of it waits when the server first looks, and an event in the middle is heard."""
    body = event()
    true = head(len(body), f"Stripe-Signature: {signed(body)}") + body
    with (
        serving(opened, sqlite_settings, head_seconds=1_000) as here,
        contextlib.ExitStack() as held,
    ):
        with here.paused():
            lines = [held.enter_context(here.connect()) for _ in range(300)]
            lines[150].sendall(true)
        assert rest(lines[150]).endswith(b"Stored.\n")
        until(lambda: sum(map(is_open, lines)) <= 100)
        assert here.send(event(id="evt_2")).text == "Stored.\n"


def test_nobody_who_waits_for_the_database_is_let_go(
    opened: Store, sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two places both are taken by events that are being stored: a third has to come again."""
    check, inside = signatures.check, []

    def noted(*arguments: Any) -> None:
        check(*arguments)
        inside.append(1)

    monkeypatch.setattr(signatures, "check", noted)
    with (
        serving(opened, sqlite_settings, callers=2) as here,
        ThreadPoolExecutor(2) as senders,
    ):
        with locked(opened):
            answers = [senders.submit(here.send, event(id=f"evt_{n}")) for n in range(2)]
            until(lambda: len(inside) == 2)
            with pytest.raises(httpx.TransportError):
                http.get(here.url + "/healthz")
        assert [answer.result().text for answer in answers] == ["Stored.\n"] * 2
