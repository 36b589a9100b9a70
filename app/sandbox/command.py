"""`panelist sandbox`: the stand-in as a process of its own."""

import argparse
import asyncio
import json
import os
import signal
import sys

from app.sandbox.server.faults import Faults
from app.sandbox.server.limits import SandboxLimits
from app.sandbox.server.server import SandboxService
from app.sandbox.server.state import Options
from app.sandbox.world.errors import PERMISSIONS
from app.sandbox.world.oauth import check_redirect
from app.sandbox.world.world import World

PARENT_POLL_SECONDS = 0.5


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; 0 then, 1 when the port is taken, 2 for wrong use."""
    try:
        asked = _parser().parse_args(argv)
    except SystemExit as ended:
        return int(ended.code or 0)
    parent = os.getppid()
    world = World(
        customers=asked.customers,
        seed=asked.seed,
        live=asked.live,
        event_lag=asked.event_lag,
        poison=asked.poison,
        redirect_uris=asked.redirect,
    )
    try:
        asyncio.run(_serve(SandboxService(world, _options(asked)), asked, parent))
    except OSError as error:
        print(f"Cannot listen on port {asked.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="panelist sandbox", description="A local stand-in for Stripe, with made-up customers."
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    add("--customers", type=_count, default=500, metavar="N", help="how many (default 500)")
    add("--seed", type=int, default=1, help="the same seed makes the same account (default 1)")
    add("--latency-ms", type=_amount, default=0, metavar="MS", help="time every answer takes")
    add("--live-changes", type=_amount, default=0, metavar="N", help="random changes per minute")
    add("--rate", type=_rate, default="0", metavar="A/E", help="limit per second, such as 100/25")
    add(
        "--forbid", action="append", default=[], choices=sorted(PERMISSIONS), help="refuse with 403"
    )
    add("--event-lag", type=_amount, default=2.0, metavar="S", help="events show up to S s late")
    add("--live", action="store_true", help="be a live account: rk_live_… keys")
    add("--poison", action="store_true", help="add records no schema allows")
    add(
        "--redirect",
        action="append",
        default=[],
        type=_redirect,
        metavar="URI",
        help="where OAuth may also redirect to (may be given again)",
    )
    for name in ("500", "429", "lock", "html", "cut", "cut-json", "reset", "hang"):
        help_text = f"share of requests that end in {name}"
        add(f"--fault-{name}", type=_share, default=0.0, metavar="0.1", help=help_text)
    add("--fault-slow", type=_amount, default=0, metavar="S", help="a tenth takes S s longer")
    add("--fault-seed", type=int, default=1, metavar="N", help="which requests are hit")
    add("--json", action="store_true", help="say where it listens as one line of JSON")
    add("--with-parent", action="store_true", help="end when the starting process has gone")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 20_000_000:
        raise argparse.ArgumentTypeError("from 0 to 20,000,000")
    return count


def _amount(text: str) -> float:
    amount = float(text)
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError("0 or more")
    return amount


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("from 0 to 1")
    return share


def _rate(text: str) -> str:
    SandboxLimits(text, lambda: 0.0)
    return text


def _redirect(text: str) -> str:
    try:
        return check_redirect(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _options(asked: argparse.Namespace) -> Options:
    return Options(
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
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows has no signal handlers in its loop
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
