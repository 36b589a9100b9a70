"""A whole sync from inside a company: a proxy with a password that looks into what is encrypted,
an authority of the company's own, and servers that need no proxy."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.certificate import Certified, certified
from tests.helpers.command import Home, at
from tests.helpers.socket_server import listening, pour
from tests.sync.stripe.test_network_failures import closed_port

ALLOWED = f"Basic {base64.b64encode(b'user:word').decode()}"


class InspectingProxy:
    """Lets in who knows the password, opens the tunnel's TLS, and asks the server itself."""

    def __init__(self, certificate: Certified, server: str) -> None:
        self._tls = certificate.context()
        self._port = int(server.rpartition(":")[2])
        self.tunnels = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one tunnel."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if f"\r\nProxy-Authorization: {ALLOWED}\r\n" not in head:
            writer.write(b"HTTP/1.1 407 -\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        self.tunnels += 1
        writer.write(b"HTTP/1.1 200 -\r\n\r\n")
        await writer.drain()
        await writer.start_tls(self._tls)
        await self.forward(reader, writer)

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ask the server, without TLS."""
        inward, outward = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(pour(reader, outward), pour(inward, writer), return_exceptions=True)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=150, seed=71) as running:
        yield running


@pytest.fixture
def certificate(tmp_path: Path) -> Certified:
    return certified(tmp_path, "127.0.0.1")


def inside(sandbox: Sandbox, certificate: Certified, folder: Path, port: int, **more: str) -> Home:
    """A computer of the company's."""
    home = at(sandbox, folder / "home")
    home.variables |= {
        "PANELIST_STRIPE_API_BASE": f"https://127.0.0.1:{port}",
        "SSL_CERT_FILE": str(certificate.public),
        **more,
    }
    return home


async def synced(home: Home) -> int:
    ended = await asyncio.to_thread(home.run, "sync", "--once", "--json")
    assert ended.code == 0, ended.err
    return int(ended.lines[-1]["participants"])


async def test_a_sync_through_a_companys_proxy(
    sandbox: Sandbox, certificate: Certified, tmp_path: Path
) -> None:
    proxy = InspectingProxy(certificate, sandbox.url)
    async with listening(proxy.handle) as port:
        home = inside(
            sandbox, certificate, tmp_path, 443,
            HTTPS_PROXY=f"http://user:word@127.0.0.1:{port}", NO_PROXY="example.com",
        )  # fmt: skip
        assert await synced(home) == len(sandbox.world.customers_table)
    assert proxy.tunnels


async def test_a_sync_with_a_server_that_needs_no_proxy(
    sandbox: Sandbox, certificate: Certified, tmp_path: Path
) -> None:
    server = InspectingProxy(certificate, sandbox.url)
    async with listening(server.forward, certificate.context()) as port:
        home = inside(
            sandbox, certificate, tmp_path, port,
            HTTPS_PROXY=f"http://127.0.0.1:{await closed_port()}", NO_PROXY="127.0.0.1",
        )  # fmt: skip
        assert await synced(home) == len(sandbox.world.customers_table)
