"""``panelist studies``: lists and edits studies, which participants are invited to."""

from __future__ import annotations

import argparse
from typing import Any

from app.commands.arguments import add_scope, repeat_scope

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


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options and actions."""
    add_scope(parser)
    actions = parser.add_subparsers(dest="action", metavar="what")
    _declare_writing(actions)
    for name, about, run_action in (
        ("show", "everything about one", _show),
        ("activate", "it may send", _move),
        ("pause", "it sends no more; what is queued is withdrawn", _move),
        ("close", "it is over: unanswered invites end", _move),
        ("archive", "put a closed one away", _move),
        ("delete", "delete a draft", _delete),
    ):
        action = actions.add_parser(name, help=about)
        action.set_defaults(run=run_action)
        action.add_argument("study", metavar="STUDY", help="its title or number")
        if name == "close":
            action.add_argument("--yes", action="store_true", help="do not ask")
        repeat_scope(action)


def _declare_writing(actions: Any) -> None:
    create = actions.add_parser("create", help="make a draft")
    create.set_defaults(run=_create)
    create.add_argument("study", metavar="TITLE")
    change = actions.add_parser("change", help="change what is said")
    change.set_defaults(run=_change)
    change.add_argument("study", metavar="STUDY")
    for action in (create, change):
        for option, help_text in TEXTS:
            if option != "--title" or action is change:
                action.add_argument(option, metavar="TEXT", help=help_text)
        for option in ("--text-file", "--reminder-text-file"):
            action.add_argument(option, metavar="FILE", help="the text of the mail; - is stdin")
        for option, help_text in RULES:
            action.add_argument(option, type=_rule, metavar="N", help=f"{help_text}; or none")
        action.add_argument(
            "--quiet-hours",
            metavar="HOURS",
            help="no email leaves then, such as 'nights, weekends'; or none; or default for what"
            " the settings say",
        )
        action.add_argument(
            "--segment", action="append", metavar="KEY", help="take people from it; several may be"
        )
        action.add_argument("--exclude", action="append", metavar="KEY", help="but none of it")
        repeat_scope(action)


def _rule(text: str) -> int | None:
    if text == "none":
        return -1
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError("a number, or none")
    return int(text[:9])


def run(options: argparse.Namespace) -> int:
    """Without an action, list all studies, the newest first."""
    from app.commands.studies.study_output import list_studies

    return list_studies(options)


def _show(options: argparse.Namespace) -> int:
    from app.commands.studies.study_output import show_study

    return show_study(options)


def _create(options: argparse.Namespace) -> int:
    from app.commands.studies.study_edits import create_study

    return create_study(options)


def _change(options: argparse.Namespace) -> int:
    from app.commands.studies.study_edits import change_study

    return change_study(options)


def _move(options: argparse.Namespace) -> int:
    from app.commands.studies.study_edits import move_study

    return move_study(options)


def _delete(options: argparse.Namespace) -> int:
    from app.commands.studies.study_edits import delete_study

    return delete_study(options)
