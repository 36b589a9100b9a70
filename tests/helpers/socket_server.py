"""Servers and proxies on real sockets, which answer in bytes that a test writes out."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.network_failures import WireProblem
from app.sync.stripe.transport import Transport

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nRequest-Id: req_1\r\n\r\nfine"


class Server:
    """Answers each request head with the next of its answers; the last is said for ever."""

    def __init__(self, *answers: bytes, then_close: bool = False) -> None:
        self._answers = list(answers)
        self._then_close = then_close
        self.heads: list[str] = []
        self.connections = 0
        self.asked = asyncio.Event()  # once a request came
        self.closed = asyncio.Event()  # once a connection was

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
                self.asked.set()
                writer.write(self._answers.pop(0) if self._answers[1:] else self._answers[0])
                await writer.drain()
                if self._then_close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:  # the test is over
            return
        writer.close()
        self.closed.set()


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
    """A transport to a server without TLS."""
    async with listening(server.handle) as port:
        wire = Transport(f"http://127.0.0.1:{port}", {"Authorization": "Bearer x"})
        try:
            yield wire
        finally:
            await wire.close()


async def problem(wire: Transport) -> WireProblem:
    """What is wrong with the next answer."""
    with pytest.raises(WireProblem) as caught:
        await wire.get("/v1/customers", {})
    await wire.close()
    return caught.value


async def why(wire: Transport) -> str:
    """The same in words."""
    return str(await problem(wire))


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on all that comes."""
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()
