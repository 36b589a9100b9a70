"""``panelist export``: writes a list as the app has it to a file or to standard output."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.commands.shared.arguments import (
    add_list_json,
    add_output,
    add_quiet,
    add_selection,
)
from app.commands.shared.console import say
from app.commands.shared.context import Context, find_filter, find_members, open_context
from app.commands.shared.exit_codes import DONE, FAILED, WrongUse
from app.commands.shared.progress import counted
from app.commands.shared.signals import interrupt_on_signals

if TYPE_CHECKING:
    from app.panel.lists.selection import Selection

NEWEST_FIRST = ("arrived", "since", "created")


EXAMPLES = {
    "export": ("export active.csv --segment active", "export panel.jsonl --masked"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Exports participants to a file that only you can read. A name that ends in .jsonl"
        " gives JSON lines, one that ends in .json gives JSON, and any other gives CSV. The file"
        " contains personal data."
    )
    add_selection(parser, "Search names, emails, IDs and metadata")
    parser.add_argument(
        "--sort",
        choices=("arrived", "name", "email", "since", "created", "plan", "status"),
        default="arrived",
        help="Sort by this column. Times are sorted newest first, texts from A to Z, and arrived "
        "by when they joined the panel, newest first",
    )
    parser.add_argument("--reverse", action="store_true", help="Reverse the order")
    add_list_json(parser, csv=True)
    parser.add_argument(
        "--masked",
        action="store_true",
        help="Hide names, emails, phone numbers and metadata values",
    )
    parser.add_argument(
        "--metadata-columns",
        action="store_true",
        help="Add a column for each metadata key, such as metadata.team",
    )
    add_output(parser)
    add_quiet(parser)
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="The new file, the same as --output FILE (default: standard output)",
    )


def run(options: argparse.Namespace) -> int:
    """Export participants."""
    if options.file is not None and options.output is not None:
        raise WrongUse("Two files were given. Nothing was written. Give only one.")
    options.output = options.output or options.file or "-"
    context = open_context(options.account)
    chosen = _chosen(context, options)
    interrupt_on_signals()  # so that no partial file stays
    try:
        _export(context, chosen, options)
    except KeyboardInterrupt:
        no_file = "The output is incomplete." if options.output == "-" else "No file was written."
        say(f"Stopped. {no_file}")
        return FAILED
    return DONE


def _chosen(context: Context, options: argparse.Namespace) -> Selection:
    """The participants that the options select."""
    from app.panel.lists.search import search
    from app.panel.lists.selection import Selection

    segment = find_members(context, options.segment)
    conditions = [] if options.filter is None else [find_filter(context, options.filter)]
    if options.search is not None:
        searched = search(context.store, options.search).condition
        conditions += [searched] if searched else []
    return Selection(context.connection, segment, tuple(conditions))


def _export(context: Context, chosen: Selection, options: argparse.Namespace) -> None:
    import os
    from pathlib import Path

    from app.panel.export.people import COLUMNS, metadata_columns, people
    from app.panel.export.writer import form_of, write, writing
    from app.panel.lists.order import Order, whole
    from app.text import plain

    file = None if options.output == "-" else options.output
    form = options.json or ("csv" if options.csv else form_of(options.output))
    descending = (options.sort in NEWEST_FIRST) != options.reverse
    with writing(file, replace=options.replace) as out:
        ids = whole(context.store, chosen, Order(options.sort, descending))
        lines = people(
            context.store, chosen.connection_id, ids, chosen.segment, masking=options.masked
        )
        columns: Sequence[str] = COLUMNS
        if options.metadata_columns:
            columns, lines = metadata_columns(
                context.store, ids, columns, lines, masking=options.masked
            )
        number = write(out, columns, counted(lines, len(ids), file), form, exact=options.exact)
    if file is not None:
        hidden = ", masked" if options.masked else ""
        print(
            f"{number:,} participants were exported to"
            f" {plain(Path(os.path.realpath(file)))}{hidden}."
        )
