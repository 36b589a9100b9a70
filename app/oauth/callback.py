"""The listener that an OAuth server redirects a browser to, on a loopback address (RFC 8252, 7.3).

It binds only the literal address and the port of the redirect address. Another program could own
any other port.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.oauth.callback_connection import PATIENCE, CallbackConnection
from app.oauth.callback_rules import CallbackRules
from app.oauth.errors import OAuthProblem
from app.oauth.redirect import STRIPE, Issuer, RedirectAnswer, can_listen, read_pasted

if TYPE_CHECKING:
    import ssl

__all__ = ["Callback", "RedirectAnswer", "can_listen", "read_pasted"]

CALLERS = 20  # connections at once
GRACE = 0.1  # seconds before a new connection may replace this one

log = logging.getLogger(__name__)


class Callback:
    """Listens at the redirect address until it is closed. ``heard`` is called in the listener's own
    thread. ``folder`` holds the certificate for https."""

    def __init__(
        self,
        redirect_uri: str,
        folder: Path,
        heard: Callable[[RedirectAnswer], None],
        *,
        issuer: Issuer = STRIPE,
        patience: float = PATIENCE,
    ) -> None:
        self._redirect_uri = redirect_uri
        self._folder = folder
        self._heard = heard
        self._issuer = issuer
        self._patience = patience
        self._admission = (
            CallbackRules(redirect_uri, self._pass_on, issuer=issuer)
            if can_listen(redirect_uri)
            else None
        )
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to listen. Raises OAuthProblem, kind "setup", if that is not possible."""
        if self._thread:
            return
        if self._admission is None:
            raise OAuthProblem(
                "setup",
                f"Your browser cannot return from {self._issuer.name} to Panelist by itself."
                " After approving, paste the address that your browser shows.",
            )
        place = urlsplit(self._redirect_uri)
        tls: ssl.SSLContext | None = None
        if place.scheme == "https":
            from app.oauth.loopback_tls import server_context

            tls = server_context(self._folder)
        self._listener = _bound(place.hostname or "", place.port or 0, self._issuer)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._callers: dict[asyncio.Task[None], float] = {}  # each with its start time
        self._thread = threading.Thread(
            target=self._run,
            args=(self._loop, self._listener, tls, self._stop),
            name="callback",
            daemon=True,
        )
        self._thread.start()

    def expect(self, state: str) -> None:
        """Accept exactly this state from now on, once."""
        if self._admission:
            self._admission.expect(state)

    def close(self) -> None:
        """Stop listening. The port is free when this returns. A second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop has already ended
            self._loop.call_soon_threadsafe(self._stop.set)
        if thread is not threading.current_thread():
            thread.join(1.0)
        self._listener.close()  # even if ``heard`` still blocks the thread

    def _run(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        stop: asyncio.Event,
    ) -> None:
        loop.set_exception_handler(_log)
        with asyncio.Runner(loop_factory=lambda: loop) as runner, listener:
            runner.run(self._listen(listener, tls, stop))

    async def _listen(
        self, listener: socket.socket, tls: ssl.SSLContext | None, stop: asyncio.Event
    ) -> None:
        accepting = asyncio.create_task(self._accept(listener, tls))
        await stop.wait()
        accepting.cancel()  # the runner cancels the open connections

    async def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        while True:
            await _knock(listener)
            if len(self._callers) >= CALLERS:
                await self._make_room()
            try:
                connection, _ = listener.accept()
                connection.setblocking(False)
            except OSError:  # no file descriptor is free, or the caller has gone
                await asyncio.sleep(GRACE)
            else:
                self._let_in(connection, tls)

    async def _make_room(self) -> None:
        """Close the oldest connection. A redirect sends its request at once, so an old
        connection is an idle one."""
        oldest, since = next(iter(self._callers.items()))
        left = since + GRACE - asyncio.get_running_loop().time()
        await asyncio.wait([oldest], timeout=max(left, 0.0))
        oldest.cancel()
        await asyncio.wait([oldest])

    def _let_in(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        callers, task = self._callers, asyncio.create_task(self._attend(connection, tls))
        callers[task] = asyncio.get_running_loop().time()

        def ended(task: asyncio.Task[None]) -> None:
            del callers[task]
            connection.close()  # closed here, because a task that is cancelled early never runs

        task.add_done_callback(ended)

    async def _attend(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        assert self._admission
        caller = CallbackConnection(self._admission.judge, self._patience)
        with contextlib.suppress(OSError):
            transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                lambda: caller,
                connection,
                ssl=tls,
                ssl_handshake_timeout=self._patience if tls else None,
                ssl_shutdown_timeout=1.0 if tls else None,
            )
            try:
                await caller.gone
            finally:
                transport.abort()

    def _pass_on(self, said: RedirectAnswer) -> None:
        """Call ``heard`` after the answer is written, so that a person sees the page even if
        ``heard`` fails."""
        asyncio.get_running_loop().call_soon(self._heard, said)


def _log(loop: asyncio.AbstractEventLoop, fault: dict[str, Any]) -> None:
    """Log an unexpected error without its text, which may repeat what was sent."""
    name = type(fault.get("exception")).__name__
    log.error("The approval listener had an error: %s", name)


async def _knock(listener: socket.socket) -> None:
    """Wait until a connection can be accepted. ``loop.sock_accept`` would lose one when it is
    cancelled."""
    loop, knocked = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listener, knocked.set)
    try:
        await knocked.wait()
    finally:
        loop.remove_reader(listener)


def _bound(host: str, port: int, issuer: Issuer) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Lets us listen again at once after a served request (TIME_WAIT). Unlike on Windows,
            # two can still never listen at one address.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(100)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        why = "is used by another program" if taken else f"cannot be used ({error.strerror})"
        raise OAuthProblem(
            "setup",
            f"Port {port} of this computer, where {issuer.name} redirects to, {why}. "
            + ("End that program (another Panelist?)" if taken else "Register another address")
            + ", or approve in your browser and paste the address that it shows.",
        ) from None
    return listener
