"""Requests of the real client, answered by the sandbox's own code without a socket.

This is where chance comes in: an answer is made at one moment and handed over at a later one;
in between the account may change, other requests may be answered, or the answer may be lost.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from app.network_failures import WireProblem
from app.sandbox.server.client_connection import Request
from app.sandbox.server.faults import KINDS, Faults
from app.sandbox.server.server import SandboxService
from app.sandbox.server.state import SandboxOptions
from app.sandbox.world.world import World
from app.sync.stripe.endpoints import EVENTS, LISTINGS
from app.sync.stripe.transport import Headers, Reply
from tests.sync.machine.changes import Change, apply
from tests.sync.machine.mortal import Life

FAULTS = (*KINDS, "portal")  # the last: a captive portal, which answers 200 and a page of its own
QUICK = 0.01
SILENCE = 30.0  # seconds after which a client gives up
CUSTOMERS = LISTINGS["customers"].path
ITEMS_AT_ONCE, EVENTS_AT_ONCE = 4, 12
CATALOGUE = ("/v1/products", "/v1/prices")
CATALOGUE_AT_ONCE = 20


@dataclass(frozen=True)
class Weather:
    """What happens during one run. Requests are counted from 1.

    ``latencies``: seconds on the way, there and back, over and over. ``flights``: changes after
    the n-th answer was made and before it arrives. ``down``: from which request on nothing is
    answered. ``fatal``: when the process dies. ``slow_lists``: seconds that a page of a list is
    on its way back. ``dying_cursors``: how often a customer is deleted from whom the next page was
    to go on. ``forbids``: what may not be read any more, from which request on.
    """

    latencies: tuple[float, ...] = ()
    faults: Mapping[int, str] = field(default_factory=dict)
    flights: Mapping[int, tuple[Change, ...]] = field(default_factory=dict)
    down: int | None = None
    fatal: tuple[str, int] | None = None
    writes_at_once: bool = True
    slow_lists: float = 0.0
    dying_cursors: int = 0
    forbids: tuple[str, int] | None = None

    def latency(self, leg: int) -> float:
        """Seconds that the leg takes."""
        return self.latencies[leg % len(self.latencies)] if self.latencies else QUICK


CALM = Weather()


class Network:
    """Between the client and a world. ``page``: objects on a page, so that a few make many."""

    def __init__(self, world: World, life: Life, page: int) -> None:
        self.service = SandboxService(world, SandboxOptions())
        self.weather = CALM
        self.died = 0  # cursors, in this weather
        self.asked: Counter[str] = Counter()  # requests by path
        self._life = life
        self._page = page
        self._lists = {listing.path for listing in LISTINGS.values()}

    def wire(self, base: str, headers: Headers) -> Wire:
        """Stands for the client's ``Transport``."""
        return Wire(self, headers)

    async def answer(self, path: str, query: dict[str, str | int], headers: Headers) -> Reply:
        """An answer, in its time. Raises WireProblem."""
        weather, number = self.weather, self._life.request()
        self.asked[path] += 1
        await asyncio.sleep(weather.latency(2 * number))
        if weather.forbids and number >= weather.forbids[1]:
            self.service.options.forbid = frozenset({weather.forbids[0]})
        fault = weather.faults.get(number)
        if weather.down and number >= weather.down:
            fault = "reset"
        reply = self._served(path, self._short(path, query), headers, fault)
        for change in weather.flights.get(number, ()):
            apply(self.service.world, change)
        if weather.dying_cursors > self.died and path == CUSTOMERS and reply:
            self._delete_cursor(reply)
        await asyncio.sleep(weather.latency(2 * number + 1))
        if path in self._lists and number > 1:
            await asyncio.sleep(weather.slow_lists)
        if reply is None:
            await asyncio.sleep(SILENCE if fault == "hang" else 0)
            raise WireProblem(fault or "no answer")
        return reply

    def _short(self, path: str, query: dict[str, str | int]) -> dict[str, str | int]:
        """Stripe may put fewer objects on a page than were asked for."""
        if "limit" not in query:
            return query
        most = self._page if path in self._lists else ITEMS_AT_ONCE
        if path == EVENTS:
            most = EVENTS_AT_ONCE
        elif path in CATALOGUE:
            most = CATALOGUE_AT_ONCE
        return {**query, "limit": min(most, int(query["limit"]))}

    def _served(
        self, path: str, query: dict[str, str | int], headers: Headers, fault: str | None
    ) -> Reply | None:
        """What the sandbox answers; None when no whole answer comes."""
        if fault == "portal":
            return 200, {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}, b"<html>Wi-Fi</html>"
        self.service.options.faults = (
            Faults(fail_nth={1}, fail_with=fault) if fault else self._no_faults
        )
        lower = {name.lower(): value for name, value in headers.items()}
        answer = self.service.handle(Request("GET", path, urlencode(query), lower))
        if answer.fault:
            return None
        return answer.status, {k.lower(): v for k, v in answer.headers}, answer.body

    _no_faults = Faults()

    def _delete_cursor(self, reply: Reply) -> None:
        status, _, content = reply
        page = json.loads(content) if status == 200 and content.endswith(b"}") else {}
        if page.get("has_more"):
            key = page["data"][-1]["id"]
            if self.service.world.customers_table.get(key):
                self.service.world.delete_customer(key)
                self.died += 1


class Wire:
    """What the client sees of the network; the doors of ``app.sync.stripe.transport.Transport``."""

    def __init__(self, network: Network, headers: Headers) -> None:
        self._network = network
        self._headers = headers

    def send_with(self, headers: Headers) -> None:
        """Send these headers from now on."""
        self._headers = headers

    async def close(self) -> None:
        """Nothing is open."""

    async def get(self, path: str, query: dict[str, str | int]) -> Reply:
        """(status, headers in lower case, body). Raises WireProblem."""
        return await self._network.answer(path, query, self._headers)
