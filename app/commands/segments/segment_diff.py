"""``panelist segments diff``: compares two segments, or shows what changed in one since a day.

Any number of participants needs constant memory, as in
:mod:`app.commands.segments.segment_members`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from app.commands.segments.segment_checks import check_moment, find_key
from app.commands.shared.columns import Column, ColumnWriter
from app.commands.shared.context import open_context
from app.commands.shared.exit_codes import DONE
from app.commands.shared.progress import counted
from app.panel.export.json_values import write_report
from app.panel.export.writer import Line, json_form, writing
from app.panel.lists.order import Ids
from app.panel.lists.rows import PersonRow, rows
from app.panel.lists.selection import Selection
from app.panel.segments.overlap import overlap
from app.panel.segments.timeline import Move, changes, joined, left
from app.text import plain, when

CHUNK = 500


COLUMNS = (
    Column("", 1),
    Column("Stripe ID", 20, whole=True, style="dim"),
    Column("Name", 28, style="bold"),
    Column("Email", 32),
)
MOVES = (*COLUMNS, Column("When and why", 60))


def show_overlap(options: argparse.Namespace) -> int:
    """Compare two segments."""
    context = open_context(options.account)
    here = context.connection
    first, second = find_key(context, options.key), find_key(context, options.other)
    found = overlap(context.store, Selection(here, first), Selection(here, second))
    summary = {
        "type": "summary",
        "first": first,
        "second": second,
        "both": len(found.both),
        "only_first": len(found.only_first),
        "only_second": len(found.only_second),
    }
    words = (
        f"{len(found.both):,} in both, {len(found.only_first):,} only in {plain(first)},"
        f" {len(found.only_second):,} only in {plain(second)}"
    )
    parts = (("only_first", found.only_first, "<"), ("only_second", found.only_second, ">"))

    def lines() -> Iterator[Line]:
        for kind, ids, sign in parts:
            for some in _chunks(ids, options.output):
                for row in rows(context.store, here, some):
                    yield {"type": kind, "sign": sign, **_named(row)}

    _write(options, summary, words, lines(), COLUMNS)
    return DONE


def show_changes(options: argparse.Namespace) -> int:
    """Show who joined and who left since a day."""
    context = open_context(options.account)
    key = find_key(context, options.key, past=True)
    check_moment(context, options.since)
    here = context.connection
    found = changes(context.store, here, key, options.since)
    summary = {
        "type": "summary",
        "segment": key,
        "since": options.since,
        "joined": len(found.joined),
        "left": len(found.left),
        "stayed": len(found.stayed),
    }
    words = (
        f"{len(found.joined):,} joined, {len(found.left):,} left, {len(found.stayed):,} stayed"
        f" in {plain(key)} since {when(options.since)}"
    )
    parts = (("joined", found.joined, "+", joined), ("left", found.left, "-", left))

    def lines() -> Iterator[Line]:
        for kind, ids, sign, told in parts:
            for some in _chunks(ids, options.output):
                moves = {move.id: move for move in told(context.store, here, key, some)}
                for row in rows(context.store, here, some):
                    move = moves.get(row.id)
                    line = {"type": kind, "sign": sign, **_named(row), **_why(move)}
                    yield {**line, "why": _why_words(move)}

    _write(options, summary, words, lines(), MOVES)
    return DONE


def _write(
    options: argparse.Namespace,
    summary: Line,
    words: str,
    lines: Iterator[Line],
    columns: Sequence[Column],
) -> None:
    """Write the summary and a line for each participant. ``sign`` and ``why`` are for a person."""
    with writing(options.output, replace=options.replace) as out:
        if form := json_form(options.output, options.json):
            for_programs = (_without(line, ("sign", "why")) for line in lines)
            write_report(out, summary, "participants", for_programs, form)
            return
        out.write(f"{words}\n")
        writer = ColumnWriter(out, columns)
        names = ("sign", "stripe_id", "name", "email", "why")[: len(columns)]
        for line in lines:
            writer.line(*(line[name] for name in names))


def _without(line: Line, names: Sequence[str]) -> Line:
    return {name: value for name, value in line.items() if name not in names}


def _named(row: PersonRow) -> Line:
    return {"stripe_id": row.stripe_id, "email": row.email, "name": row.name}


def _why(move: Move | None) -> Line:
    """A move as a program reads it, or null if a sync found it."""
    by = move.by if move else None
    return {
        "at": move.at if move else None,
        "event": by.event if by else None,
        "event_type": by.type if by else None,
    }


def _why_words(move: Move | None) -> str:
    if move is None:
        return ""
    by = plain(f"{move.by.type} {move.by.event}") if move.by.event else "first seen in a sync"
    return f"{when(move.at)} ({by})"


def _chunks(ids: Ids, output: str | None) -> Iterator[Ids]:
    """A few hundred ids at a time, with progress."""
    for start in counted(iter(range(0, len(ids), CHUNK)), len(ids), output, CHUNK):
        yield ids[start : start + CHUNK]
