"""The HTTP server: it serves any routes on one address until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import traceback
from collections.abc import Generator, Sequence
from functools import partial

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from app.problems import Problem
from app.web.connection_limits import AT_ONCE, CALLERS, HEAD_SECONDS, LimitedConnection

HEAD_LIMIT = 16 * 1024  # bytes
QUEUE = 4_096  # callers who wait to be let in; the system drops what comes beyond
GRACE = 0.4  # seconds that requests under way have when the server stops

log = logging.getLogger(__name__)


class ListenProblem(Problem):
    """The server cannot listen on the address. The text is for a person."""


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """An application with these routes. Any other request gets 404, whatever the method."""
    handlers = {HTTPException: _nothing_here, Exception: _fault}
    found = Starlette(routes=routes, exception_handlers=handlers)
    found.router.redirect_slashes = False
    return found


def listen(host: str, port: int) -> socket.socket:
    """Open a socket that listens. From now on callers wait instead of being refused.

    Port 0 means any free port. Raises ListenProblem.
    """
    listener = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        listener = socket.socket(family)
        # Lets us listen again at once after a stop. Two can still never listen at one address.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(QUEUE)
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        raise _unusable(host, port, error) from None
    listener.setblocking(False)
    return listener


def _unusable(host: str, port: int, error: Exception) -> ListenProblem:
    if isinstance(error, socket.gaierror | UnicodeError):
        return ListenProblem(
            f"{host} is not an address of this computer. Nothing was started. Omit --host,"
            " or use an address such as 127.0.0.1."
        )
    why = error.strerror if isinstance(error, OSError) else None
    return ListenProblem(
        f"Port {port} of {host} cannot be opened ({why or 'no reason given'}). Nothing was"
        " started. Stop the program that uses it (another panelist serve?), or choose"
        " another port with --port."
    )


def address_of(listener: socket.socket) -> tuple[str, bool]:
    """(URL of the server for a program on this computer, whether only such programs reach it)."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}", address.is_loopback


class _Server(uvicorn.Server):
    """Leaves signals to the command, which has more to stop than this server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def finish_requests(self) -> None:
        """Stop accepting connections, and give requests in progress a moment to finish."""
        for one in self.servers:
            one.close()
        tasks = set(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)


async def serve(
    app: Starlette,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    callers: int = CALLERS,
    head_seconds: float = HEAD_SECONDS,
) -> None:
    """Answer requests until ``stop`` is set; it ends within a second then, and what was not
    answered by that time is cut off."""
    protocol = partial(LimitedConnection, callers=callers, head_seconds=head_seconds)
    config = uvicorn.Config(
        app,
        interface="asgi3",
        http=protocol,  # type: ignore[arg-type]  # uvicorn only calls it, as it would a class
        ws="none",
        lifespan="off",
        workers=1,
        log_config=None,  # our log takes only what app.* says: no addresses, no paths
        access_log=False,
        server_header=False,
        proxy_headers=False,
        headers=[("connection", "close")],
        h11_max_incomplete_event_size=HEAD_LIMIT,
        timeout_graceful_shutdown=0,
        backlog=AT_ONCE,  # asyncio also lets in as many in one turn
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    stopped = asyncio.create_task(stop.wait())
    while not server.started and not serving.done():
        await asyncio.sleep(0)
    if server.started:
        listener.listen(QUEUE)  # asyncio made it as short as what it lets in at once
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if server.started:
        await server.finish_requests()
    server.should_exit = True
    await serving


async def _nothing_here(_: Request, __: Exception) -> Response:
    return PlainTextResponse("Page not found.\n", 404)


async def _fault(_: Request, fault: Exception) -> Response:
    """The answer to an unexpected error. Its values may come from the request, so neither the
    answer nor the log has them."""
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    log.error(
        "Internal server error: %s at %s:%s",
        type(fault).__name__,
        frame.filename,
        frame.lineno,
    )
    return PlainTextResponse("Panelist had an internal error. Nothing was stored.\n", 500)
