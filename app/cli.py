"""The command line: what can be said, and how every failure ends in one sentence.

Nothing heavy is imported before a command needs it; ``--help`` must answer at once.
Exit codes: 0 done, 1 failed, 2 wrong use, 3 not connected.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from app.commands import study_arguments as cli_studies

FAILED, NOT_CONNECTED = 1, 3

_MODULES = {
    "sync": "app.commands.sync",
    "connect": "app.commands.connect",
    "disconnect": "app.commands.connect",
    "serve": "app.commands.serve",
    "verify": "app.commands.verify",
    "export": "app.commands.export",
    "segments_show": "app.commands.segments",
    "segments_members": "app.commands.segments",
    "segments_diff": "app.commands.segments",
    "segments_create": "app.commands.segments_edit",
    "segments_change": "app.commands.segments_edit",
    "segments_delete": "app.commands.segments_edit",
    "studies": "app.commands.studies",
    "studies_create": "app.commands.studies",
    "studies_change": "app.commands.studies",
    "studies_show": "app.commands.studies",
    "studies_activate": "app.commands.studies",
    "studies_pause": "app.commands.studies",
    "studies_close": "app.commands.studies",
    "studies_archive": "app.commands.studies",
    "studies_delete": "app.commands.studies",
    "invite": "app.commands.invite",
    "mail": "app.commands.invite",
    "invites": "app.commands.invites",
    "erase": "app.commands.invites",
    "invites_mark": "app.commands.invites",
    "invites_resolve": "app.commands.invites",
    "invites_opt_out": "app.commands.invites",
    "invites_remind": "app.commands.invites",
}
_LATE_PROBLEMS = (
    ("app.sync.stripe.client", "StripeProblem"),
    ("app.sync.auth.connect", "KeyProblem"),
    ("app.sync.stripe.oauth", "OAuthProblem"),
    ("app.credentials.errors", "CredentialProblem"),
    ("app.commands.common", "UnknownAccount"),
    ("app.panel.export.writer", "OutputProblem"),
    ("app.commands.demo", "SandboxProblem"),
    ("app.web.webhook_secrets", "SecretProblem"),
    ("app.web.server", "ListenProblem"),
    ("app.invites.errors", "StudyProblem"),
    ("app.invites.restore_guard", "RestoreSuspected"),
    ("app.invites.sending.sender", "SendInProgress"),
    ("app.invites.mail.smtp", "NotSent"),
    ("app.invites.mail.smtp", "DeliveryUnknown"),
)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. Never lets a traceback through."""
    if arguments[:1] == ["sandbox"]:
        from app.sandbox.command import main

        return main(list(arguments[1:]))
    options = parser().parse_args(_joined(arguments))
    from app import paths

    paths.private_umask()
    paths.no_core_dumps()
    try:
        code = _command(options)
        sys.stdout.flush()  # so that a pipe that broke is noticed here
        return code
    except KeyboardInterrupt:
        print("Stopped. Everything fetched so far is kept.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe left; nothing is wrong
        return FAILED
    except Exception as problem:
        print(_sentence(problem), file=sys.stderr)
        return FAILED


def _joined(arguments: Sequence[str]) -> list[str]:
    """``--filter -status:active`` as one argument; argparse would take it for two options."""
    joined: list[str] = []
    for argument in arguments:
        negation = argument.startswith("-") and not argument.startswith("--")
        if joined[-1:] == ["--filter"] and negation:
            joined[-1] = f"--filter={argument}"
        else:
            joined.append(argument)
    return joined


def _command(options: argparse.Namespace) -> int:
    name = options.command or "app"
    if action := getattr(options, "action", None):
        name = f"{name}_{action}".replace("-", "_")
    handler = getattr(import_module(_MODULES.get(name, "app.commands.common")), name)
    code: int = handler(options)
    return code


def _sentence(problem: Exception) -> str:
    """What a person is told. A fault of our own is named without its values, which may be
    secret, and the log gets its place."""
    from app.db.errors import DatabaseProblem
    from app.db.lease import LeaseTaken
    from app.settings import SettingsError
    from app.text import plain

    kinds: tuple[type[Exception], ...] = (DatabaseProblem, LeaseTaken, SettingsError)
    for module, name in _LATE_PROBLEMS:  # not imported now means not raised either
        if module in sys.modules:
            kinds += (getattr(sys.modules[module], name),)
    if isinstance(problem, kinds):
        return plain(problem, 1000)
    place = problem.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "nowhere"
    return (
        f"Panelist stopped because of a fault in itself ({type(problem).__name__} at {where})."
        " What was saved before is kept; please report this line."
    )


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    from app import __version__

    top = argparse.ArgumentParser(
        prog="panelist",
        description="Turns the customers in a Stripe account into a research panel.",
        epilog="Without a command: the app. Exit codes: 0 done, 1 failed, 2 wrong use,"
        " 3 not connected.",
    )
    top.add_argument("--version", action="version", version=f"panelist {__version__}")
    commands = top.add_subparsers(dest="command", metavar="command")

    demo = commands.add_parser("demo", help="try it: a sandbox Stripe and a throw-away home")
    demo.add_argument("--customers", type=_count, default=500, metavar="N")
    demo.add_argument("--seed", type=int, default=1, metavar="N")
    demo.add_argument("--headless", action="store_true", help="do the same without a terminal")

    connect = commands.add_parser("connect", help="connect a Stripe account")
    way = connect.add_mutually_exclusive_group()
    way.add_argument("--oauth", action="store_true", help="approve in a browser at Stripe")
    way.add_argument(
        "--key-stdin", action="store_true", help="read a restricted key from standard input"
    )
    connect.add_argument(
        "--no-browser", action="store_true", help="with --oauth: only print the page to open"
    )
    connect.add_argument(
        "--mode", choices=("live", "test"), help="with --oauth, when both are set up"
    )
    connect.add_argument(
        "--token-store",
        choices=("keyring", "passphrase", "plain", "session"),
        help="where to keep the access; what is kept moves there",
    )
    _json(connect)

    disconnect = commands.add_parser("disconnect", help="leave the Stripe account")
    disconnect.add_argument("--yes", action="store_true", help="do not ask")

    sync = commands.add_parser("sync", help="fetch what is new")
    how = sync.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="until all is applied (the default)")
    how.add_argument("--follow", action="store_true", help="go on and keep the panel current")
    sync.add_argument("--full", action="store_true", help="list everything anew first")
    _json(sync)

    _serve(
        commands.add_parser("serve", help="receive Stripe's webhooks, and keep the panel current")
    )
    verify = commands.add_parser(
        "verify", help="prove that nobody was invited twice; or compare the panel with Stripe"
    )
    verify.add_argument("--stripe", action="store_true", help="compare it with what Stripe has")
    part = verify.add_mutually_exclusive_group()
    part.add_argument(
        "--sample", type=_some, default=500, metavar="N", help="objects at random (default 500)"
    )
    part.add_argument("--all", action="store_true", help="every object")
    _json(verify)

    for name, about in (
        ("status", "where the sync stands"),
        ("segments", "every segment with its count"),
    ):
        shown = commands.add_parser(name, help=about)
        _account(shown)
        _json(shown)
        if name == "segments":
            _segments(shown)

    people = commands.add_parser("participants", help="the people, one a line")
    _chosen(people, "in name, email or id")
    people.add_argument("--deleted", action="store_true", help="also those deleted in Stripe")
    people.add_argument(
        "--history",
        action="store_true",
        help="also since when, until when and why they are or were in each segment",
    )
    form = people.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--csv", action="store_true", help="comma-separated, safe to open")

    _export_people(commands.add_parser("export", help="take people out into a file"))
    cli_studies.declare(commands)
    commands.add_parser("sandbox", help="a Stripe to try things on (see sandbox --help)")
    _json(commands.add_parser("info", help="versions, paths and settings, for a report"))
    return top


def _chosen(command: argparse.ArgumentParser, searched: str) -> None:
    _account(command)
    command.add_argument("--segment", metavar="KEY", help="only the members of a segment")
    command.add_argument("--search", metavar="TEXT", help=searched)
    command.add_argument(
        "--filter",
        metavar="EXPR",
        help="only those it finds, such as 'status:\"active\" AND created>-90d' (see the README)",
    )


def _export_people(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Writes people, as the app lists them, to a file that only you can read: JSON lines where"
        " its name ends in .jsonl, else CSV. Personal data leaves the panel."
    )
    _chosen(command, "in name, email, id or metadata, as in the app")
    command.add_argument(
        "--sort",
        choices=("arrived", "name", "email", "since", "created", "plan", "status"),
        default="arrived",
        help="times: the newest first, texts: from A to Z (arrived: the newest in the panel first)",
    )
    command.add_argument("--reverse", action="store_true", help="the other way round")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--csv", action="store_true", help="comma-separated, safe to open")
    command.add_argument(
        "--masked", action="store_true", help="without names, emails, phones and metadata's values"
    )
    command.add_argument("--replace", action="store_true", help="also where there is such a file")
    command.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="standard output where it is left out"
    )


def _segments(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", metavar="what")
    for name, about in (("show", "a segment's members"), ("members", "the same as show")):
        shown = actions.add_parser(name, help=about)
        shown.add_argument("key", metavar="KEY", help="as panelist segments --json names it")
        shown.add_argument(
            "--on", type=_day_end, metavar="DATE", help="who was a member at the end of that day"
        )
        _export(shown, csv=True)
    diff = actions.add_parser("diff", help="two segments beside each other, or one then and now")
    diff.add_argument("key", metavar="A")
    other = diff.add_mutually_exclusive_group(required=True)
    other.add_argument("other", metavar="B", nargs="?")
    other.add_argument(
        "--since", type=_day_begin, metavar="DATE", help="who came and who went from that day on"
    )
    _export(diff, csv=False)
    create = actions.add_parser("create", help="make a segment of those whom a filter finds")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--filter", required=True, metavar="EXPR", help="README, Filters")
    change = actions.add_parser("change", help="give an own segment another name or filter")
    change.add_argument("key", metavar="KEY")
    change.add_argument("--name", metavar="NAME")
    change.add_argument("--filter", metavar="EXPR")
    delete = actions.add_parser("delete", help="delete an own segment; its history stays")
    delete.add_argument("key", metavar="KEY")
    for own in (create, change, delete):
        own.add_argument("--account", metavar="ACCT", default=argparse.SUPPRESS)
        own.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def _export(command: argparse.ArgumentParser, *, csv: bool) -> None:
    # What is not said here keeps what was said before the name of the action.
    command.add_argument("--account", metavar="ACCT", default=argparse.SUPPRESS)
    form = command.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object a line"
    )
    if csv:
        form.add_argument("--csv", action="store_true", help="comma-separated, safe to open")
    command.add_argument("--output", metavar="FILE", help="into a file that only you can read")


def _day_begin(text: str) -> int:
    return _moment(text)


def _day_end(text: str) -> int:
    return _moment(text, end=True)


def _moment(text: str, *, end: bool = False) -> int:
    """A day (its begin or end, here) or a moment, in seconds since 1970."""
    import time

    from app.panel.dates import moment

    try:
        return moment(text, time.time(), end=end)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _serve(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Receives Stripe's webhooks at /stripe/webhook, signed with the secret in"
        " PANELIST_WEBHOOK_SECRET or one that was kept before, and keeps the panel current."
    )
    command.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (this computer's own)"
    )
    command.add_argument("--port", type=_port, default=4574, metavar="P", help="(4574; 0: any)")
    command.add_argument(
        "--secret-stdin",
        action="store_true",
        help="read an endpoint's secret (whsec_) from standard input and keep it",
    )
    command.add_argument(
        "--no-sync", action="store_true", help="only receive; another Panelist syncs"
    )
    _json(command)


def _account(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--account", metavar="ACCT", help="of another account than the one connected last"
    )


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for programs")


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 65_536:
        raise argparse.ArgumentTypeError("from 0 to 65535")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _some(text: str) -> int:
    number = _count(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
