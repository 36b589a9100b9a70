"""One HTTP/1.1 connection on an event loop, with one request at a time.

Own code over llhttp's parser (httptools), because a page of a first copy costs 0.2 ms of CPU
here, where httpcore takes 0.9 and aiohttp 0.7. RFC 9112; no redirects, no pipelining.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

import httptools

BODY_LIMIT = 64 * 2**20
HEAD_LIMIT = 64 * 2**10
SILENCE = 10.0  # seconds without a byte after which a server counts as gone
DEADLINE = 30.0  # seconds for one whole answer

Headers = dict[str, str]
Reply = tuple[int, Headers, bytes]


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "its name is not found; this computer may be offline"),
    (ConnectionRefusedError, "nothing answers there"),
    (ConnectionError, "the connection was cut"),
    (ssl.SSLCertVerificationError, "its certificate is none that this computer trusts"),
    (ssl.SSLError, "the encrypted connection failed"),
    (TimeoutError, "no answer in time"),
)


def _why(error: Exception) -> str:
    """What a failure of the network is, for a person."""
    known = (text for kind, text in _REASONS if isinstance(error, kind))
    return next(known, f"the network failed: {type(error).__name__}")


class WireProblem(Exception):
    """No complete answer arrived; the text says why in a few words."""


class Connection(asyncio.Protocol):
    """A connection that is asked, answers, and is asked again. Make one with :func:`connected`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Reply] | None = None
        self._usable = False
        self._free_since = 0.0

    async def ask(self, request: bytes, *, head_only: bool = False) -> Reply:
        """Send a request and return (status, headers in lower case, body as it came).
        ``head_only``: what follows the head is not HTTP (a proxy's CONNECT). Raises WireProblem;
        the connection is then closed, as it is when the wait is cancelled."""
        if self._transport is None:
            raise WireProblem("the connection was closed")
        self._headers: Headers = {}
        self._body: list[bytes] = []
        self._size = 0
        self._head_only = head_only
        self._parser = httptools.HttpResponseParser(self)
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._answer = answer
        self._heard = started = self._loop.time()
        self._watch(started + DEADLINE)
        self._transport.write(request)
        try:
            return await answer
        finally:
            self._timer.cancel()
            self._answer = None
            if self._usable:
                self._free_since = self._loop.time()
            else:
                self.close()
            self._usable = False

    @property
    def open(self) -> bool:
        """Whether it can be asked again."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def idle_for(self) -> float:
        """Seconds since it last answered."""
        return self._loop.time() - self._free_since

    def close(self) -> None:
        """Close at once; what is half sent or half read is dropped."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS, as a proxy's tunnel does."""
        assert self._transport
        self._transport = await self._loop.start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=SILENCE
        )

    def _watch(self, deadline: float) -> None:
        due = min(self._heard + SILENCE, deadline)
        if self._loop.time() >= due:
            self._fail("no answer in time")
        else:
            self._timer = self._loop.call_at(due, self._watch, deadline)

    def _fail(self, why: str) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(WireProblem(why))

    def _complete(self) -> None:
        if self._answer and not self._answer.done():
            status = self._parser.get_status_code()
            self._answer.set_result((status, self._headers, b"".join(self._body)))

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():  # nobody asked: it cannot be trusted
            self.close()
            return
        self._heard = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("an answer in another protocol")
        except httptools.HttpParserError:
            self._fail("an answer that is not HTTP")

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._answer and not self._answer.done():
            unsized = not {"content-length", "transfer-encoding"} & self._headers.keys()
            if error is None and self._body and unsized:
                self._complete()  # its end is that of the connection (RFC 9112, 6.3)
            else:
                self._fail(_why(error) if error else "the connection was closed")

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done():  # more than was asked for
            self._usable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._size += len(name) + len(value)
        if self._size > HEAD_LIMIT:
            self._fail("an answer far too large")
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._size = 0
        if self._head_only:
            self._usable = True
            self._complete()

    def on_body(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > BODY_LIMIT:
            self._fail("an answer far too large")
        elif self._answer and not self._answer.done():
            self._body.append(part)

    def on_message_complete(self) -> None:
        if self._answer is None or self._answer.done():
            return
        if self._parser.get_status_code() < 200:  # an interim answer (RFC 9110, 15.2)
            self._headers = {}
            return
        self._usable = self._parser.should_keep_alive()
        self._complete()


async def connected(base: SplitResult, tls: ssl.SSLContext | None, proxy: str | None) -> Connection:
    """A new connection to the server of ``base``, through the proxy if one is named. Raises
    WireProblem."""
    try:
        async with asyncio.timeout(SILENCE):
            if proxy is None:
                return await _opened(base, tls)
            return await _through(urlsplit(proxy), base, tls)
    except TimeoutError:
        raise WireProblem("no connection in time") from None
    except (OSError, ValueError) as error:
        raise WireProblem(_why(error)) from None


async def _opened(server: SplitResult, tls: ssl.SSLContext | None) -> Connection:
    port = server.port or (443 if server.scheme == "https" else 80)
    _, connection = await asyncio.get_running_loop().create_connection(
        Connection, server.hostname or "", port, ssl=tls
    )
    return connection


async def _through(proxy: SplitResult, base: SplitResult, tls: ssl.SSLContext | None) -> Connection:
    outer = ssl.create_default_context() if proxy.scheme == "https" else None
    connection = await _opened(proxy, outer)
    if tls is None:
        return connection
    host = f"{base.hostname}:{base.port or 443}"
    head = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{proxy_header(proxy)}\r\n"
    status, _, _ = await connection.ask(head.encode(), head_only=True)
    if status != 200:
        connection.close()
        raise WireProblem(f"the proxy answered {status}")
    await connection.secure(tls, base.hostname or "")
    return connection


def proxy_header(proxy: SplitResult) -> str:
    """What a proxy asks for when its address names a user (RFC 7617)."""
    if proxy.username is None:
        return ""
    named = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(named.encode()).decode()}\r\n"
