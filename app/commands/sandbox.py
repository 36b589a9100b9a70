"""``panelist sandbox``: runs a Stripe to try things on. No other command knows the sandbox."""

from __future__ import annotations

import argparse

from app.commands.shared.exit_codes import DONE

EXAMPLES = {
    "sandbox": ("sandbox --customers 500 --seed 1", "sandbox --port 8000 --live-changes 20"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    from app.sandbox.world.errors import PERMISSIONS

    parser.description = "Runs a local Stripe simulator with fictional customers."
    add = parser.add_argument
    add("--port", type=int, default=0, help="The port on 127.0.0.1 (default: any free port)")
    add(
        "--customers",
        type=_count,
        default=500,
        metavar="N",
        help="The number of customers (default: 500)",
    )
    add("--seed", type=int, default=1, help="The same seed makes the same account (default: 1)")
    add(
        "--latency-ms",
        type=_amount,
        default=0,
        metavar="MS",
        help="Delay every response by this time",
    )
    add("--live-changes", type=_amount, default=0, metavar="N", help="Random changes a minute")
    add("--rate", type=_rate, default="0", metavar="A/E", help="Requests a second, such as 100/25")
    add(
        "--forbid",
        action="append",
        default=[],
        choices=sorted(PERMISSIONS),
        help="Refuse this permission with 403",
    )
    add(
        "--event-lag",
        type=_amount,
        default=2.0,
        metavar="S",
        help="Delay events by up to S seconds",
    )
    add("--live", action="store_true", help="Simulate a live account with rk_live_… keys")
    add(
        "--accounts-v2",
        action="store_true",
        help="Create new customers as Accounts, whose changes send no customer events",
    )
    add(
        "--company-until",
        type=int,
        metavar="SECONDS",
        help="Serve the demo's company, with 18 months of history up to this time, in seconds"
        " since 1970",
    )
    add(
        "--hostile",
        action="store_true",
        help="Add customers with hostile names, such as terminal commands",
    )
    add("--poison", action="store_true", help="Add records that break Stripe's schema")
    add(
        "--redirect",
        action="append",
        default=[],
        type=_redirect,
        metavar="URI",
        help="Another redirect address for OAuth (can be repeated)",
    )
    for name in ("500", "429", "lock", "html", "cut", "cut-json", "reset", "hang"):
        help_text = f"The share of requests that end in {name}"
        add(f"--fault-{name}", type=_share, default=0.0, metavar="0.1", help=help_text)
    add(
        "--fault-slow",
        type=_amount,
        default=0,
        metavar="S",
        help="Delay a tenth of the requests by S seconds",
    )
    add(
        "--fault-seed",
        type=int,
        default=1,
        metavar="N",
        help="The same seed makes the same requests fail",
    )
    add(
        "--json",
        "--jsonl",
        dest="json",
        action="store_true",
        help="Print the address and keys as one line of JSON",
    )
    add("--with-parent", action="store_true", help="Stop when the parent process ends")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    from app.sandbox.command import serve

    serve(options)
    return DONE


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 20_000_000:
        raise argparse.ArgumentTypeError("use a number from 0 to 20,000,000")
    return count


def _amount(text: str) -> float:
    amount = float(text)
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError("use 0 or more")
    return amount


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("use a number from 0 to 1")
    return share


def _rate(text: str) -> str:
    from app.sandbox.server.limits import SandboxLimits

    SandboxLimits(text, lambda: 0.0)
    return text


def _redirect(text: str) -> str:
    from app.sandbox.world.registered_app import check_redirect

    try:
        return check_redirect(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
