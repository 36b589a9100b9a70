"""``panelist segments``: every segment with its count, its members, and custom segments."""

from __future__ import annotations

import argparse
from typing import Any

from app.commands.shared.arguments import add_account, add_exact, add_json
from app.commands.shared.console import print_json
from app.commands.shared.context import open_context
from app.commands.shared.exit_codes import DONE


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options and actions."""
    add_account(parser)
    add_json(parser)
    actions = parser.add_subparsers(dest="action", metavar="what")
    _declare_reading(actions)
    _declare_editing(actions)


def _declare_reading(actions: Any) -> None:
    for name, about in (("show", "List the members of a segment"), ("members", "The same as show")):
        show = actions.add_parser(name, help=about)
        show.set_defaults(run=_show)
        show.add_argument(
            "key", metavar="KEY", help="The segment's key, as panelist segments --json prints it"
        )
        show.add_argument(
            "--on", type=_day_end, metavar="DATE", help="Members at the end of this day"
        )
        _add_output(show, csv=True)
    diff = actions.add_parser(
        "diff", help="Compare two segments, or one segment with an earlier date"
    )
    diff.set_defaults(run=_diff)
    diff.add_argument("key", metavar="A")
    other = diff.add_mutually_exclusive_group(required=True)
    other.add_argument("other", metavar="B", nargs="?")
    other.add_argument(
        "--since", type=_day_begin, metavar="DATE", help="Who joined and who left since this day"
    )
    _add_output(diff, csv=False)


def _declare_editing(actions: Any) -> None:
    create = actions.add_parser("create", help="Create a custom segment with a filter")
    create.set_defaults(run=_create)
    create.add_argument("name", metavar="NAME")
    create.add_argument(
        "--filter",
        required=True,
        metavar="EXPR",
        help="The filter (see Filters in the documentation)",
    )
    change = actions.add_parser("change", help="Rename a custom segment or change its filter")
    change.set_defaults(run=_change)
    change.add_argument("key", metavar="KEY")
    change.add_argument("--name", metavar="NAME")
    change.add_argument("--filter", metavar="EXPR")
    delete = actions.add_parser("delete", help="Delete a custom segment and keep its history")
    delete.set_defaults(run=_delete)
    delete.add_argument("key", metavar="KEY")
    for edit in (create, change, delete):
        edit.add_argument("--account", metavar="ACCT", default=argparse.SUPPRESS)
        edit.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def _add_output(action: argparse.ArgumentParser, *, csv: bool) -> None:
    # Without the option here, the value given before the action's name stays.
    action.add_argument("--account", metavar="ACCT", default=argparse.SUPPRESS)
    form = action.add_mutually_exclusive_group()
    form.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="Print one JSON object a line",
    )
    if csv:
        form.add_argument(
            "--csv", action="store_true", help="Print CSV that is safe to open in a spreadsheet"
        )
        add_exact(action)
    action.add_argument("--output", metavar="FILE", help="Write to a file that only you can read")


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
    from app.panel.knowledge import Knowledge, knowledge
    from app.panel.segments.doubts import segments_with_doubts
    from app.text import plain

    _, store, connection = open_context(options.account)
    views = segments_with_doubts(store, connection)
    unknown = knowledge(store, connection) is not Knowledge.KNOWN
    hidden = {view.key for view in views if unknown and view.doubt}  # their counts mean nothing
    if options.json:
        promised = ("key", "name", "kind", "rule", "count", "with_email", "doubt")
        lines = [{name: getattr(view, name) for name in promised} for view in views]
        nothing = {"count": None, "with_email": None}
        print_json([{**line, **nothing} if line["key"] in hidden else line for line in lines])
        return DONE
    for view in views:
        doubt = f" ({plain(view.doubt, 400)})" if view.doubt else ""
        count = "–" if view.key in hidden else f"{view.count:,}"
        print(f"{count:>11}  {plain(view.name, 40):<40}  {plain(view.rule, 4_000)}{doubt}")
    return DONE


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
