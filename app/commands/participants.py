"""``panelist participants``: lists the participants, one a line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.commands.shared.arguments import add_format, add_selection
from app.commands.shared.context import Context, check_segment, find_filter, open_context
from app.commands.shared.exit_codes import DONE, WrongUse

if TYPE_CHECKING:
    from app.panel.export.writer import Line


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    add_selection(parser, "Search names, emails and IDs")
    parser.add_argument(
        "--deleted", action="store_true", help="Include participants deleted in Stripe"
    )
    parser.add_argument(
        "--history",
        action="store_true",
        help="Add the times and reasons of each segment membership",
    )
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Print the selected participants."""
    from app.db.rows import PARTICIPANT_FIELDS
    from app.panel.export.writer import write, writing

    context = open_context(options.account)
    found = _found(context, options)
    with writing(None) as out:
        if options.csv:
            stored = [one.name for one in PARTICIPANT_FIELDS if one.kind != "json"]
            write(out, (*stored, *_LAST_COLUMNS), found, "csv", exact=options.exact)
        elif options.json:
            write(out, (), _with_history(context, found) if options.history else found, "json")
        else:
            for person in found:
                print(_person_words(person), *_history_words(context, person, options), sep="\n")
    return DONE


_LAST_COLUMNS = ("deleted", "metadata", "subscriptions", "subscriptions_known")


def _found(context: Context, options: argparse.Namespace) -> Iterator[Line]:
    from app.panel.participants import participants

    check_segment(context, options.segment)
    if options.filter is not None and options.deleted:
        raise WrongUse(
            "A filter never matches deleted participants. Nothing was listed. Omit --deleted."
        )
    if options.csv and options.history:
        raise WrongUse(
            "CSV cannot contain history. Nothing was listed. Use --json instead of --csv."
        )
    return participants(
        context.store,
        context.connection,
        segment=options.segment,
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


def _person_words(person: Line) -> str:
    from app.panel.knowledge import UNKNOWN
    from app.text import plain

    statuses = ", ".join(one["status"] for one in person["subscriptions"])
    if not person["subscriptions_known"]:
        statuses = f"{statuses}, more {UNKNOWN}" if statuses else UNKNOWN
    return (
        f"{plain(person['stripe_id']):<20} {plain(person['name'], 28):<28}"
        f" {plain(person['email'], 32):<32} {plain(statuses, 40)}"
    )
