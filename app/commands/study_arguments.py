"""The command line of studies and invites; see :mod:`app.cli`."""

from __future__ import annotations

import argparse
from typing import Any

from app.invites.sending.channels.registry import CHANNELS

TEXTS = (
    ("--title", "what it is called; {{study}} in the text"),
    ("--purpose", "what it is for; only you read it"),
    ("--link", "the interview link, with {{token}} in it"),
    ("--sender-name", "who writes"),
    ("--sender-address", "from which address"),
    ("--reply-to", "where answers go, if elsewhere"),
    ("--subject", "of the mail"),
    ("--postal", "the postal line at the end"),
    ("--opt-out", "how to opt out; {{opt_out}} in the text"),
    ("--reminder-subject", "of the reminder; without it that of the mail"),
)
RULES = (
    ("--cool-down-days", "invited at most once in so many days, over all studies"),
    ("--cap", "at most so many invites …"),
    ("--cap-days", "… in so many days"),
    ("--expire-days", "unanswered invites end after so many days"),
)


def declare(commands: Any) -> None:
    """All of them."""
    studies = commands.add_parser("studies", help="studies: what people are invited to")
    _scope(studies)
    _studies(studies.add_subparsers(dest="action", metavar="what"))
    _invite(commands.add_parser("invite", help="plan whom a study invites, and invite them"))
    invites = commands.add_parser("invites", help="who was invited, and what became of it")
    _listed(invites)
    _invites(invites.add_subparsers(dest="action", metavar="what"))
    erase = commands.add_parser("erase", help="erase a person, in four hours")
    erase.add_argument("person", metavar="STRIPE_ID", help="as panelist participants has it")
    erase.add_argument("--undo", action="store_true", help="within the four hours: let them stay")
    erase.add_argument("--account", metavar="ACCT", help="another account")
    mail = commands.add_parser("mail", help="try the mail server; nothing is sent")
    mail.add_argument(
        "--password-stdin",
        action="store_true",
        help="read its password from standard input and keep it where access is kept",
    )


def _scope(command: argparse.ArgumentParser, **default: Any) -> None:
    command.add_argument("--account", metavar="ACCT", help="another account", **default)
    command.add_argument("--json", action="store_true", help="for programs", **default)


def _again(command: argparse.ArgumentParser) -> None:
    """What is not said after the name of the action keeps what was said before it."""
    _scope(command, default=argparse.SUPPRESS)


def _studies(actions: Any) -> None:
    for name, about in (("create", "make a draft"), ("change", "change what is said")):
        command = actions.add_parser(name, help=about)
        command.add_argument("study", metavar="TITLE" if name == "create" else "STUDY")
        for option, help_text in TEXTS[name == "create" :]:
            command.add_argument(option, metavar="TEXT", help=help_text)
        for option in ("--text-file", "--reminder-text-file"):
            command.add_argument(option, metavar="FILE", help="the text of the mail; - is stdin")
        for option, help_text in RULES:
            command.add_argument(option, type=_rule, metavar="N", help=f"{help_text}; or none")
        command.add_argument(
            "--segment", action="append", metavar="KEY", help="take people from it; several may be"
        )
        command.add_argument("--exclude", action="append", metavar="KEY", help="but none of it")
        _again(command)
    for name, about in (
        ("show", "everything about one"),
        ("activate", "it may send"),
        ("pause", "it sends no more; what is queued is withdrawn"),
        ("close", "it is over: unanswered invites end"),
        ("archive", "put a closed one away"),
        ("delete", "delete a draft"),
    ):
        command = actions.add_parser(name, help=about)
        command.add_argument("study", metavar="STUDY", help="its title or number")
        if name == "close":
            command.add_argument("--yes", action="store_true", help="do not ask")
        _again(command)


def _invite(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Says of each member of the segments whether they will be invited, or the one reason why"
        " not; and invites them, if they are as many as you expect."
    )
    command.add_argument("--study", metavar="STUDY", help="its title or number")
    command.add_argument("--segment", action="append", metavar="KEY", help="instead of the study's")
    command.add_argument("--exclude", action="append", metavar="KEY", help="instead of the study's")
    take = command.add_mutually_exclusive_group()
    take.add_argument("--batch", type=_number, metavar="N", help="who are customers the longest")
    take.add_argument("--sample", type=_number, metavar="N", help="at random")
    command.add_argument("--seed", metavar="TEXT", help="the same people for the same seed")
    command.add_argument(
        "--strata", choices=("plan", "product", "tenure"), help="in the shares of the whole"
    )
    command.add_argument(
        "--again",
        action="append",
        choices=("expired", "declined", "completed"),
        help="also those whose invite for this study has ended so",
    )
    command.add_argument(
        "--override", action="append", choices=("cool_down", "cap"), help="pass by a rule"
    )
    command.add_argument("--reason", default="", metavar="TEXT", help="why; it is kept")
    what = command.add_mutually_exclusive_group()
    what.add_argument("--plan", action="store_true", help="only say who (the default)")
    what.add_argument("--yes", action="store_true", help="invite them; needs --expect")
    what.add_argument("--resume", action="store_true", help="go on with what is queued")
    what.add_argument("--stop", action="store_true", help="withdraw what is still queued")
    what.add_argument("--test", metavar="ADDRESS", help="one mail to yourself, never counted")
    command.add_argument("--expect", type=int, metavar="N", help="how many will be invited")
    command.add_argument(
        "--way",
        choices=tuple(CHANNELS),
        help="how: a mail server (if one is set), files, a table, or links to be copied",
    )
    command.add_argument("--outcome", metavar="KEY", help="with --plan: only those, by name")
    command.add_argument("--output", metavar="FILE", help="with --plan: each member, into a file")
    command.add_argument("--now", action="store_true", help="without two minutes to undo it")
    command.add_argument(
        "--while-filling", action="store_true", help="although the first sync is not complete"
    )
    _scope(command)


def _listed(command: argparse.ArgumentParser) -> None:
    command.add_argument("--study", metavar="STUDY", help="only of this one")
    command.add_argument("--state", action="append", metavar="STATE", help="only those in it")
    command.add_argument("--search", default="", metavar="TEXT", help="in name, address or id")
    command.add_argument("--output", metavar="FILE", help="into a file that only you can read")
    command.add_argument("--csv", action="store_true", help="comma-separated, safe to open")
    command.add_argument(
        "--trust", action="store_true", help="send again from a database that was put back"
    )
    _scope(command)


def _invites(actions: Any) -> None:
    mark = actions.add_parser("mark", help="say what became of invites")
    mark.add_argument("state", choices=("started", "completed", "declined", "bounced"))
    mark.add_argument(
        "file",
        metavar="FILE",
        help="addresses, Stripe ids or tokens, one a line or CSV; - stdin",
    )
    mark.add_argument("--study", metavar="STUDY", default=argparse.SUPPRESS)
    resolve = actions.add_parser("resolve", help="say whether an uncertain one arrived")
    resolve.add_argument("invite", type=int, metavar="INVITE", help="its number in the list")
    resolve.add_argument("what", choices=("arrived", "did-not"))
    out = actions.add_parser("opt-out", help="never write to these mailboxes again")
    out.add_argument(
        "who",
        metavar="ADDRESS|FILE",
        help="an address, or a file of them, of Stripe ids or tokens, one a line or CSV; - stdin",
    )
    remind = actions.add_parser("remind", help="one reminder to those who have not answered")
    remind.add_argument("--study", metavar="STUDY", default=argparse.SUPPRESS)
    remind.add_argument("--yes", action="store_true", help="send it; needs --expect")
    remind.add_argument("--expect", type=int, metavar="N", help="to how many")
    remind.add_argument("--way", choices=[key for key, one in CHANNELS.items() if not one.by_hand])
    remind.add_argument("--now", action="store_true", help="without two minutes to undo it")
    for command in (mark, resolve, out, remind):
        _again(command)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 10**9):
        raise argparse.ArgumentTypeError("a number of people, at least 1")
    return int(text)


def _rule(text: str) -> int | None:
    if text == "none":
        return -1
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError("a number, or none")
    return int(text[:9])
