"""The sandbox as a process of its own, for `panelist sandbox`."""

import argparse
import asyncio
import json
import os
import signal

from app.problems import Problem
from app.sandbox.server.faults import Faults
from app.sandbox.server.server import SandboxService
from app.sandbox.server.state import SandboxOptions
from app.sandbox.world.world import World

PARENT_POLL_SECONDS = 0.5


def serve(asked: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT. Raises Problem when the port is taken."""
    parent = os.getppid()
    world = World(
        customers=asked.customers,
        seed=asked.seed,
        live=asked.live,
        event_lag=asked.event_lag,
        poison=asked.poison,
        accounts_v2=asked.accounts_v2,
        redirect_uris=asked.redirect,
    )
    try:
        asyncio.run(_serve(SandboxService(world, _options(asked)), asked, parent))
    except OSError as error:
        raise Problem(f"Cannot listen on port {asked.port}: {error.strerror or error}") from error
    except KeyboardInterrupt:
        pass


def _options(asked: argparse.Namespace) -> SandboxOptions:
    return SandboxOptions(
        rate=asked.rate,
        latency=asked.latency_ms / 1000,
        forbid=frozenset(asked.forbid),
        live_changes=asked.live_changes,
        faults=Faults(
            seed=asked.fault_seed,
            error_500=asked.fault_500,
            rate_429=asked.fault_429,
            lock_timeout=asked.fault_lock,
            html=asked.fault_html,
            cut_body=asked.fault_cut,
            cut_json=asked.fault_cut_json,
            reset=asked.fault_reset,
            hang=asked.fault_hang,
            slow=asked.fault_slow,
        ),
    )


async def _serve(service: SandboxService, asked: argparse.Namespace, parent: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    watch = asyncio.ensure_future(_watch(parent, stop)) if asked.with_parent else None
    await service.serve(asked.port, stop, lambda url: _say(service.world, asked, url))
    if watch is not None:
        watch.cancel()


async def _watch(parent: int, stop: asyncio.Event) -> None:
    """Stop once the parent is another process: an orphan is handed to init or a reaper.

    Not by the end of standard input, which a parent may well have closed or pointed elsewhere.
    """
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_POLL_SECONDS)
    stop.set()


def _say(world: World, asked: argparse.Namespace, url: str) -> None:
    authorize_url = f"{url}/oauth/v2/authorize"
    if asked.json:
        said = {
            "url": url,
            "key": world.restricted_key,
            "secret_key": world.secret_key,
            "account": world.account_id,
            "customers": asked.customers,
            "seed": asked.seed,
            "client_id": world.client_id,
            "client_secret": world.client_secret,
            "authorize_url": authorize_url,
        }
        print(json.dumps(said), flush=True)
    else:
        print(
            f"Sandbox Stripe on {url}\n"
            f"Restricted key: {world.restricted_key}\n"
            f"Authorise URL: {authorize_url}?client_id={world.client_id}\n"
            f"Client secret: {world.client_secret}\n"
            f"Dashboard: {url}/dashboard",
            flush=True,
        )
