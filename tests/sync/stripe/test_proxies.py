"""Proxies that the environment names: plain, as a tunnel, one that looks inside, SOCKS, and all
that they may answer."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest

from app.sync.stripe.transport import Transport
from tests.helpers.certificate import Certified, certified
from tests.helpers.socket_server import FINE, Handle, Server, listening, pour, problem
from tests.sync.stripe.test_network_failures import check, closed_port

HASH = "38f0f5c9.0"  # OpenSSL's file name for the subject “CN=a test” (openssl x509 -subject_hash)
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what a test names, on any system."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Certified:
    """A company's authority, and a server that it vouches for."""
    made = certified(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.public))
    return made


async def fetched(base: str) -> bytes:
    wire = Transport(base, {"Authorization": "Bearer x"})
    try:
        return (await wire.get("/v1/customers", {}))[2]
    finally:
        await wire.close()


class Tunnel:
    """A proxy for CONNECT. ``inside``: it looks into the tunnel, and answers itself."""

    def __init__(self, inside: ssl.SSLContext | None = None) -> None:
        self._inside = inside
        self.heads: list[str] = []
        self.server = Server(FINE)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 Connection established\r\nProxy-Agent: test\r\n\r\n")
        if self._inside is not None:
            await writer.drain()
            await writer.start_tls(self._inside)
            await self.server.handle(reader, writer)
            return
        to = int(self.heads[-1].split()[1].rpartition(":")[2])
        inward, outward = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pour(reader, outward), pour(inward, writer))


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
async def test_a_plain_proxy_is_told_the_whole_address(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy = Server(FINE)
    async with listening(proxy.handle) as port:
        monkeypatch.setenv(name, f"http://us%40er:pa%3Ass@127.0.0.1:{port}")
        assert await fetched("http://stripe.invalid:12111") == b"fine"
    assert proxy.heads[0].startswith("GET http://stripe.invalid:12111/v1/customers HTTP/1.1\r\n")
    assert "\r\nProxy-Authorization: Basic dXNAZXI6cGE6c3M=\r\n" in proxy.heads[0]


async def test_a_proxy_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Server(FINE).handle) as port:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{port}")
        assert await fetched("http://stripe.invalid:12111") == b"fine"


async def test_a_server_that_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Server(FINE).handle) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{await closed_port()}")
        monkeypatch.setenv("no_proxy", "example.com,127.0.0.1")
        assert await fetched(f"http://127.0.0.1:{port}") == b"fine"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_tunnel_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, certificate: Certified, scheme: str
) -> None:
    """TLS goes through to the server; the proxy sees its name and no key."""
    server, proxy = Server(FINE), Tunnel()
    outer = certificate.context() if scheme == "https" else None
    async with (
        listening(server.handle, certificate.context()) as port,
        listening(proxy.handle, outer) as at,
    ):
        monkeypatch.setenv("https_proxy", f"{scheme}://user:word@127.0.0.1:{at}")
        monkeypatch.setattr("app.proxies.proxy_bypass", lambda host: False)
        wire = Transport(f"https://127.0.0.1:{port}", {"Authorization": "Bearer x"})
        for _ in range(2):
            assert (await wire.get("/v1/customers", {}))[2] == b"fine"
        await wire.close()
    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic dXNlcjp3b3Jk" in proxy.heads[0]
    assert "Bearer" not in proxy.heads[0]
    assert all("Proxy-Authorization" not in head for head in server.heads)


async def test_a_company_that_looks_into_the_tunnel(
    monkeypatch: pytest.MonkeyPatch, certificate: Certified
) -> None:
    """It is trusted with its authority, and is refused without."""
    proxy = Tunnel(inside=certificate.context())
    async with listening(proxy.handle) as at:
        monkeypatch.setenv("https_proxy", f"http://user:word@127.0.0.1:{at}")
        monkeypatch.setattr("app.proxies.proxy_bypass", lambda host: False)
        assert await fetched("https://127.0.0.1:9") == b"fine"
        monkeypatch.delenv("SSL_CERT_FILE")
        said = await problem(Transport("https://127.0.0.1:9", {"Authorization": "Bearer x"}))
    check(said, httpx.ConnectError, ssl.SSLCertVerificationError)
    assert len(proxy.server.heads) == 1


async def test_an_authority_in_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificate: Certified
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    folder = tmp_path / "trusted"
    folder.mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    async with listening(Server(FINE).handle, certificate.context()) as port:
        said = await problem(Transport(f"https://127.0.0.1:{port}", {}))
        check(said, httpx.ConnectError, ssl.SSLCertVerificationError)
        (folder / HASH).write_bytes(certificate.public.read_bytes())
        assert await fetched(f"https://127.0.0.1:{port}") == b"fine"


async def test_a_proxy_that_asks_for_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    async with listening(proxy.handle) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        said = await problem(Transport("https://stripe.invalid", {}))
    assert type(said.__cause__) is httpx.ProxyError
    assert str(said.__cause__) == "407 Proxy Authentication Required"
    assert str(said) == "the proxy responded with 407"
    assert said.permanent
    assert said.clause == (
        f"The proxy 127.0.0.1:{port} refuses the connection to Stripe"
        " (407 Proxy Authentication Required). Check the user and the password in the proxy's"
        " address"
    )


async def test_a_proxy_that_has_a_failure_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Server(b"HTTP/1.1 503 Too busy\r\nContent-Length: 0\r\n\r\n")
    async with listening(proxy.handle) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        said = await problem(Transport("https://stripe.invalid", {}))
    assert not said.permanent
    assert "(503 Too busy)" in said.clause


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_dead(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    port = await closed_port()
    monkeypatch.setenv("https_proxy", f"{scheme}://user:s3cr3t-word@127.0.0.1:{port}")
    said = await problem(Transport("https://stripe.invalid", {}))
    check(said, httpx.ConnectError, ConnectionRefusedError)
    clause = f"The proxy 127.0.0.1:{port} cannot be reached (connection refused)"
    assert said.clause == clause


async def test_a_proxy_whose_name_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "proxy.invalid:8080")
    said = await problem(Transport("https://stripe.invalid", {}))
    assert said.clause.startswith("The proxy proxy.invalid:8080 cannot be reached (its name was")


async def test_a_proxy_that_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Server(b"", then_close=True).handle) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        said = await problem(Transport("https://stripe.invalid", {}))
    assert said.clause.startswith(f"Stripe cannot be reached through the proxy 127.0.0.1:{port} (")


def socks(answer: bytes, seen: list[bytes], *, then: Handle | None = None) -> Handle:
    """A SOCKS5 proxy (RFC 1928) with a password (RFC 1929)."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x02")
        _, length = await reader.readexactly(2)
        seen.append(await reader.readexactly(length))  # the user
        (length,) = await reader.readexactly(1)
        seen.append(await reader.readexactly(length))  # the password
        writer.write(b"\x01\x00")
        head = await reader.readexactly(5)
        seen.append(await reader.readexactly(head[4] + 2))
        writer.write(answer)
        await writer.drain()
        if then is not None:
            await then(reader, writer)  # type: ignore[misc]

    return handle


async def test_a_socks_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the name, not an address of it, and the password that its address names."""
    seen: list[bytes] = []
    server = Server(FINE)
    granted = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
    async with listening(socks(granted, seen, then=server.handle)) as port:
        monkeypatch.setenv("all_proxy", f"socks5h://user:word@127.0.0.1:{port}")
        assert await fetched("http://stripe.invalid:12111") == b"fine"
    assert seen == [b"user", b"word", b"stripe.invalid" + (12111).to_bytes(2)]
    assert server.heads[0].startswith("GET /v1/customers HTTP/1.1\r\n")


async def test_a_socks_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"
    async with listening(socks(refused, [])) as port:
        monkeypatch.setenv("http_proxy", f"socks5://user:word@127.0.0.1:{port}")
        said = await problem(Transport("http://stripe.invalid:12111", {}))
    assert type(said.__cause__) is httpx.ProxyError
    assert "Connection refused" in str(said.__cause__)
    assert str(said) == "the proxy refused"


@pytest.mark.parametrize(
    "address", ["socks4://127.0.0.1:1", "http://127.0.0.1:x", "http://user:pa/ss@127.0.0.1:1"]
)
async def test_an_address_that_is_no_proxys(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("http_proxy", address)
    said = await problem(Transport("http://stripe.invalid:12111", {}))
    assert said.permanent
    assert said.clause.startswith("The address of the proxy 127.0.0.1")
    assert "pa/s" not in said.clause


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("user:s3cr#t-word@127.0.0.1:1", "percent-encode"),
        ("http://user:s3cr/t-word@127.0.0.1:1", "percent-encode"),
        ("http://user:s3cr@t-word@[::1", "percent-encode"),
        ("http://user:s3cr", "write it as http://host:port"),
        ("http://[::1", "write it as http://host:port"),
        ("http://127.0.0.1:99999", "write it as http://host:port"),
        ("http://", "write it as http://host:port"),
        ("ftp://127.0.0.1:1", "it must begin with one of http://"),
    ],
)
async def test_what_is_wrong_with_an_address_is_said_without_the_password(
    monkeypatch: pytest.MonkeyPatch, address: str, advice: str
) -> None:
    monkeypatch.setenv("https_proxy", address)
    said = await problem(Transport("https://stripe.invalid", {}))
    assert said.permanent
    assert advice in said.clause
    for word in ("s3cr", "t-word", "URL(", "Invalid", "Unknown"):
        assert word not in said.clause
