"""Names with several addresses, and resolvers that take their time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any

import pytest

from app.invites.mail import smtp_socket
from app.invites.mail.smtp_socket import SmtpSession
from app.network_failures import WireProblem
from app.sandbox.server.server import Sandbox
from app.sync.stripe import name_lookup, transport
from app.sync.stripe.transport import Transport

NAME = "several.localhost"
Resolve = Callable[..., list[tuple[Any, ...]]]


@contextmanager
def dead_address(port: int) -> Iterator[str]:
    """An address that drops what comes, because its queue is full."""
    with ExitStack() as held, socket.socket() as listener:
        listener.bind(("127.0.0.2", port))
        listener.listen(0)
        for _ in range(3):
            caller = held.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.2", port))
        yield "127.0.0.2"


def resolver(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Has NAME these addresses. Returns the names that were looked up."""
    real: Resolve = socket.getaddrinfo
    asked: list[str] = []

    def resolve(host: Any, port: int, *more: Any, **options: Any) -> list[tuple[Any, ...]]:
        host = host.decode() if isinstance(host, bytes) else host
        if host != NAME:
            return real(host, port, *more, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


async def ask(port: int) -> int:
    wire = Transport(f"http://{NAME}:{port}", {})
    try:
        status, _, _ = await wire.get("/v1/customers", {})
        await wire.get("/v1/customers", {})
        return status
    finally:
        await wire.close()


async def test_a_dead_address_beside_a_live_one(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(account.url.rpartition(":")[2])
    with dead_address(port) as dead:
        asked = resolver(monkeypatch, dead, "127.0.0.1")
        monkeypatch.setattr(transport, "DEADLINE", 5.0)
        assert await ask(port) == 401
    assert asked == [NAME], "one lookup serves all connections"


async def test_every_address_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver(monkeypatch, "127.0.0.3", "127.0.0.4")
    with pytest.raises(WireProblem, match="connection refused"):
        await ask(1)


async def test_a_resolver_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()
    monkeypatch.setattr(name_lookup, "LOOKUP", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [ended.wait(20)][1:])
    with pytest.raises(WireProblem, match="no connection in time"):
        await ask(1)
    ended.set()


async def test_a_resolver_that_takes_longer_than_a_connection_may(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Event()
    real: Resolve = socket.getaddrinfo

    def resolve(host: Any, *more: Any, **options: Any) -> list[tuple[Any, ...]]:
        slow.wait(0.5)
        return real("127.0.0.1", *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    times = {**transport._timeouts(), "connect": 0.2}
    monkeypatch.setattr(transport, "_timeouts", lambda: times)
    assert await ask(int(account.url.rpartition(":")[2])) == 401


def test_a_dead_address_of_a_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_socket, "NEXT", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with dead_address(port) as dead:
            resolver(monkeypatch, dead, "127.0.0.1")
            with SmtpSession()._get_socket(NAME, port, 20.0) as opened:
                assert opened.getpeername() == ("127.0.0.1", port)
                assert opened.gettimeout() == 20.0
