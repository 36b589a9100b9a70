"""Answers as servers really send them, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import __version__
from app.network_failures import WireProblem
from app.sync.stripe import transport
from app.sync.stripe.pages import UnreadableAnswer, any_object
from app.sync.stripe.transport import Transport
from tests.helpers.socket_server import FINE, Server, asking, listening, why


async def test_a_connection_is_asked_again() -> None:
    server = Server(FINE)
    async with asking(server) as wire:
        for number in range(3):
            status, headers, body = await wire.get("/v1/customers", {"limit": number})
            assert (status, headers["request-id"], body) == (200, "req_1", b"fine")
    assert server.connections == 1
    assert server.heads[2].startswith("GET /v1/customers?limit=2 HTTP/1.1\r\nHost: 127.0.0.1:")
    for header in ("Authorization: Bearer x", f"User-Agent: Panelist/{__version__}"):
        assert f"\r\n{header}\r\n" in server.heads[2]


async def test_headers_that_are_replaced() -> None:
    server = Server(FINE)
    async with asking(server) as wire:
        wire.send_with({"Authorization": "Bearer y"})
        await wire.get("/v1/customers", {})
    assert "\r\nAuthorization: Bearer y\r\n" in server.heads[0]
    assert "Bearer x" not in server.heads[0]


async def test_a_cookie_is_not_kept() -> None:
    server = Server(FINE.replace(b"\r\n\r\n", b"\r\nSet-Cookie: portal=1; Path=/\r\n\r\n"))
    async with asking(server) as wire:
        for _ in range(2):
            await wire.get("/v1/customers", {})
    assert "cookie" not in server.heads[1].lower()


async def test_a_redirect_is_an_answer() -> None:
    server = Server(b"HTTP/1.1 302 -\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    async with asking(server) as wire:
        status, headers, _ = await wire.get("/v1/customers", {})
        assert (status, headers["location"]) == (302, "/elsewhere")
    assert len(server.heads) == 1


async def test_what_is_sent_once_has_a_connection_of_its_own() -> None:
    """One that the server is just closing would leave open whether the request was obeyed."""
    server = Server(FINE)
    async with asking(server) as wire:
        await wire.get("/v1/customers", {})
        for _ in range(2):
            assert (await wire.post("/v1/oauth/token", "a=b"))[2] == b"fine"
    assert server.connections == 3
    assert server.heads[1].startswith("POST /v1/oauth/token HTTP/1.1\r\n")
    assert "\r\nContent-Length: 3\r\n" in server.heads[1]


async def test_connections_side_by_side() -> None:
    server = Server(FINE)
    async with asking(server) as wire:
        answers = await asyncio.gather(*(wire.get("/v1/customers", {}) for _ in range(5)))
        assert [body for _, _, body in answers] == [b"fine"] * 5
        assert server.connections == 5
        await wire.get("/v1/customers", {})
    assert server.connections == 5


async def test_one_that_the_server_closes_is_replaced() -> None:
    server = Server(FINE, then_close=True)
    async with asking(server) as wire:
        for _ in range(3):
            server.closed.clear()
            assert (await wire.get("/v1/customers", {}))[2] == b"fine"
            await server.closed.wait()
    assert server.connections == 3


async def test_one_that_says_close_is_not_asked_again() -> None:
    server = Server(FINE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    async with asking(server) as wire:
        await wire.get("/v1/customers", {})
        await wire.get("/v1/customers", {})
    assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + FINE,
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + FINE,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
        % (len(gzip.compress(b"fine", mtime=0)), gzip.compress(b"fine", mtime=0)),
    ],
)
async def test_forms_of_the_same_answer(answer: bytes) -> None:
    async with asking(Server(answer)) as wire:
        for _ in range(2):
            status, headers, body = await wire.get("/v1/customers", {})
            assert (status, body) == (200, b"fine")
            assert "link" not in headers


async def test_a_body_may_end_with_its_connection() -> None:
    async with asking(Server(b"HTTP/1.0 200 OK\r\n\r\nfine", then_close=True)) as wire:
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine", "the connection was closed"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine",
            "connection was closed",
        ),
        (b"HTTP/1.1 200 OK\r\nConte", "the connection was closed"),
        (b"", "the connection was closed"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "the connection was closed"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "not HTTP"),
        (b"\x16\x03\x01\x02\x00", "not HTTP"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "far too large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: 1234567890\r\n" * 7_000 + b"\r\n", "far too large"),
    ],
)
async def test_what_is_no_answer(answer: bytes, said: str) -> None:
    async with asking(Server(answer, then_close=True)) as wire:
        assert said in await why(wire)


def packed(content: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    return head % len(content) + content


@pytest.mark.parametrize("at", [0, 15, -5])
async def test_a_compressed_answer_that_is_damaged(at: int) -> None:
    content = bytearray(gzip.compress(b"fine" * 99, mtime=0))
    content[at] ^= 0xFF
    async with asking(Server(packed(bytes(content)))) as wire:
        assert "compressed response" in await why(wire)


async def test_a_compressed_answer_that_is_cut_is_never_longer_than_it_was() -> None:
    """What is left of it is no JSON, so the client asks again."""
    whole = json.dumps({"data": [*range(999)]}).encode()
    content = gzip.compress(whole, mtime=0)
    async with asking(Server(packed(content[:-200]))) as wire:
        body = (await wire.get("/v1/customers", {}))[2]
        assert whole.startswith(body)
        with pytest.raises(UnreadableAnswer):
            any_object(body)


async def test_an_answer_that_unpacks_to_far_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "BODY_LIMIT", 100_000)
    async with asking(Server(packed(gzip.compress(b"x" * 10**6, mtime=0)))) as wire:
        assert "far too large" in await why(wire)


async def test_a_body_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "BODY_LIMIT", 100_000)

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 10_000)
            try:
                await writer.drain()
            except ConnectionError:
                break

    async with listening(flood) as port:
        assert "far too large" in await why(Transport(f"http://127.0.0.1:{port}", {}))


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine"])
async def test_a_server_that_falls_silent(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(transport, "SILENCE", 0.05)
    async with asking(Server(sent)) as wire:
        assert await why(wire) == "no response in time"


async def test_a_server_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "DEADLINE", 0.05)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.005)

    async with listening(drip) as port:
        assert await why(Transport(f"http://127.0.0.1:{port}", {})) == "no response in time"


async def test_what_nobody_asked_for_is_not_taken_for_an_answer() -> None:
    """A second answer to one request must not become that of the next (response splitting)."""
    server = Server(FINE + FINE.replace(b"fine", b"evil"), FINE)
    async with asking(server) as wire:
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"
        with pytest.raises(WireProblem, match="a response without a request"):
            await wire.get("/v1/customers", {})
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"
    assert server.connections == 2


async def test_a_wait_that_is_given_up_closes_its_connection() -> None:
    server = Server(b"", FINE)
    async with asking(server) as wire:
        waiting = asyncio.create_task(wire.get("/v1/customers", {}))
        await server.asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await server.closed.wait()
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"
    assert server.connections == 2


@given(st.binary(max_size=200))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_at_all(answer: bytes) -> None:
    """An answer or a WireProblem; never another exception, never a wait without end."""

    async def ask() -> None:
        async with asking(Server(answer, then_close=True)) as wire:
            with contextlib.suppress(WireProblem):
                status, _, _ = await wire.get("/v1/customers", {})
                assert 200 <= status <= 999

    asyncio.run(ask())
