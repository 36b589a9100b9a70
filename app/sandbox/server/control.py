"""`/_sandbox/`: the true data, statistics, changes and options, for tests in other processes.

It needs no key, because it listens on 127.0.0.1 and all data is made up.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice

import orjson

from app.sandbox.server import consent, wire
from app.sandbox.server.client_connection import Request, Response
from app.sandbox.server.faults import Faults
from app.sandbox.server.limits import SandboxLimits
from app.sandbox.server.state import State
from app.sandbox.world.seeded import Obj

_JSON = [("Content-Type", "application/json")]
_CHUNK = 500
_MOST_RANDOM = 10_000
_TRUTH = ("customers", "subscriptions", "products", "prices", "events")
_CHANGES = (
    "create_customer",
    "update_customer",
    "delete_customer",
    "create_subscription",
    "update_subscription",
    "cancel_subscription",
    "remind",
    "create_product",
    "update_product",
    "delete_product",
    "create_price",
    "update_price",
    "delete_price",
)
_OPTIONS = (
    "rate",
    "latency",
    "forbid",
    "revoked",
    "expired",
    "keys",
    "live_changes",
    "token_life",
    "expires_in",
    "token_fault",
    "token_redirect",
    "token_delay",
    "date_ahead",
)


def answer(state: State, request: Request) -> Response:
    """The answer to a control request. An invalid request gets 400 and a sentence."""
    path = request.path.removeprefix("/_sandbox/").rstrip("/")
    try:
        if request.method == "GET" and path.startswith("truth/"):
            return _truth(state, path.removeprefix("truth/"))
        if request.method == "GET" and path == "stats":
            return _json(_stats(state))
        if request.method == "POST" and path in _POSTS:
            body = orjson.loads(request.body or b"{}")
            if not isinstance(body, dict):
                raise ValueError("the body is a JSON object")
            return _json(_POSTS[path](state, body))
    except (KeyError, TypeError, ValueError) as error:
        return _json({"error": str(error.args[0] if error.args else error)}, 400)
    return _json({"error": f"{request.method} /_sandbox/{path} does not exist"}, 404)


def _json(value: Obj, status: int = 200) -> Response:
    return Response(status, list(_JSON), wire.encode(value, pretty=False) + b"\n")


def _truth(state: State, kind: str) -> Response:
    if kind not in _TRUTH:
        raise ValueError(f"the truth is about {', '.join(_TRUTH)}")
    objects: Iterator[Obj] = getattr(state.world, kind)()
    headers = [("Content-Type", "application/x-ndjson")]
    return Response(200, headers, stream=_lines(state, objects))


async def _lines(state: State, objects: Iterator[Obj]) -> AsyncIterator[bytes]:
    """JSON lines in chunks. Other requests are served between two chunks."""
    while True:
        with state.lock:
            lines = [wire.encode(found, pretty=False) + b"\n" for found in islice(objects, _CHUNK)]
        if lines:
            yield b"".join(lines)
        if len(lines) < _CHUNK:
            return
        await asyncio.sleep(0)


def _stats(state: State) -> Obj:
    world = state.world
    return {
        "account": world.account_id,
        "seed": world.seed,
        "requests": dict(state.requests),
        "statuses": {str(status): count for status, count in state.statuses.items()},
        "counts": {
            "customers": len(world.customers_table) - len(world.customers_table.gone),
            "subscriptions": len(world.subscriptions_table),
            "products": len(world.products_table) - len(world.products_table.gone),
            "prices": len(world.prices_table) - len(world.prices_table.gone),
            "events": len(world.events_table),
        },
    }


def _change(state: State, body: Obj) -> Obj:
    """`{"op": "update_customer", "id": …, …}` or `{"op": "random", "n": 5}`."""
    op = body.pop("op", None)
    if op == "random":
        count = int(body.pop("n", 1))
        if body or not 0 <= count <= _MOST_RANDOM:
            raise ValueError(f"random takes n, up to {_MOST_RANDOM}")
        return {"done": [state.change() for _ in range(count)]}
    if op not in _CHANGES:
        raise ValueError(f"op is random or one of {', '.join(_CHANGES)}")
    return {"id": getattr(state.world, op)(**body)}


def _set_options(state: State, body: Obj) -> Obj:
    """Set options by name. `faults` is an object and replaces all faults."""
    options = state.options
    changed: Obj = {}
    for name, value in body.items():
        if name == "faults":
            changed[name] = Faults(**value)
        elif name in ("forbid", "keys"):
            changed[name] = frozenset(value)
        elif name == "rate":
            SandboxLimits(str(value), state.options.limit_clock)
            changed[name] = str(value)
        elif name in _OPTIONS:
            changed[name] = type(getattr(options, name))(value)
        else:
            raise ValueError(f"options are {', '.join((*_OPTIONS, 'faults'))}")
    state.options = dataclasses.replace(options, **changed)
    return {"set": sorted(changed)}


def _install(state: State, body: Obj) -> Obj:
    """Install the app from the Dashboard: `{"redirect_uri": …}`, or the first registered one."""
    redirect = body.pop("redirect_uri", None)
    if body or not isinstance(redirect, str | None):
        raise ValueError("install takes redirect_uri")
    return {"url": consent.install(state.world.oauth, redirect)}


def _uninstall(state: State, body: Obj) -> Obj:
    """Remove the app in the Dashboard, and disconnect a Connect account."""
    if body:
        raise ValueError("uninstall takes nothing")
    return {"removed": state.world.oauth.remove_all()}


_POSTS: dict[str, Callable[[State, Obj], Obj]] = {
    "change": _change,
    "install": _install,
    "options": _set_options,
    "uninstall": _uninstall,
}
