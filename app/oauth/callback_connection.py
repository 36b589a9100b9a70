"""One connection to the callback listener: it reads the head of one request and answers it.

Any program or web page on this computer may connect. So the head must be small and arrive in time,
a body is never read, and no answer repeats anything from the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus

import httptools

from app.web_page import page, style_source

HEAD_LIMIT = 16 * 2**10
PATIENCE = 5.0  # seconds for a whole head
LINGER = 1.0  # seconds for the caller to read the answer and disconnect

UNREADABLE = "Panelist does not understand this request."
FIXED = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "Cache-Control: no-store\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Connection: close\r\n"
)


@dataclass(frozen=True)
class CallbackRequest:
    """The head of a request, as bytes."""

    method: bytes
    target: bytes = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)

    def every(self, name: bytes) -> list[bytes]:
        """The values of all headers with this name. The name is in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


Judge = Callable[[CallbackRequest], tuple[int, str]]


class CallbackConnection(asyncio.Protocol):
    """Reads and answers one request. ``judge`` returns the status and the sentence of the answer.
    ``gone`` is done when the connection is closed."""

    def __init__(self, judge: Judge, patience: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._judge = judge
        self._patience = patience
        self._parser = httptools.HttpRequestParser(self)
        self._method = self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = 0
        self._timer: asyncio.TimerHandle
        self._whole = self._answered = False
        self.gone: asyncio.Future[None] = self._loop.create_future()

    def _answer(self, status: int, sentence: str) -> None:
        self._timer.cancel()
        self._answered = True
        body = _page(sentence)
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Length: {len(body)}\r\n"
        if status == 405:
            head += "Allow: GET\r\n"
        head += (
            f"Content-Security-Policy: default-src 'none'; style-src {style_source()}; img-src"
            " data:; frame-ancestors 'none'; base-uri 'none'\r\n"
        )
        if self._method == b"HEAD":
            body = b""
        self._transport.write(f"{head}{FIXED}\r\n".encode() + body)
        self._timer = self._loop.call_later(LINGER, self._transport.abort)
        if self._transport.can_write_eof():
            # TCP resets a connection that is closed with unread bytes, and the answer may be lost.
            self._transport.write_eof()
        else:
            self._transport.close()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._timer = self._loop.call_later(
            self._patience, self._answer, 400, "This request took too long."
        )

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return
        self._size += len(data)
        if self._size > HEAD_LIMIT:
            self._answer(400, UNREADABLE)
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            # Raised for bytes after a complete head too. Those do not matter.
            if not self._whole:
                self._answer(400, UNREADABLE)
                return
        if self._whole:
            request = CallbackRequest(self._method, self._target, tuple(self._headers))
            self._answer(*self._judge(request))

    def connection_lost(self, error: Exception | None) -> None:
        self._timer.cancel()
        if not self.gone.done():
            self.gone.set_result(None)

    # What the parser calls.

    def on_url(self, part: bytes) -> None:
        if not self._whole:
            self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._whole:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if not self._whole:
            self._whole = True
            self._method = self._parser.get_method()


def _page(sentences: str) -> bytes:
    """The first sentence as a heading, and what to do below it."""
    first, stop, rest = sentences.partition(". ")
    heading = f"<h1>{escape(first + stop.strip())}</h1>"
    return page("Panelist", f'<p class="brand">◆ Panelist</p>{heading}<p>{escape(rest)}</p>')
