"""``panelist segments show``: who is in a segment, or was on a day.

Any number of participants needs nearly constant memory: eight bytes for each row id, and the
details of a few hundred at a time.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from app.commands.segments.segment_checks import check_key, check_moment
from app.commands.shared.context import Context, open_context
from app.commands.shared.exit_codes import DONE
from app.commands.shared.progress import counted
from app.panel.export.writer import Line, chosen_form, write, writing
from app.panel.lists.order import Ids, Order, whole
from app.panel.lists.rows import rows
from app.panel.lists.selection import Selection
from app.panel.segments.timeline import members_on, places_on
from app.text import plain, when

CHUNK = 500
COLUMNS = (
    "stripe_id",
    "email",
    "name",
    "phone",
    "plan",
    "status",
    "since",
    "until",
    "created",
    "deleted",
)


def show_members(options: argparse.Namespace) -> int:
    """Print a segment's members, today's or those of a past day."""
    context = open_context(options.account)
    key, at = options.key, options.on
    check_key(context, key, past=at is not None)
    if at is None:
        at = 2**62
        ids = whole(context.store, Selection(context.connection, key), Order(descending=False))
    else:
        check_moment(context, at)
        ids = members_on(context.store, context.connection, key, at)
    with writing(options.output) as out:
        lines = counted(_members(context, key, ids, at), len(ids), options.output)
        if form := chosen_form(options.output, as_json=options.json, as_csv=options.csv):
            write(out, COLUMNS, lines, form, exact=options.exact)
            return DONE
        for line in lines:
            out.write(_member_words(line) + "\n")
    return DONE


def _members(context: Context, key: str, ids: Ids, at: int) -> Iterator[Line]:
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        had = places_on(context.store, context.connection, key, some, at)
        for row in rows(context.store, context.connection, some, key):
            since, until = had.get(row.id, (row.since, None))
            values = {**row.line, "since": since, "until": until}
            yield {column: values[column] for column in COLUMNS}


def _member_words(line: Line) -> str:
    ends = "" if line["until"] is None else f" until {when(line['until'])}"
    return (
        f"{plain(line['stripe_id']):<20} {plain(line['name'], 28):<28}"
        f" {plain(line['email'], 32):<32} {plain(line['status'], 18):<18}"
        f" {plain(line['plan'], 40):<24} since {when(line['since'])}{ends}"
    )
