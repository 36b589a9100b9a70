"""Answers as servers and proxies really send them, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.sync.stripe import http1
from app.sync.stripe.http1 import WireProblem
from app.sync.stripe.transport import Transport
from tests.helpers.certificate import certified

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nRequest-Id: req_1\r\n\r\nfine"


class Server:
    """Answers each request head with the next of its answers; the last is said for ever."""

    def __init__(self, *answers: bytes, then_close: bool = False) -> None:
        self._answers = list(answers)
        self._then_close = then_close
        self.heads: list[str] = []
        self.connections = 0
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
                writer.write(self._answers.pop(0) if self._answers[1:] else self._answers[0])
                await writer.drain()
                if self._then_close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:  # the test is over
            return
        writer.close()


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


@asynccontextmanager
async def listening(handle: Handle, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a port of its own."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def asking(server: Server) -> AsyncIterator[Transport]:
    async with listening(server.handle) as port:
        wire = Transport(f"http://127.0.0.1:{port}", {"Authorization": "Bearer x"})
        try:
            yield wire
        finally:
            await wire.close()


async def why(wire: Transport) -> str:
    """What is wrong with the next answer."""
    with pytest.raises(WireProblem) as caught:
        await wire.get("/v1/customers", {})
    return str(caught.value)


async def test_a_connection_is_asked_again() -> None:
    server = Server(FINE)
    async with asking(server) as wire:
        for number in range(3):
            status, headers, body = await wire.get("/v1/customers", {"limit": number})
            assert (status, headers["request-id"], body) == (200, "req_1", b"fine")
    assert server.connections == 1
    assert server.heads[2].startswith("GET /v1/customers?limit=2 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "\r\nAuthorization: Bearer x\r\n" in server.heads[2]


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
            assert (await wire.get("/v1/customers", {}))[2] == b"fine"
            await asyncio.sleep(0)
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
        (b"SSH-2.0-OpenSSH_9.9\r\n", "not HTTP"),
        (b"\x16\x03\x01\x02\x00", "not HTTP"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "far too large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: 1234567890\r\n" * 7_000 + b"\r\n", "far too large"),
    ],
)
async def test_what_is_no_answer(answer: bytes, said: str) -> None:
    async with asking(Server(answer, then_close=True)) as wire:
        assert said in await why(wire)


@pytest.mark.parametrize("packed", [b"not gzip at all", gzip.compress(b"fine" * 99, mtime=0)[:-9]])
async def test_a_compressed_answer_that_is_damaged(packed: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with asking(Server(head + packed)) as wire:
        assert "compressed answer" in await why(wire)


async def test_a_body_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "BODY_LIMIT", 100_000)

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
    monkeypatch.setattr(http1, "SILENCE", 0.05)
    async with asking(Server(sent)) as wire:
        assert await why(wire) == "no answer in time"


async def test_a_server_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "DEADLINE", 0.05)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.005)

    async with listening(drip) as port:
        assert await why(Transport(f"http://127.0.0.1:{port}", {})) == "no answer in time"


async def test_what_nobody_asked_for_is_not_taken_for_an_answer() -> None:
    """A second answer to one request must not become that of the next (response splitting)."""
    server = Server(FINE + FINE.replace(b"fine", b"evil"), FINE)
    async with asking(server) as wire:
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"
    assert server.connections == 2


async def test_a_wait_that_is_given_up_closes_its_connection() -> None:
    server = Server(b"", FINE)
    async with asking(server) as wire:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wire.get("/v1/customers", {}), 0.05)
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"
    assert server.connections == 2


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_at_all(answer: bytes) -> None:
    """An answer or a WireProblem; never another exception, never a wait without end."""

    async def ask() -> None:
        async with asking(Server(answer, then_close=True)) as wire:
            with contextlib.suppress(WireProblem):
                status, _, _ = await wire.get("/v1/customers", {})
                assert 200 <= status <= 999

    asyncio.run(ask())


async def test_nobody_listens() -> None:
    async with listening(Server(FINE).handle) as port:
        pass
    assert await why(Transport(f"http://127.0.0.1:{port}", {})) == "nothing answers there"


async def test_a_plain_proxy_is_told_the_whole_address(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Server(FINE)
    async with listening(proxy.handle) as port:
        monkeypatch.setenv("http_proxy", f"http://us%40er:pa%3Ass@127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        wire = Transport("http://stripe.invalid:12111", {})
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"
        await wire.close()
    assert proxy.heads[0].startswith("GET http://stripe.invalid:12111/v1/customers HTTP/1.1\r\n")
    assert "\r\nProxy-Authorization: Basic dXNAZXI6cGE6c3M=\r\n" in proxy.heads[0]


async def test_a_tunnel_through_a_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TLS goes through to the server; the proxy sees its name and no key."""
    certificate = certified(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.public))
    monkeypatch.delenv("no_proxy", raising=False)
    server, seen = Server(FINE), []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(head)
        to = int(head.split()[1].rpartition(":")[2])
        inward, outward = await asyncio.open_connection("127.0.0.1", to)
        writer.write(b"HTTP/1.1 200 Connection established\r\nProxy-Agent: test\r\n\r\n")
        await asyncio.gather(pour(reader, outward), pour(inward, writer))

    async with (
        listening(server.handle, certificate.context()) as port,
        listening(tunnel) as proxy,
    ):
        monkeypatch.setenv("https_proxy", f"http://user:word@127.0.0.1:{proxy}")
        monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: False)
        wire = Transport(f"https://127.0.0.1:{port}", {"Authorization": "Bearer x"})
        for _ in range(2):
            assert (await wire.get("/v1/customers", {}))[2] == b"fine"
        await wire.close()
    assert len(seen) == 1
    assert seen[0].startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic dXNlcjp3b3Jk" in seen[0]
    assert "Bearer" not in seen[0]
    assert all("Proxy-Authorization" not in head for head in server.heads)


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


async def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    async with listening(proxy.handle) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert await why(Transport("https://stripe.invalid", {})) == "the proxy answered 407"


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    certificate = certified(tmp_path, "127.0.0.1")
    async with listening(Server(FINE).handle, certificate.context()) as port:
        assert "certificate" in await why(Transport(f"https://127.0.0.1:{port}", {}))
