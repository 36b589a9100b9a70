"""``panelist participants``: lists the participants, one a line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.commands.shared.arguments import add_list_action, add_list_json, add_output, add_selection
from app.commands.shared.context import Context, find_filter, find_members, open_context
from app.commands.shared.exit_codes import DONE, WrongUse

if TYPE_CHECKING:
    from app.commands.shared.columns import Column
    from app.panel.export.writer import Line


EXAMPLES = {
    "participants": ("participants --segment active", "participants --search ada --jsonl"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    add_list_action(parser)
    add_selection(parser, "Search names, emails and IDs")
    parser.add_argument(
        "--deleted", action="store_true", help="Include participants deleted in Stripe"
    )
    parser.add_argument(
        "--history",
        action="store_true",
        help="Add the times and reasons of each segment membership",
    )
    add_list_json(parser, csv=True)
    add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Print the selected participants."""
    from app.commands.shared.columns import ColumnWriter
    from app.db.rows import PARTICIPANT_FIELDS
    from app.panel.export.writer import chosen_form, write, writing

    context = open_context(options.account)
    found = _found(context, options)
    form = chosen_form(options.output, as_json=options.json, as_csv=options.csv)
    if form == "csv" and options.history:
        raise WrongUse(
            "CSV cannot contain history. Nothing was listed. Use --json instead of --csv."
        )
    with writing(options.output, replace=options.replace) as out:
        if form is not None:
            stored = [one.name for one in PARTICIPANT_FIELDS if one.kind != "json"]
            lines = _with_history(context, found) if options.history else found
            write(out, (*stored, *_LAST_COLUMNS), lines, form, exact=options.exact)
            return DONE
        writer = ColumnWriter(out, _columns())
        for person in found:
            writer.line(person["stripe_id"], person["name"], person["email"], _statuses(person))
            out.writelines(f"{line}\n" for line in _history_words(context, person, options))
    return DONE


def _columns() -> tuple[Column, ...]:
    from app.commands.shared.columns import Column

    return (
        Column("Stripe ID", 20, whole=True, style="dim"),
        Column("Name", 28, style="bold"),
        Column("Email", 32),
        Column("Subscriptions", 40),
    )


_LAST_COLUMNS = ("deleted", "metadata", "subscriptions", "subscriptions_known")


def _found(context: Context, options: argparse.Namespace) -> Iterator[Line]:
    from app.panel.participants import participants

    segment = find_members(context, options.segment)
    if options.filter is not None and options.deleted:
        raise WrongUse(
            "A filter never matches deleted participants. Nothing was listed. Omit --deleted."
        )
    return participants(
        context.store,
        context.connection,
        segment=segment,
        search=options.search,
        where=None if options.filter is None else find_filter(context, options.filter),
        deleted=options.deleted,
    )


def _with_history(context: Context, found: Iterator[Line]) -> Iterator[Line]:
    from app.panel.segments.memberships import place_json, places

    for person in found:
        had = places(context.store, context.connection, person["stripe_id"])
        yield {**person, "segments": [place_json(place) for place in had]}


def _history_words(context: Context, person: Line, options: argparse.Namespace) -> Iterator[str]:
    from app.panel.segments.memberships import place_words, places

    if options.history:
        for place in places(context.store, context.connection, person["stripe_id"]):
            yield f"    {place_words(place)}"


def _statuses(person: Line) -> str:
    from app.panel.knowledge import UNKNOWN

    statuses = ", ".join(one["status"] for one in person["subscriptions"])
    if not person["subscriptions_known"]:
        statuses = f"{statuses}, more {UNKNOWN}" if statuses else UNKNOWN
    return statuses
