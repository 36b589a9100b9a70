"""One client's HTTP connection, by h11. Answers can be late, cut short or missing."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import h11

MAX_BODY = 1 << 20
Headers = list[tuple[str, str]]


@dataclass
class Request:
    """A request whose body has arrived. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Response:
    """An answer, sent after `delay` seconds. `stream` is sent in chunks instead of `body`.

    `fault` is how the answer goes wrong: one of faults.KINDS, or "close", which closes the
    connection cleanly without an answer.
    """

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    delay: float = 0.0
    fault: str | None = None
    stream: AsyncIterator[bytes] | None = None


Handler = Callable[[Request], Response]


class HttpConnection(asyncio.Protocol):
    """Answers the requests of one connection one after the other, with what `handle` returns."""

    def __init__(self, handle: Handler, open_ones: set["HttpConnection"]) -> None:
        self._handle, self._open = handle, open_ones
        self._http = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport
        self._request: Request | None = None
        self._busy = False
        self._writable = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._writable.set()
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._writable.set()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        if not self._busy:
            self._read()

    def eof_received(self) -> bool:
        with contextlib.suppress(h11.RemoteProtocolError):
            self._http.receive_data(b"")
        # A client may close its sending side and still wait for the answer.
        return self._busy

    def close(self) -> None:
        """Close at once, even in the middle of an answer."""
        self._transport.abort()

    def _read(self) -> None:
        try:
            while not self._busy and not self._transport.is_closing():
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                if isinstance(event, h11.ConnectionClosed):
                    self._transport.close()
                elif isinstance(event, h11.Request):
                    self._request = _request(event)
                elif isinstance(event, h11.Data) and self._request is not None:
                    self._request.body += bytes(event.data)
                    if len(self._request.body) > MAX_BODY:
                        self._transport.abort()
                elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                    self._answer(self._request)
        except h11.RemoteProtocolError:
            self._transport.abort()

    def _answer(self, request: Request) -> None:
        answer = self._handle(request)
        self._busy = True
        if answer.delay or answer.fault or answer.stream is not None:
            self._task = asyncio.ensure_future(self._answer_later(answer))
            return
        self._send(answer)
        self._finish()

    async def _answer_later(self, answer: Response) -> None:
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if self._transport.is_closing() or answer.fault == "hang":
            return
        if answer.fault == "reset":
            self._reset()
        elif answer.fault == "close":
            self._transport.close()
        elif answer.fault == "cut_body":
            self._send_cut(answer)
        elif answer.stream is not None:
            await self._send_stream(answer.headers, answer.stream)
            self._read_next()
        else:
            self._send(answer)
            self._read_next()

    def _read_next(self) -> None:
        """Read the next request. h11 has buffered what the client sent in the meantime."""
        self._finish()
        self._read()

    def _finish(self) -> None:
        self._busy, self._request = False, None
        if self._http.our_state is h11.MUST_CLOSE or self._http.our_state is h11.ERROR:
            self._transport.close()
            return
        self._http.start_next_cycle()

    def _send(self, answer: Response) -> None:
        headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
        # h11 answers None only for ConnectionClosed, which is never sent here.
        head = self._http.send(h11.Response(status_code=answer.status, headers=headers)) or b""
        shown = b"" if self._request and self._request.method == "HEAD" else answer.body
        body = self._http.send(h11.Data(data=shown)) or b""
        self._transport.write(head + body + (self._http.send(h11.EndOfMessage()) or b""))

    async def _send_stream(self, headers: Headers, stream: AsyncIterator[bytes]) -> None:
        self._transport.write(
            self._http.send(
                h11.Response(status_code=200, headers=[*headers, ("Transfer-Encoding", "chunked")])
            )
            or b""
        )
        async for chunk in stream:
            if self._transport.is_closing():
                return
            self._transport.write(self._http.send(h11.Data(data=chunk)) or b"")
            await self._writable.wait()
        self._transport.write(self._http.send(h11.EndOfMessage()) or b"")

    def _send_cut(self, answer: Response) -> None:
        headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
        head = self._http.send(h11.Response(status_code=answer.status, headers=headers)) or b""
        self._transport.write(head + answer.body[: len(answer.body) // 2])
        self._transport.close()

    def _reset(self) -> None:
        sock = self._transport.get_extra_info("socket")
        # With a linger time of 0 the kernel sends RST instead of FIN.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


def _request(event: h11.Request) -> Request:
    path, _, query = event.target.decode("ascii", "replace").partition("?")
    headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
    return Request(event.method.decode(), path, query, headers)
