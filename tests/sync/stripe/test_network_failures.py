"""Each way in which a network fails is told apart: httpx's error of the right kind, with the
original reason behind it, and words for a person."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import h11
import httpx
import pytest

from app.network_failures import WireProblem
from app.sync.stripe import transport
from app.sync.stripe.transport import Transport
from tests.helpers.certificate import certified
from tests.helpers.socket_server import FINE, Server, asking, listening, problem


def reasons(error: BaseException | None) -> set[type[BaseException]]:
    """What led to an error."""
    found: set[type[BaseException]] = set()
    while error is not None:
        found.add(type(error))
        error = error.__cause__ or error.__context__
    return found


def check(said: WireProblem, kind: type[httpx.HTTPError], reason: type[BaseException]) -> None:
    assert type(said.__cause__) is kind, repr(said.__cause__)
    assert reason in reasons(said), reasons(said)


async def closed_port() -> int:
    async with listening(Server(FINE).handle) as port:
        pass
    return port


async def test_a_connection_that_is_refused() -> None:
    said = await problem(Transport(f"http://127.0.0.1:{await closed_port()}", {}))
    check(said, httpx.ConnectError, ConnectionRefusedError)
    assert str(said) == "connection refused"


async def test_a_name_with_two_addresses_that_both_refuse() -> None:
    said = await problem(Transport(f"http://localhost:{await closed_port()}", {}))
    assert isinstance(said.__cause__, httpx.ConnectError)
    assert str(said) == "connection refused"


async def test_a_name_that_is_not_known() -> None:
    said = await problem(Transport("https://stripe.invalid", {}))
    check(said, httpx.ConnectError, socket.gaierror)
    assert "its name was not found" in str(said)


async def test_a_certificate_that_no_one_vouches_for(tmp_path: Path) -> None:
    certificate = certified(tmp_path, "127.0.0.1")
    async with listening(Server(FINE).handle, certificate.context()) as port:
        said = await problem(Transport(f"https://127.0.0.1:{port}", {}))
    check(said, httpx.ConnectError, ssl.SSLCertVerificationError)
    assert said.permanent
    assert "does not trust Stripe's certificate (self-signed certificate)" in said.clause
    assert "set SSL_CERT_FILE to a file" in said.clause


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "names /nowhere/ca.pem, which does not exist"),
        ({"SSL_CERT_DIR": "/nowhere"}, "SSL_CERT_DIR names /nowhere, which does not exist"),
        ({"REQUESTS_CA_BUNDLE": "/x.pem"}, "REQUESTS_CA_BUNDLE names /x.pem, which does not exist"),
        ({"CURL_CA_BUNDLE": "/x.pem"}, "CURL_CA_BUNDLE names /x.pem, which does not exist"),
    ],
)
async def test_what_the_environment_says_about_certificates_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: dict[str, str], advice: str
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    certificate = certified(tmp_path, "127.0.0.1")
    async with listening(Server(FINE).handle, certificate.context()) as port:
        said = await problem(Transport(f"https://127.0.0.1:{port}", {}))
    assert advice in said.clause


@pytest.mark.parametrize("setting", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_a_companys_authority_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str
) -> None:
    certificate = certified(tmp_path, "127.0.0.1")
    monkeypatch.setenv(setting, str(certificate.public))
    async with listening(Server(FINE).handle, certificate.context()) as port:
        wire = Transport(f"https://127.0.0.1:{port}", {})
        assert (await wire.get("/", {}))[2] == b"fine"
        await wire.close()


async def test_a_certificate_for_another_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = certified(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.public))
    async with listening(Server(FINE).handle, certificate.context()) as port:
        said = await problem(Transport(f"https://127.0.0.1:{port}", {}))
    check(said, httpx.ConnectError, ssl.SSLCertVerificationError)
    assert "certificate is not valid for '127.0.0.1'" in said.clause  # OpenSSL's own words


async def test_a_server_that_does_not_speak_tls() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(FINE)
        await writer.drain()

    async with listening(answer) as port:
        said = await problem(Transport(f"https://127.0.0.1:{port}", {}))
    check(said, httpx.ConnectError, ssl.SSLError)
    assert str(said).startswith("the encrypted connection failed: ")
    assert not said.permanent


async def test_a_connection_that_is_closed_before_an_answer() -> None:
    async with asking(Server(b"", then_close=True)) as wire:
        said = await problem(wire)
    assert type(said.__cause__) is httpx.RemoteProtocolError
    assert str(said) == "the connection was closed"


async def test_a_handshake_that_is_broken_off() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with listening(hang_up) as port:
        said = await problem(Transport(f"https://127.0.0.1:{port}", {}))
    assert type(said.__cause__) is httpx.ConnectError
    assert str(said).startswith(("the connection was cut", "the encrypted connection failed"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nConte", "without sending a response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine", "received 4 bytes, expected 9"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine", "incomplete chunked"),
    ],
    ids=["head", "body", "chunks"],
)
async def test_a_hang_up(answer: bytes, reason: str) -> None:
    async with asking(Server(answer, then_close=True)) as wire:
        said = await problem(wire)
    assert type(said.__cause__) is httpx.RemoteProtocolError
    assert reason in str(said.__cause__)
    assert str(said) == "the connection was closed"


async def test_a_reset() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )
        writer.transport.abort()

    async with listening(reset) as port:
        said = await problem(Transport(f"http://127.0.0.1:{port}", {}))
    check(said, httpx.ReadError, ConnectionResetError)
    assert str(said) == "the connection was cut"


async def test_a_head_without_end() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X: 1234567890\r\n" * 100)
            try:
                await writer.drain()
            except ConnectionError:
                break

    async with listening(flood) as port:
        said = await problem(Transport(f"http://127.0.0.1:{port}", {}))
    check(said, httpx.RemoteProtocolError, h11.RemoteProtocolError)
    assert str(said) == "a response that is far too large"


async def test_a_server_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "SILENCE", 0.05)
    async with asking(Server(b"")) as wire:
        said = await problem(wire)
    check(said, httpx.ReadTimeout, TimeoutError)
    assert str(said) == "no response in time"


async def test_a_handshake_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "SILENCE", 0.05)

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(listen) as port:
        said = await problem(Transport(f"https://127.0.0.1:{port}", {}))
    check(said, httpx.ConnectTimeout, TimeoutError)
    assert str(said) == "no connection in time"
