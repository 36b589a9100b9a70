"""Bytes to and from Stripe: one GET at a time over connections that stay open.

This is httpcore, the layer beneath httpx: for a page that costs a third of the CPU, which is
what the first copy of a large account is made of. A connection serves one request at a time;
a free one is taken again, and one that broke is replaced. Redirects are not followed.
"""

from __future__ import annotations

import ssl
import zlib
from urllib.parse import urlencode
from urllib.request import getproxies, proxy_bypass

import httpcore

BODY_LIMIT = 64 * 2**20  # also of what a compressed body unpacks to
TIMEOUTS = {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}

Headers = dict[str, str]


class WireProblem(Exception):
    """No complete answer arrived; the text says why in a few words."""


class Wire:
    """GET requests to one server. Belongs to one event loop; close it at the end."""

    def __init__(self, base: str, headers: Headers) -> None:
        self._base = base
        sent = {**headers, "Accept-Encoding": "gzip", "Host": _host(base)}
        self._headers = list(sent.items())
        self._tls = ssl.create_default_context() if base.startswith("https") else None
        self._proxy = _proxy(base)
        self._idle: list[httpcore.AsyncConnectionPool | httpcore.AsyncHTTPConnection] = []

    async def close(self) -> None:
        """Close the connections that are not in use."""
        for connection in self._idle:
            await connection.aclose()
        self._idle.clear()

    async def get(self, path: str, query: dict[str, str | int]) -> tuple[int, Headers, bytes]:
        """(status, headers in lower case, body). Raises WireProblem."""
        url = f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")
        connection = self._connection()
        content = bytearray()
        try:
            async with connection.stream(
                "GET", url, headers=self._headers, extensions={"timeout": TIMEOUTS}
            ) as response:
                async for part in response.aiter_stream():
                    content += part
                    if len(content) > BODY_LIMIT:
                        raise WireProblem("an answer far too large")
        except WireProblem:
            await connection.aclose()
            raise
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            await connection.aclose()
            raise WireProblem(type(error).__name__) from None
        except (OSError, httpcore.ProxyError, httpcore.UnsupportedProtocol) as error:
            await connection.aclose()
            raise WireProblem(type(error).__name__) from None
        except BaseException:  # cancelled: what is half read must not be read on
            await connection.aclose()
            raise
        self._idle.append(connection)
        headers = {k.decode("ascii").lower(): v.decode("latin-1") for k, v in response.headers}
        return response.status, headers, _unpacked(bytes(content), headers)

    def _connection(self) -> httpcore.AsyncConnectionPool | httpcore.AsyncHTTPConnection:
        while self._idle:
            connection = self._idle.pop()
            if isinstance(connection, httpcore.AsyncConnectionPool):
                return connection
            if connection.is_available() and not connection.has_expired():
                return connection
        if self._proxy:
            return httpcore.AsyncHTTPProxy(self._proxy, ssl_context=self._tls, max_connections=1)
        origin = httpcore.URL(self._base).origin
        return httpcore.AsyncHTTPConnection(origin, ssl_context=self._tls, keepalive_expiry=30)


def _host(base: str) -> str:
    return base.partition("://")[2].partition("/")[0]


def _proxy(base: str) -> str | None:
    """The proxy that the environment names for this server (HTTPS_PROXY, NO_PROXY)."""
    scheme, host = base.partition("://")[0], _host(base)
    return None if proxy_bypass(host.partition(":")[0]) else getproxies().get(scheme)


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
