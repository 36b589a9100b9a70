"""Sends bytes to Stripe and receives them with httpx.

httpx provides HTTP/1.1, TLS, proxies and gzip. This module adds what it lacks: an answer has a
maximum size and a deadline, and a failure has words for a person. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app import __version__
from app.certificates import trusted
from app.httpx_setup import prepare_httpx
from app.network_failures import WireProblem, unusable_address, wire_problem
from app.proxies import check_proxy, proxy_for

if TYPE_CHECKING:
    import httpx

VERSION = "2026-10-28.endive"  # of Stripe's API; its objects and errors are read as in that version
BODY_LIMIT = 8 * 2**20  # bytes after decompression; a page of Stripe's takes half of one
# Larger answers are read a few at a time, so that all that are under way have one limit.
SMALL, LARGE_AT_ONCE = 2**20, 2
UNPACKED = 2**16  # bytes that are unpacked at a time
HEAD_LIMIT = 64 * 2**10
SILENCE = 10.0  # seconds without a byte after which a server counts as gone
DEADLINE = 30.0  # seconds for one complete answer
CHUNK = 2**18  # bytes at most that one read takes from a socket
IDLE = 30.0  # seconds after which a server may have closed an unused connection

Headers = dict[str, str]
Reply = tuple[int, Headers, bytes]


class Transport:
    """Requests to one server. Belongs to one event loop; close it at the end. ``headers``: the
    credentials."""

    def __init__(self, base: str, headers: Headers) -> None:
        prepare_httpx()
        self._base = base
        self._open: httpx.AsyncClient | None = None
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self.send_with(headers)

    def send_with(self, headers: Headers) -> None:
        """Send these headers instead of the current ones from the next request on."""
        self._headers = {
            "User-Agent": f"Panelist/{__version__}",
            "Stripe-Version": VERSION,
            "Accept-Encoding": "gzip",
            **headers,
        }

    async def close(self) -> None:
        """Close the connections."""
        if self._open is not None:
            await self._open.aclose()
            self._open = None

    async def get(self, path: str, query: dict[str, str | int]) -> Reply:
        """(status, headers in lower case, body). Raises WireProblem."""
        with self._explained():
            if self._open is None:
                self._open = client_for(self._base)
            target = f"{path}?{urlencode(query)}" if query else path
            return await self._answer(self._open, "GET", target)

    async def post(self, path: str, form: str) -> Reply:
        """As :meth:`get`, but only once and over its own connection. If the server were just
        closing a shared one, no one could tell whether it obeyed the request. ``form``:
        URL-encoded."""
        with self._explained():
            async with client_for(self._base) as client:
                return await self._answer(client, "POST", path, form)

    async def _answer(
        self, client: httpx.AsyncClient, method: str, target: str, form: str | None = None
    ) -> Reply:
        headers = self._headers
        if form is not None:
            headers = headers | {"Content-Type": "application/x-www-form-urlencoded"}
        import httpx

        request = httpx.Request(
            method,
            self._base + target,
            content=form,
            headers=headers,
            extensions={"timeout": _timeouts(), "trace": _Freshness()},
        )
        async with asyncio.timeout(DEADLINE):
            answer = await client.send(request, stream=True)
            try:
                return answer.status_code, *await _read(answer, self._large)
            finally:
                await answer.aclose()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn every failure of a request into a WireProblem."""
        import httpx

        try:
            yield
        except httpx.HTTPError as error:
            raise wire_problem(error, proxy_for(self._base)) from error
        except TimeoutError as error:
            raise WireProblem("no response in time") from error
        except (httpx.InvalidURL, ValueError, ImportError) as error:  # from a proxy address
            raise unusable_address(error, proxy_for(self._base)) from error


class TooLarge(WireProblem):
    """The answer is larger than any of Stripe's. ``beginning``: its first bytes."""

    def __init__(self, beginning: bytes = b"") -> None:
        super().__init__("a response that is far too large")
        self.beginning = beginning


async def _read(answer: httpx.Response, large: asyncio.Semaphore) -> tuple[Headers, bytes]:
    head = answer.headers.raw
    if sum(len(name) + len(value) for name, value in head) > HEAD_LIMIT:
        raise TooLarge
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head}
    parts, size, holds = [], 0, False
    try:
        async for part in _unpacked(answer, headers.get("content-encoding", "")):
            size += len(part)
            parts.append(part)
            if size > BODY_LIMIT:
                raise TooLarge(b"".join(parts)[:SMALL])
            if size > SMALL and not holds:
                await large.acquire()
                holds = True
        return headers, b"".join(parts)
    finally:
        if holds:
            large.release()


async def _unpacked(answer: httpx.Response, encoding: str) -> AsyncIterator[bytes]:
    """The body in small parts. httpx would unpack a thousand bytes into a million at once."""
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        async for part in answer.aiter_bytes():
            yield part
        return
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        async for packed in answer.aiter_raw():
            while packed:
                if part := unpack.decompress(packed, UNPACKED):
                    yield part
                packed = unpack.unconsumed_tail
        yield unpack.flush()
    except zlib.error as error:
        raise WireProblem("a compressed response that cannot be read") from error


class _Freshness:
    """Refuses an answer that was there before its request was sent. That is a second answer to the
    previous request, which h11 keeps for the next one (response splitting).

    httpcore reports its steps (the "trace" extension). To read from a socket it waits for the event
    loop. What it finds without a wait was left over. The error closes the connection.
    """

    def __init__(self) -> None:
        self._waited = False

    async def __call__(self, step: str, _: dict[str, Any]) -> None:
        if step == "http11.receive_response_headers.started":
            asyncio.get_running_loop().call_soon(self._note)
        elif step == "http11.receive_response_headers.complete" and not self._waited:
            raise WireProblem("a response without a request")

    def _note(self) -> None:
        self._waited = True


def client_for(base: str) -> httpx.AsyncClient:
    """A client for one server, with this computer's proxy and certificates."""
    import ssl

    import httpcore
    import httpx

    # With httpcore's 64 KiB, a page of 100 customers takes several reads, and a fifth more CPU.
    httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = CHUNK
    proxy = proxy_for(base)
    check_proxy(proxy)
    # To read certificates takes 20 ms. Without TLS there are none to check, so no one is trusted.
    encrypted = base.startswith("https:") or (proxy or "").startswith("https:")
    trusting = trusted() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    proxy_trusting = trusting if proxy and proxy.startswith("https:") else None
    through = httpx.Proxy(proxy, ssl_context=proxy_trusting) if proxy else None
    # For each request, a pool compares each of its connections with each other one. With a hundred,
    # that costs more than all the rest. So each connection has its own pool.
    limits = httpx.Limits(max_connections=1, keepalive_expiry=IDLE)
    free: list[httpx.AsyncHTTPTransport] = []

    class Lanes(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            lane = free.pop() if free else made()
            try:
                answer = await lane.handle_async_request(request)
            except BaseException:
                free.append(lane)
                raise
            answer.stream = Lent(answer.stream, lane)
            return answer

        async def aclose(self) -> None:
            while free:
                await free.pop().aclose()

    class Lent(httpx.AsyncByteStream):
        def __init__(self, stream: object, lane: httpx.AsyncHTTPTransport) -> None:
            assert isinstance(stream, httpx.AsyncByteStream)
            self._stream, self._lane = stream, lane

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._stream.__aiter__()

        async def aclose(self) -> None:
            try:
                await self._stream.aclose()
            finally:
                free.append(self._lane)

    from app.sync.stripe.name_lookup import NameBackend

    backend = NameBackend()

    def made() -> httpx.AsyncHTTPTransport:
        lane = httpx.AsyncHTTPTransport(
            verify=trusting, proxy=through, trust_env=False, limits=limits
        )
        lane._pool._network_backend = backend  # httpx passes on no other
        return lane

    free.append(made())  # now, so that an unusable proxy address is reported
    return httpx.AsyncClient(
        transport=Lanes(),
        trust_env=False,  # otherwise it would send passwords of ~/.netrc
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # stores no cookies
    )


def _timeouts() -> dict[str, float | None]:
    return {"connect": SILENCE, "read": SILENCE, "write": SILENCE, "pool": None}
