"""``panelist segments show``: who is in a segment, or was on a day.

Any number of participants needs nearly constant memory: eight bytes for each row id, and the
details of a few hundred at a time.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from app.commands.segments.segment_checks import check_moment, find_key
from app.commands.shared.columns import STATES, Column, ColumnWriter
from app.commands.shared.context import Context, open_context
from app.commands.shared.exit_codes import DONE
from app.commands.shared.progress import counted
from app.panel.export.writer import Line, chosen_form, write, writing
from app.panel.lists.order import Ids, Order, whole
from app.panel.lists.rows import rows
from app.panel.lists.selection import Selection
from app.panel.segments.timeline import members_on, places_on
from app.text import when

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


SHOWN_NAMES = ("stripe_id", "name", "email", "status", "plan")
SHOWN = (
    Column("Stripe ID", 20, whole=True, style="dim"),
    Column("Name", 28, style="bold"),
    Column("Email", 32),
    Column("Status", 18, styles=STATES),
    Column("Plan", 24),
    Column("Member", 40),
)


def show_members(options: argparse.Namespace) -> int:
    """Print a segment's members, today's or those of a past day."""
    context = open_context(options.account)
    at = options.on
    key = find_key(context, options.key, past=at is not None)
    if at is None:
        at = 2**62
        ids = whole(context.store, Selection(context.connection, key), Order(descending=False))
    else:
        check_moment(context, at)
        ids = members_on(context.store, context.connection, key, at)
    with writing(options.output, replace=options.replace) as out:
        lines = counted(_members(context, key, ids, at), len(ids), options.output)
        if form := chosen_form(options.output, as_json=options.json, as_csv=options.csv):
            write(out, COLUMNS, lines, form, exact=options.exact)
            return DONE
        writer = ColumnWriter(out, SHOWN)
        for line in lines:
            ends = "" if line["until"] is None else f" until {when(line['until'])}"
            since = f"since {when(line['since'])}{ends}"
            writer.line(*(line[name] for name in SHOWN_NAMES), since)
    return DONE


def _members(context: Context, key: str, ids: Ids, at: int) -> Iterator[Line]:
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        had = places_on(context.store, context.connection, key, some, at)
        for row in rows(context.store, context.connection, some, key):
            since, until = had.get(row.id, (row.since, None))
            values = {**row.line, "since": since, "until": until}
            yield {column: values[column] for column in COLUMNS}
