"""Bytes to and from Stripe: requests with the headers that say whose they are.

GET goes over connections that stay open: a free one is taken again, one that broke is
replaced. Redirects are not followed.
"""

from __future__ import annotations

import ssl
import zlib
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from app.sync.stripe.http1 import (
    BODY_LIMIT,
    Connection,
    Headers,
    Reply,
    WireProblem,
    connected,
    proxy_header,
)

VERSION = "2026-10-28.endive"  # of Stripe's API; its objects and errors are read as of then
IDLE = 30.0  # seconds after which a server may have closed a connection that nobody used


class Transport:
    """Requests to one server. Belongs to one event loop; close it at the end. ``headers``: those
    that say who asks."""

    def __init__(self, base: str, headers: Headers) -> None:
        self._base = urlsplit(base)
        self._tls = ssl.create_default_context() if self._base.scheme == "https" else None
        self._proxy = _proxy(self._base.scheme, self._base.hostname or "")
        self._target = self._base.path
        if self._proxy and self._tls is None:  # a proxy without a tunnel wants the whole address
            self._target = base
        self._free: list[Connection] = []
        self.send_with(headers)

    def send_with(self, headers: Headers) -> None:
        """Send these headers from the next request on, instead of those before."""
        sent = {
            "Host": self._base.netloc,
            "User-Agent": "Panelist/0.1",
            "Stripe-Version": VERSION,
            "Accept-Encoding": "gzip",
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        if self._proxy and self._tls is None:
            head += proxy_header(urlsplit(self._proxy))
        self._head = f" HTTP/1.1\r\n{head}"

    async def close(self) -> None:
        """Close the connections that are not in use."""
        while self._free:
            self._free.pop().close()

    async def get(self, path: str, query: dict[str, str | int]) -> Reply:
        """(status, headers in lower case, body). Raises WireProblem."""
        asked = f"{path}?{urlencode(query)}" if query else path
        connection = self._taken() or await connected(self._base, self._tls, self._proxy)
        status, headers, content = await connection.ask(
            f"GET {self._target}{asked}{self._head}\r\n".encode("latin-1")
        )
        if connection.open:
            self._free.append(connection)
        return status, headers, _unpacked(content, headers)

    async def post(self, path: str, form: dict[str, str]) -> Reply:
        """As :meth:`get`, once and over a connection of its own: one that the server is just
        closing would leave open whether the request was obeyed."""
        content = urlencode(form)
        head = (
            f"POST {self._target}{path}{self._head}"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        connection = await connected(self._base, self._tls, self._proxy)
        try:
            status, headers, body = await connection.ask((head + content).encode("latin-1"))
        finally:
            connection.close()
        return status, headers, _unpacked(body, headers)

    def _taken(self) -> Connection | None:
        while self._free:
            connection = self._free.pop()
            if connection.open and connection.idle_for < IDLE:
                return connection
            connection.close()
        return None


def _proxy(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for this server (HTTPS_PROXY, NO_PROXY)."""
    return None if proxy_bypass(host) else getproxies().get(scheme)


def _unpacked(content: bytes, headers: Headers) -> bytes:
    if headers.get("content-encoding") == "gzip":
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            content = unpacker.decompress(content, BODY_LIMIT + 1)
        except zlib.error:
            raise WireProblem("a compressed answer that does not unpack") from None
        if not unpacker.eof and len(content) <= BODY_LIMIT:
            raise WireProblem("a compressed answer that was cut")
    if len(content) > BODY_LIMIT:
        raise WireProblem("an answer far too large")
    return content
