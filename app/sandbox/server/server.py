"""Serves a world on 127.0.0.1, in a thread or in a process of its own."""

import asyncio
import random
import re
import threading
from collections.abc import Callable
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from app.sandbox.server import api, consent, control, developer, params, wire
from app.sandbox.server.client_connection import HttpConnection, Request, Response
from app.sandbox.server.limits import SandboxLimits
from app.sandbox.server.state import SandboxOptions, State
from app.sandbox.world import errors
from app.sandbox.world.errors import StripeError
from app.sandbox.world.seeded import base62
from app.sandbox.world.versions import CURRENT
from app.sandbox.world.world import World

_ENDPOINTS = [
    (re.compile(re.sub(r"\{\w+\}", "([^/]+)", template)), template, answer)
    for template, answer in (developer.ENDPOINTS | consent.ENDPOINTS).items()
]
_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"


def _endpoint(
    asked: str,
) -> tuple[str, Callable[[State, Request, str], Response], str] | None:
    """The endpoint for a path that is not a list or an object of the account.

    Returns its template, the function that answers and the id in the path.
    """
    for pattern, template, answer in _ENDPOINTS:
        found = pattern.fullmatch(asked)
        if found is not None:
            return template, answer, found[1] if found.groups() else ""
    return None


class SandboxService(State):
    """Answers requests about one world. It knows nothing of sockets."""

    def __init__(self, world: World, options: SandboxOptions) -> None:
        super().__init__(world, options)
        self._ids = random.Random(f"{world.seed}/requests")
        self._limits: SandboxLimits | None = None

    def handle(self, request: Request) -> Response:
        """The answer to any request. Never raises."""
        with self.lock:
            if request.path.startswith("/_sandbox/"):
                return control.answer(self, request)
            return self._stripe(request)

    def _stripe(self, request: Request) -> Response:
        path = unquote(request.path)
        route = api.route(request.method, path)
        endpoint = None if route else _endpoint(f"{request.method} {path}")
        template = route.template if route else f"{request.method} {path}"
        if endpoint is not None:
            template = endpoint[0]
        self.requests[template] += 1
        query = params.parse(request.query)
        if self.on_request is not None:
            self.on_request(path, query)
        faults, delay = self.options.faults, self.options.latency
        fault = faults.next(path)
        answer = self._fault_answer(fault) if fault else None
        if answer is None:
            try:
                if endpoint is not None:
                    answer = endpoint[1](self, request, endpoint[2])
                else:
                    answer = self._answer(request, path, query, route)
            except StripeError as error:
                answer = developer.refusal(error)
        present = {name for name, _ in answer.headers}
        answer.headers += [header for header in self._headers(request) if header[0] not in present]
        if fault in ("cut_body", "reset", "hang"):
            answer.fault = fault
        answer.delay = delay + faults.delay(path)
        if template in developer.TOKEN_ENDPOINTS:
            answer.delay += self.options.token_delay
        if fault == "cut_json":
            answer.body = answer.body[: len(answer.body) // 2]
        status = 0 if answer.fault in ("reset", "hang", "close") else answer.status
        self.statuses[status] += 1
        self.log.append((self.world.clock(), path, request.query, status))
        return answer

    def _answer(
        self, request: Request, path: str, query: params.Query, route: api.Route | None
    ) -> Response:
        world, access = self.world, self.access()
        caller = api.authenticate(world, access, request.headers)
        if route is None:
            raise errors.unknown_url(request.method, path)
        reason = self._limit(route.template)
        if reason is not None:
            raise errors.rate_limited(reason)
        made = api.answer(world, access, caller, route, query)
        found = self.on_answer(path, query, made) if self.on_answer is not None else made
        return Response(200, body=found if isinstance(found, bytes) else wire.encode(found))

    def _limit(self, endpoint: str) -> str | None:
        if self._limits is None or self._limits.rate != self.options.rate:
            self._limits = SandboxLimits(self.options.rate, self.options.limit_clock)
        return self._limits.refuse(endpoint)

    def _fault_answer(self, fault: str) -> Response | None:
        """The answer of a fault that replaces the real one; None if it only damages that one."""
        if fault == "html":
            return Response(502, body=_PAGE)
        if fault in ("reset", "hang"):
            return Response(200)
        error = {
            "error_500": errors.server_error(self.options.faults.should_retry),
            "error_401": errors.hiccup(),
            "rate_429": errors.rate_limited("global-rate"),
            "lock_timeout": errors.lock_timeout(),
        }.get(fault)
        return None if error is None else developer.refusal(error)

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        headers = [
            ("Server", "nginx"),
            ("Date", formatdate(self.world.clock() + self.options.date_ahead, usegmt=True)),
            ("Content-Type", "application/json"),
            ("Request-Id", f"req_{base62(self._ids.getrandbits(83))}"),
            ("Stripe-Version", request.headers.get("stripe-version", CURRENT)),
        ]
        if "stripe-account" in request.headers:
            headers.append(("Stripe-Account", request.headers["stripe-account"]))
        return headers

    async def live(self) -> None:
        """Change the world at random, at the rate of the options, until cancelled."""
        due = 0.0
        while True:
            await asyncio.sleep(0.1)
            due = min(due + self.options.live_changes / 600, 1000.0)
            while due >= 1:
                self.change()
                due -= 1

    async def serve(self, port: int, stop: asyncio.Event, listening: Callable[[str], None]) -> None:
        """Listen on 127.0.0.1 until `stop` is set. Port 0 means any free port.

        `listening` is called with the URL. Raises OSError when the port is taken.
        """
        loop, connections = asyncio.get_running_loop(), set[HttpConnection]()
        server = await loop.create_server(
            lambda: HttpConnection(self.handle, connections), "127.0.0.1", port, backlog=512
        )
        live = asyncio.ensure_future(self.live())
        try:
            listening(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            await stop.wait()
        finally:
            live.cancel()
            server.close()
            for connection in list(connections):
                connection.close()


class Sandbox(SandboxService):
    """The server in a daemon thread, as a context manager. The world is made from `world_args`.

    It listens at `url`. Hold `lock` to change the world from another thread.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        options: SandboxOptions | None = None,
        port: int = 0,
        **world_args: Any,
    ) -> None:
        if world is not None and world_args:
            raise TypeError("give a world or what to make one of, not both")
        super().__init__(world or World(**world_args), options or SandboxOptions())
        self.url = ""
        self._port = port
        self._ready = threading.Event()
        self._failed: OSError | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    def start(self) -> None:
        """Start, and wait until the server listens. Raises OSError when the port is taken."""
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        """Stop, and wait for the thread. The next start uses the same port."""
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._ready.clear()

    def _run(self) -> None:
        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            await self.serve(self._port, self._stop, self._listening)

        try:
            asyncio.run(main())
        except OSError as error:
            self._failed = error
            self._ready.set()

    def _listening(self, url: str) -> None:
        self.url = url
        self._port = int(url.rpartition(":")[2])
        self._ready.set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
