"""Stripe behind tinyproxy and microsocks, as a company runs them."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.sync.stripe.transport import Transport
from tests.helpers.approved_home import until
from tests.helpers.callback_client import free_port
from tests.helpers.certificate import Certified, certified
from tests.helpers.socket_server import FINE, Server, listening, problem

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
BasicAuth user word
Timeout 60
"""


def program(name: str) -> str:
    """Where it is. Skips the test if it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def tinyproxy(folder: Path, port: int) -> list[str]:
    file = folder / "tinyproxy.conf"
    file.write_text(TINYPROXY.format(port=port))
    return [program("tinyproxy"), "-d", "-c", str(file)]


def microsocks(_: Path, port: int) -> list[str]:
    return [program("microsocks"), "-i", "127.0.0.1", "-p", str(port), "-u", "user", "-P", "word"]


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(params=[(tinyproxy, "http"), (microsocks, "socks5"), (microsocks, "socks5h")])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Its address with a password, while it runs."""
    command, scheme = request.param
    port = free_port()
    with subprocess.Popen(
        command(tmp_path, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until(lambda: answers(port) or process.poll() is not None)
        yield lambda password: f"{scheme}://user:{password}@127.0.0.1:{port}"
        process.kill()


@pytest.fixture
def certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Certified:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    made = certified(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.public))
    return made


async def test_stripe_is_reached_with_the_right_password_only(
    monkeypatch: pytest.MonkeyPatch, certificate: Certified, proxy: Callable[[str], str]
) -> None:
    server = Server(FINE)
    async with listening(server.handle, certificate.context()) as port:
        base = f"https://127.0.0.1:{port}"
        monkeypatch.setenv("HTTPS_PROXY", proxy("wrong"))
        said = await problem(Transport(base, {"Authorization": "Bearer x"}))
        assert said.clause.endswith("Check the user and the password in the proxy's address")
        assert "wrong" not in said.clause
        assert said.permanent
        monkeypatch.setenv("HTTPS_PROXY", proxy("word"))
        wire = Transport(base, {"Authorization": "Bearer x"})
        assert (await wire.get("/v1/customers", {}))[2] == b"fine"
        await wire.close()
    assert len(server.heads) == 1
