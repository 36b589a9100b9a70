"""``panelist invites``: who was invited, what became of it, and who must never be invited again."""

from __future__ import annotations

import argparse
from typing import Any

from app.commands.shared.arguments import (
    add_account,
    add_dry_run,
    add_list_json,
    add_output,
    add_quiet,
    add_schedule,
    add_scope,
    add_yes,
    count,
)
from app.commands.shared.list_argument import LIST
from app.invites.sending.channels.registry import CHANNELS

EXAMPLES = {
    "invites": ("invites --study 'Pricing page'", "invites --state uncertain --json"),
    "invites list": (
        "invites list --state uncertain",
        "invites list --study 'Pricing page' -o invites.csv",
    ),
    "invites mark": (
        "invites mark completed answers.csv --study 'Pricing page'",
        "invites mark completed answers.csv --where Status=complete",
    ),
    "invites resolve": ("invites resolve 12 arrived", "invites resolve 12 did-not"),
    "invites opt-out": ("invites opt-out ada@example.com", "invites opt-out leaving.csv --yes"),
    "invites remind": (
        "invites remind --study 'Pricing page'",
        "invites remind --study 'Pricing page' --plan 59d8ab12c03f --expect 12",
    ),
    "invites trust": ("invites trust", "invites trust moved"),
    "invites unmark": ("invites unmark ada@example.com", "invites unmark answers.csv --yes"),
    "invites withdraw": ("invites withdraw 12", "invites withdraw ada@example.com --yes"),
    "invites lift": (
        "invites lift bounce ada@example.com",
        "invites lift opt-out ada@example.com --reason 'She asked for it'",
    ),
    "invites link": ("invites link 12", "invites link ada@example.com --study 'Pricing page'"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options and actions."""
    _declare_list(parser)
    parser.add_argument("--trust", action="store_true", help="The same as the action: trust copy")
    actions = parser.add_subparsers(dest="action", metavar="what")
    _declare_list(actions.add_parser("list", help="The same as the command alone"))
    _declare_actions(actions)


def _declare_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--study", metavar="STUDY", help="Only invites of this study")
    parser.add_argument(
        "--state", action="append", metavar="STATE", help="Only invites in this state"
    )
    parser.add_argument("--search", metavar="TEXT", help="Search names, emails and IDs")
    add_account(parser)
    add_list_json(parser, csv=True)
    add_output(parser)


def _declare_actions(actions: Any) -> None:
    mark = actions.add_parser("mark", help="Mark invites with a reply or a failure")
    mark.set_defaults(run=_mark)
    mark.add_argument(
        "state",
        choices=("started", "completed", "declined", "bounced", "failed"),
        help="What happened to the invites",
    )
    mark.add_argument("who", metavar="WHO|FILE", help=f"A participant, or {LIST}")
    mark.add_argument("--study", metavar="STUDY", help="Only invites of this study")
    _declare_where(mark)
    resolve = actions.add_parser("resolve", help="Record whether an uncertain email arrived")
    resolve.set_defaults(run=_resolve)
    resolve.add_argument(
        "invite", type=count, metavar="INVITE", help="The invite's number in the list"
    )
    resolve.add_argument("what", choices=("arrived", "did-not"), help="Whether it arrived")
    out = actions.add_parser("opt-out", help="Opt addresses out of all studies")
    out.set_defaults(run=_opt_out)
    out.add_argument("who", metavar="ADDRESS|FILE", help=f"An address, or {LIST}")
    _declare_where(out)
    remind = actions.add_parser("remind", help="Send one reminder to invitees who have not replied")
    remind.set_defaults(run=_remind)
    remind.add_argument("--study", metavar="STUDY", help="Only invites of this study")
    remind.add_argument(
        "--plan", metavar="HASH", help="Send the reminder with this hash (needs --expect)"
    )
    remind.add_argument(
        "--expect", type=count, metavar="N", help="The number of recipients that the reminder shows"
    )
    add_yes(remind, "Not needed. Accepted with --plan HASH")
    remind.add_argument(
        "--only-planned",
        action="store_true",
        help="Send only to the listed invitees, even if others can be reminded by now",
    )
    remind.add_argument(
        "--way",
        choices=[key for key, one in CHANNELS.items() if not one.by_hand],
        help="The channel (default: email if a mail server is set, else .eml files)",
    )
    remind.add_argument(
        "--now", action="store_true", help="Send at once, without two minutes to undo"
    )
    add_schedule(remind)
    trust = actions.add_parser("trust", help="Show why sending from a copy is blocked, or answer")
    trust.set_defaults(run=_trust)
    trust.add_argument(
        "answer",
        nargs="?",
        choices=("moved", "copy"),
        help="moved: the same database in a new place. copy: a restored copy, or two copies in"
        " use. Default: show what is known",
    )
    for action in (mark, resolve, out, remind, trust, *_declare_corrections(actions)):
        add_scope(action)
        if action is not trust:
            add_quiet(action)


def _declare_where(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--where",
        metavar="HEADING=VALUE",
        help="Only rows with this value in this column, such as Status=complete",
    )
    add_yes(action)
    add_dry_run(action)


def _declare_corrections(actions: Any) -> list[argparse.ArgumentParser]:
    unmark = actions.add_parser("unmark", help="Undo the last mark of invites")
    unmark.set_defaults(run=_unmark)
    withdraw = actions.add_parser("withdraw", help="Withdraw invites, sent or not")
    withdraw.set_defaults(run=_withdraw)
    for action in (unmark, withdraw):
        action.add_argument("who", metavar="WHO|FILE", help=f"An invite's number, or {LIST}")
        action.add_argument("--study", metavar="STUDY", help="Only invites of this study")
        action.add_argument(
            "--reason", default="", metavar="TEXT", help="The reason, which is kept in the ledger"
        )
        add_yes(action)
        add_dry_run(action)
    lift = actions.add_parser("lift", help="Lift a mistaken bounce or opt-out")
    lift.set_defaults(run=_lift)
    lift.add_argument("what", choices=("bounce", "opt-out"), help="What was a mistake")
    lift.add_argument("who", metavar="ADDRESS|FILE", help=f"An address, or {LIST}")
    lift.add_argument(
        "--reason",
        default="",
        metavar="TEXT",
        help="The reason, which is kept in the ledger. Lifting an opt-out needs one",
    )
    add_yes(lift)
    add_dry_run(lift)
    link = actions.add_parser("link", help="Print personal links, which counts as sending")
    link.set_defaults(run=_link)
    link.add_argument("who", metavar="WHO|FILE", help=f"An invite's number, or {LIST}")
    link.add_argument("--study", metavar="STUDY", help="Only invites of this study")
    return [unmark, withdraw, lift, link]


def run(options: argparse.Namespace) -> int:
    """Without an action, list the log, the newest first."""
    if options.trust:
        options.answer = "copy"
        return _trust(options)
    from app.commands.invites.invite_list import list_invites

    return list_invites(options)


def _mark(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_replies import mark_invites

    return mark_invites(options)


def _resolve(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_replies import resolve_invite

    return resolve_invite(options)


def _opt_out(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_replies import opt_out

    return opt_out(options)


def _remind(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_reminder import send_reminder

    return send_reminder(options)


def _trust(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_trust import trust_database

    return trust_database(options)


def _unmark(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_corrections import unmark_invites

    return unmark_invites(options)


def _withdraw(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_corrections import withdraw_invites

    return withdraw_invites(options)


def _lift(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_corrections import lift_exclusion

    return lift_exclusion(options)


def _link(options: argparse.Namespace) -> int:
    from app.commands.invites.invite_links import print_links

    return print_links(options)
