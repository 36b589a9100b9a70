"""Finds a server by its name, and connects to the first of its addresses that answers.

httpx counts the lookup as a part of connecting, and asks for each connection. A resolver whose
first server is dead may take twenty seconds, in which a dead address would be given up. So a lookup
has a limit of its own, and its answer serves all connections for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore

LOOKUP = 25.0  # seconds that a resolver may take
VALID = 60.0  # seconds for which an answer is used again
DELAY = 0.25  # seconds between two addresses that are tried (RFC 8305, 5)

Address = tuple[str, int]


class NameBackend(httpcore.AnyIOBackend):
    """Connects for one event loop."""

    def __init__(self) -> None:
        self._lookups: dict[Address, tuple[float, asyncio.Future[Sequence[str]]]] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        def connect(address: str) -> Awaitable[httpcore.AsyncNetworkStream]:
            return super(NameBackend, self).connect_tcp(
                address, port, timeout, local_address, socket_options
            )

        try:
            return await _first(await self._addresses(host, port), connect)
        except BaseException:
            self._lookups.pop((host, port), None)
            raise

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a name. Raises httpcore.ConnectError and ConnectTimeout."""
        asked, lookup = self._lookups.get((host, port), (0.0, None))
        if lookup is None or time.monotonic() - asked > VALID:
            lookup = asyncio.get_running_loop().create_future()
            self._lookups[host, port] = time.monotonic(), lookup
            _look_up(host, port, lookup)
        try:
            async with asyncio.timeout(LOOKUP):
                return await asyncio.shield(lookup)
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout from error
            raise httpcore.ConnectError(str(error)) from error


def _look_up(host: str, port: int, lookup: asyncio.Future[Sequence[str]]) -> None:
    """Settle ``lookup`` from a thread that no exit waits for: a resolver can't be stopped."""
    loop = lookup.get_loop()

    def settle(found: Sequence[str], failure: OSError | None) -> None:
        if failure is None:
            lookup.set_result(found)
        else:
            lookup.set_exception(failure)
            lookup.exception()  # perhaps no one waits any more

    def run() -> None:
        found: Sequence[str] = ()
        failure: OSError | None = None
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(address[0]) for *_, address in infos))
        except OSError as error:
            failure = error
        except UnicodeError as error:  # a name that cannot be one
            failure = socket.gaierror(socket.EAI_NONAME, str(error))
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, found, failure)

    threading.Thread(target=run, name="lookup", daemon=True).start()


async def _first(
    addresses: Sequence[str], connect: Callable[[str], Awaitable[httpcore.AsyncNetworkStream]]
) -> httpcore.AsyncNetworkStream:
    """The first connection that one of the addresses takes (RFC 8305, "happy eyeballs"). Raises
    what the last one raised."""
    left, running = list(addresses), set[asyncio.Future[httpcore.AsyncNetworkStream]]()
    failure: BaseException = httpcore.ConnectError("no address")
    try:
        while left or running:
            if left:
                running.add(asyncio.ensure_future(connect(left.pop(0))))
            done, running = await asyncio.wait(
                running,
                timeout=DELAY if left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for one in done:
                if one.exception() is None:
                    return one.result()
                failure = one.exception() or failure
    finally:
        for one in running:
            one.cancel()
    raise failure
