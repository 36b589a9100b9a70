"""``panelist studies``: lists and edits studies, which participants are invited to."""

from __future__ import annotations

import argparse
from typing import Any

from app.commands.shared.arguments import (
    add_dry_run,
    add_output,
    add_quiet,
    add_scope,
    add_yes,
)

TEXTS = (
    ("--title", "The title, which is {{study}} in a text"),
    ("--purpose", "The purpose, which invitees do not see"),
    ("--link", "The interview link, with {{token}} in it"),
    ("--sender-name", "The sender's name"),
    ("--sender-address", "The sender's address"),
    ("--reply-to", "The address for replies (default: the sender's address)"),
    ("--subject", "The subject of the invite"),
    ("--postal", "The postal address at the end"),
    ("--opt-out", "The sentence on how to opt out, which is {{opt_out}} in a text"),
    ("--reminder-subject", "The subject of the reminder (default: the subject of the invite)"),
)
RULES = (
    ("--cool-down-days", "Invite a participant at most once in N days, in all studies"),
    ("--cap", "Invite a participant at most N times in the days of --cap-days"),
    ("--cap-days", "The number of days for --cap"),
    ("--expire-days", "Let an invite expire after N days without a reply"),
)


EXAMPLES = {
    "studies": ("studies", "studies show 'Pricing page'"),
    "studies list": ("studies list", "studies list --jsonl"),
    "studies create": (
        "studies create 'Pricing page' --segment active",
        "studies create 'Onboarding' --link 'https://example.com/i/{{token}}'",
    ),
    "studies change": (
        "studies change 'Pricing page' --subject 'A conversation?'",
        "studies change 7 --text-file email.txt --cool-down-days 60",
    ),
    "studies show": ("studies show 'Pricing page'", "studies show 7 --json"),
    "studies activate": ("studies activate 'Pricing page'", "studies activate 7"),
    "studies pause": ("studies pause 'Pricing page'", "studies pause 7"),
    "studies close": ("studies close 'Pricing page'", "studies close 7 --yes"),
    "studies archive": ("studies archive 'Pricing page'", "studies archive 7"),
    "studies delete": ("studies delete 'Pricing page'", "studies delete 7"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options and actions."""
    add_scope(parser)
    add_output(parser)
    actions = parser.add_subparsers(dest="action", metavar="what")
    listing = actions.add_parser("list", help="The same as the command alone")
    add_scope(listing)
    add_output(listing)
    _declare_writing(actions)
    for name, about, run_action in (
        ("show", "Show a study", _show),
        ("activate", "Activate a study, so that it can send", _move),
        ("pause", "Pause a study and withdraw its queued invites", _move),
        ("close", "Close a study, which ends its open invites", _move),
        ("archive", "Archive a closed study", _move),
        ("delete", "Delete a draft", _delete),
    ):
        action = actions.add_parser(name, help=about)
        action.set_defaults(run=run_action)
        action.add_argument("study", metavar="STUDY", help="The study's title or number")
        if name == "close":
            add_yes(action)
            add_dry_run(action)
        if name != "show":
            add_quiet(action)
        add_scope(action)


def _declare_writing(actions: Any) -> None:
    create = actions.add_parser("create", help="Create a draft")
    create.set_defaults(run=_create)
    create.add_argument("study", metavar="TITLE", help="The title, which is {{study}} in a text")
    change = actions.add_parser("change", help="Change a study")
    change.set_defaults(run=_change)
    change.add_argument("study", metavar="STUDY", help="The study's title or number")
    for action in (create, change):
        for option, help_text in TEXTS:
            if option != "--title" or action is change:
                action.add_argument(option, metavar="TEXT", help=help_text)
        for option in ("--text-file", "--reminder-text-file"):
            action.add_argument(
                option, metavar="FILE", help="A file with the text (- for standard input)"
            )
        for option, help_text in RULES:
            action.add_argument(
                option, type=_rule, metavar="N", help=f"{help_text} (none for no limit)"
            )
        action.add_argument(
            "--quiet-hours",
            metavar="HOURS",
            help="Quiet hours, such as 'nights, weekends', none, or default for those of the "
            "settings",
        )
        action.add_argument(
            "--segment",
            action="append",
            metavar="SEGMENT",
            help="Include this segment, by its name or key (can be repeated)",
        )
        action.add_argument(
            "--exclude",
            action="append",
            metavar="SEGMENT",
            help="Exclude this segment (can be repeated)",
        )
        add_quiet(action)
        add_scope(action)


def _rule(text: str) -> int | None:
    if text == "none":
        return -1
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError("use a number, or none")
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
