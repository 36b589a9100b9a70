"""``panelist segments``: every segment with its count, its members, and custom segments."""

from __future__ import annotations

import argparse
from typing import Any

from app.commands.shared.arguments import (
    add_account,
    add_list_json,
    add_output,
    add_quiet,
    add_scope,
)

SEGMENT = "The segment's name or key"


EXAMPLES = {
    "segments": ("segments", "segments show active"),
    "segments list": ("segments list", "segments list --json -o segments.json"),
    "segments show": ("segments show active", "segments show 'Active Subscribers' --csv"),
    "segments members": ("segments members active", "segments members active --json"),
    "segments diff": ("segments diff active trialing", "segments diff active --since 2026-02-03"),
    "segments create": (
        "segments create 'Recent customers' --filter 'created>-90d'",
        "segments create 'Active on Pro' --filter 'status:\"active\" product:\"Pro\"'",
    ),
    "segments change": (
        "segments change own:1 --name 'New customers'",
        "segments change own:1 --filter 'created>-30d'",
    ),
    "segments delete": ("segments delete own:1", "segments delete own:1 --json"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options and actions."""
    add_account(parser)
    add_list_json(parser)
    add_output(parser)
    actions = parser.add_subparsers(dest="action", metavar="what")
    listing = actions.add_parser("list", help="The same as the command alone")
    add_scope(listing)
    add_output(listing)
    _declare_reading(actions)
    _declare_editing(actions)


def _declare_reading(actions: Any) -> None:
    for name, about in (("show", "List the members of a segment"), ("members", "The same as show")):
        show = actions.add_parser(name, help=about)
        show.set_defaults(run=_show)
        show.add_argument("key", metavar="SEGMENT", help=SEGMENT)
        show.add_argument(
            "--on", type=_day_end, metavar="DATE", help="Members at the end of this day"
        )
        _add_output(show, csv=True)
    diff = actions.add_parser(
        "diff", help="Compare two segments, or one segment with an earlier date"
    )
    diff.set_defaults(run=_diff)
    diff.add_argument("key", metavar="A", help=SEGMENT)
    other = diff.add_mutually_exclusive_group(required=True)
    other.add_argument("other", metavar="B", nargs="?", help="Another segment")
    other.add_argument(
        "--since", type=_day_begin, metavar="DATE", help="Who joined and who left since this day"
    )
    _add_output(diff, csv=False)


def _declare_editing(actions: Any) -> None:
    create = actions.add_parser("create", help="Create a custom segment with a filter")
    create.set_defaults(run=_create)
    create.add_argument("name", metavar="NAME", help="The name of the segment")
    create.add_argument(
        "--filter",
        required=True,
        metavar="EXPR",
        help="The filter (see Filters in the documentation)",
    )
    change = actions.add_parser("change", help="Rename a custom segment or change its filter")
    change.set_defaults(run=_change)
    change.add_argument("key", metavar="SEGMENT", help=SEGMENT)
    change.add_argument("--name", metavar="NAME", help="The new name")
    change.add_argument("--filter", metavar="EXPR", help="The new filter")
    delete = actions.add_parser("delete", help="Delete a custom segment and keep its history")
    delete.set_defaults(run=_delete)
    delete.add_argument("key", metavar="SEGMENT", help=SEGMENT)
    for edit in (create, change, delete):
        add_quiet(edit)
        add_scope(edit)


def _add_output(action: argparse.ArgumentParser, *, csv: bool) -> None:
    add_account(action)
    add_list_json(action, csv=csv)
    add_output(action)


def _day_begin(text: str) -> int:
    return _moment(text)


def _day_end(text: str) -> int:
    return _moment(text, end=True)


def _moment(text: str, *, end: bool = False) -> int:
    """A day (its start or end, in local time) or a moment, in seconds since 1970."""
    import time

    from app.panel.dates import moment

    try:
        return moment(text, time.time(), end=end)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(options: argparse.Namespace) -> int:
    """Without an action, list all segments."""
    from app.commands.segments.segment_list import list_segments

    return list_segments(options)


def _show(options: argparse.Namespace) -> int:
    from app.commands.segments.segment_members import show_members

    return show_members(options)


def _diff(options: argparse.Namespace) -> int:
    from app.commands.segments import segment_diff

    if options.since is not None:
        return segment_diff.show_changes(options)
    return segment_diff.show_overlap(options)


def _create(options: argparse.Namespace) -> int:
    from app.commands.segments.segment_edits import create_segment

    return create_segment(options)


def _change(options: argparse.Namespace) -> int:
    from app.commands.segments.segment_edits import change_segment

    return change_segment(options)


def _delete(options: argparse.Namespace) -> int:
    from app.commands.segments.segment_edits import delete_segment

    return delete_segment(options)
